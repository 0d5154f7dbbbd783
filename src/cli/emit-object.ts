import { stat } from 'node:fs/promises'
import { compileToObject, type ObjectKind } from '../pipeline/objects.ts'
import { parseRequest, type RequestOptions } from '../request/index.ts'
import type { Invocation, Outcome } from './command.ts'
import type { BuildInvocation } from './model-build.ts'
import { readingFor } from './reading.ts'
import { bytesText } from './style.ts'

/** Writes a model for a linker, and its header. */
export async function emitObject(
  kind: ObjectKind,
  id: string,
  outDir: string,
  options: RequestOptions,
  invocation: BuildInvocation & Pick<Invocation, 'usage'>,
): Promise<Outcome> {
  const { values, progress, warn, signal } = invocation
  const request = parseRequest(id, options)
  progress(`compiling ${request.path}`)
  const reading = await readingFor(invocation, request)
  const { path, header, name, target, signature, arenaBytes, notes } = await compileToObject(request, kind, {
    outDir,
    name: values['name'],
    cache: values['cache'],
    reading,
    signal,
    warn,
  })
  for (const note of notes) warn(note)
  const { size: bytes } = await stat(path)
  return {
    ok: true,
    text: `${path}: ${bytesText(bytes)}, ${target.name}, ${bytesText(arenaBytes)} of working memory\n${header}: its header; link with -lm`,
    json: { path, header, name, target: target.name, compiler: 'builtin', signature, bytes, arenaBytes, notes },
  }
}

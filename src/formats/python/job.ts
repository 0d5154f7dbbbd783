import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makePrivateFolder } from '../../cache/folder.ts'
import { nearestProject } from '../../cache/nearest-package.ts'
import { runProcess } from '../../process/spawn.ts'
import type { InputShape } from '../../request/inputs.ts'
import { environmentOf, type Python, script } from './find.ts'
import type { Kind } from './options.ts'

/** What `convert.py` is to do; its docstring says more. */
export interface Job {
  readonly kind: Kind
  /** Absolute. */
  readonly file: string
  /** Empty but for `module`. */
  readonly export: string
  /** Empty but for `savedmodel`, and there for the usual one. */
  readonly signature: string
  readonly inputs: readonly InputShape[]
  readonly sizes: Readonly<Record<string, number>>
  readonly outputs: readonly string[]
}

/** Why `convert.py` gave up. */
export interface Failure {
  readonly ok: false
  readonly code: string
  readonly message: string
  /** Of `NEED_INPUTS`: what `forward` takes, and what of it has no default. */
  readonly arguments?: readonly { readonly name: string; readonly type: string }[]
  readonly missing?: readonly string[]
  /** What was read until then: a change of it may be the remedy. */
  readonly files?: readonly string[]
  /** Of `NO_EXPORT`: what there is. */
  readonly names?: readonly string[]
}

export interface Converted {
  readonly ok: true
  readonly warnings: readonly string[]
  /** Absolute paths of what was read beside libraries. */
  readonly files: readonly string[]
  /** The ONNX file, in a folder that is to be removed. */
  readonly onnx: string
  readonly folder: string
}

/** Ten minutes: large models take one, and what hangs is to end. */
const TIMEOUT_MS = 600_000

/**
 * Runs a job. One that fails leaves its file behind for a day, so that it can be run again by hand.
 *
 * @returns also the command that does so
 * @throws the signal's reason when aborted
 */
export async function runJob(
  python: Python,
  job: Job,
  signal?: AbortSignal,
): Promise<{ readonly result: Converted | Failure; readonly command: string }> {
  const folder = await makePrivateFolder()
  const at = (name: string): string => join(folder, name)
  const [onnx, written, path] = [at('model.onnx'), at('result.json'), at('job.json')]
  const root = nearestProject(dirname(job.file))
  await writeFile(path, JSON.stringify({ ...job, root, onnx, result: written }, null, 2))
  const command = [python.path, script, path]
    .map((word) => (/^[\w/\\.:@+-]+$/.test(word) ? word : `"${word}"`))
    .join(' ')
  try {
    const ended = await runProcess(python.path, [script, path], {
      cwd: dirname(job.file),
      env: environmentOf(process.env),
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: 1 << 20,
      ...(signal && { signal }),
    })
    signal?.throwIfAborted()
    const text = await readFile(written, 'utf8').catch(() => undefined)
    if (ended.stopped === undefined && text !== undefined) {
      const result = JSON.parse(text) as Pick<Converted, 'ok' | 'warnings' | 'files'> | Failure
      return { result: result.ok ? { ...result, onnx, folder } : result, command }
    }
    const last = ended.stderr.trim().split('\n').at(-1)
    const how = ended.exitSignal ? `it was ended by ${ended.exitSignal}` : `it ended with ${ended.exitCode}`
    const message = ended.stopped === 'timeout' ? `it took longer than ${TIMEOUT_MS / 60_000} minutes` : last || how
    return { result: { ok: false, code: 'EXPORT', message }, command }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

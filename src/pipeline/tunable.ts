import { basename } from 'node:path'
import type { Compiler } from '../compilers/compiler.ts'
import { parseRequest, type Request } from '../request/index.ts'
import { canRun, resolveTarget } from '../targets/index.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * The request, without tuning where a model is not tuned, and why it is not: then it is the same artifact as for those who
 * never asked.
 */
export function tunableRequest(
  request: Request,
  compiler: Compiler['name'],
  surroundings: Pick<Surroundings, 'mode' | 'tunes'>,
): { readonly request: Request; readonly note?: string } {
  const { path, directives } = request
  if (directives.tune === false) return { request }
  const obstacle = obstacleOf(request, compiler, surroundings)
  if (obstacle === undefined) return { request }
  const note = `${basename(path)} is not tuned: ${obstacle}`
  return { request: parseRequest(path, { ...directives, tune: false }), note }
}

function obstacleOf(
  { directives }: Request,
  compiler: Compiler['name'],
  { mode, tunes = mode === 'build' }: Pick<Surroundings, 'mode' | 'tunes'>,
): string | undefined {
  const target = resolveTarget(directives.target)
  if (compiler !== 'builtin') return `tuning is for the built-in compiler, and ${compiler} compiles this`
  if (target.arch === 'wasm32') return 'WebAssembly runs on machines and engines that nobody has measured here'
  if (!canRun(target)) return `code for ${target.name} can't run here; build on such a machine`
  if (target.levels) return `code for ${target.name} is for several kinds of machines; tune for one, like x86-64-v3`
  if (directives.O === 0) return 'O=0 asks for a fast build and not for a fast model'
  if (directives.untrusted) return 'it is untrusted, and what is not trusted is not run while building'
  if (!tunes) return 'that is left to builds, as development is not to wait for it'
  return undefined
}

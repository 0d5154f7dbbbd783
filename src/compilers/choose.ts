import type { Store } from '../cache/index.ts'
import { OnnxMlirError, UsageError } from '../errors/index.ts'
import { missingOnnxMlir } from '../onnx-mlir/find.ts'
import type { Request } from '../request/index.ts'
import { resolveTarget } from '../targets/index.ts'
import { builtinCompiler } from './builtin.ts'
import type { Compiler } from './compiler.ts'
import { expectHardened } from './hardening.ts'
import { lookForOnnxMlir, type OnnxMlirSettings } from './look-for-onnx-mlir.ts'

/** A compiler that may be tried, found out when its turn comes. */
export interface Choice {
  readonly name: Compiler['name']
  compiler(): Promise<Compiler>
}

/**
 * The compilers to try for a request, the preferred one first.
 *
 * `auto`: onnx-mlir where there is one that can make the target, then the built-in. A pinned compiler is the only one.
 *
 * @throws EnvironmentError when onnx-mlir is pinned and there is none, or it can't make the target
 * @throws UsageError when it is pinned for what only the built-in can do
 */
export async function chooseCompilers(
  request: Request,
  settings: OnnxMlirSettings,
  store: Store,
  warn: (line: string) => void,
): Promise<readonly [Choice, ...Choice[]]> {
  const builtin: Choice = { name: 'builtin', compiler: () => builtinCompiler(request, store.folder) }
  expectHardened(request, warn)
  const wanted = request.directives.compiler
  if (wanted === 'builtin' || request.directives.untrusted) return [builtin]
  expectStorable(request)
  const target = resolveTarget(request.directives.target)

  const found = await lookForOnnxMlir(settings, store).catch((error: unknown) => {
    if (wanted === 'onnx-mlir' || !(error instanceof OnnxMlirError)) throw error
    warn(`onnx-mlir can't be used: ${error.message}`)
    return undefined
  })
  const problem = found && (await onnxMlirRoom()).obstacle(found, target)
  if (found && !problem && request.directives.weights !== 'f32') {
    warn(
      `${request.path} is compiled by the builtin compiler, as onnx-mlir has no weights=${request.directives.weights}`,
    )
    return [builtin]
  }
  if (found && !problem) {
    const onnxMlir: Choice = {
      name: 'onnx-mlir',
      compiler: async () => (await onnxMlirRoom()).onnxMlirCompiler(request, found, settings, store),
    }
    return wanted === 'onnx-mlir' ? [onnxMlir] : [onnxMlir, builtin]
  }
  if (wanted === 'onnx-mlir') {
    throw missingOnnxMlir(target.name, problem)
  }
  if (target.name === 'z16' || target.name === 'z17') {
    warn(
      `${request.path} is compiled for ${target.name} without NNPA acceleration: ${problem ?? 'no onnx-mlir was found'}`,
    )
  }
  return [builtin]
}

/** Machines without an onnx-mlir do without it. */
const onnxMlirRoom = () => import('./onnx-mlir.ts')

/** @throws UsageError `USAGE_WEIGHTS` where onnx-mlir is asked for: it stores weights as the model has them */
export function expectStorable({ path, directives: { compiler, weights } }: Request): void {
  if (compiler !== 'onnx-mlir' || weights === 'f32') return
  const message = `${path}: onnx-mlir stores weights as the model has them. Use compiler=builtin for weights=${weights}, or leave weights out.`
  throw new UsageError('USAGE_WEIGHTS', message, { model: path, weights })
}

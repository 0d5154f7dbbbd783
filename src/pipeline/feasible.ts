import { basename } from 'node:path'
import { prebuiltAddon } from '../builtin/prebuilt-addon.ts'
import type { Store } from '../cache/index.ts'
import { lookForOnnxMlir, type OnnxMlirSettings } from '../compilers/look-for-onnx-mlir.ts'
import { EnvironmentError } from '../errors/index.ts'
import { parseRequest, type Request } from '../request/index.ts'
import { canRun, resolveTarget, type Target } from '../targets/index.ts'
import { findCc, findCxx } from '../toolchains/find.ts'

export interface FeasibleContext {
  readonly store: Store
  readonly onnxMlir: OnnxMlirSettings
  /** Is told why it became WebAssembly. */
  log(line: string): void
}

/**
 * The request itself; or the same as WebAssembly, where it is for this machine, nobody insists on a compiler, and there is
 * none for native code: that needs one for the model (C; onnx-mlir brings its own) and one for the addon (C++).
 *
 * @throws EnvironmentError `ENVIRONMENT_NO_COMPILER` where nothing compiles to WebAssembly either, with all ways to get one
 */
export async function feasibleRequest(request: Request, context: FeasibleContext): Promise<Request> {
  const { target: name, compiler } = request.directives
  const target = resolveTarget(name)
  if (compiler !== 'auto' || target.arch === 'wasm32' || !canRun(target)) return request
  const missing = await missingCompiler(target, context)
  if (missing === undefined) return request
  const { findWasm, npmClang, wasmAdvice } = await import('../toolchains/wasm-find.ts')
  await findWasm({ memoFolder: context.store.folder }).catch((error: unknown) => {
    if (!(error instanceof EnvironmentError)) throw error
    const message = `${missing.message}\nOr do without, and run models as WebAssembly:\n  ${wasmAdvice()}`
    throw new EnvironmentError(missing.code, message, { ...missing.data, otherwise: npmClang })
  })
  const language = missing.data['language'] === 'C++' ? 'C++' : 'C'
  context.log(
    `no ${language} compiler: ${basename(request.path)} is compiled to WebAssembly; install g++ for native speed`,
  )
  return parseRequest(request.path, { ...request.directives, target: 'wasm' })
}

/** The error that says which compiler is not there; one that the user named (CC, CXX) and that doesn't work stays an error. */
async function missingCompiler(
  target: Target,
  { store, onnxMlir }: FeasibleContext,
): Promise<EnvironmentError | undefined> {
  const options = { target, ...(store.folder !== undefined && { memoFolder: store.folder }) }
  const cc = await absence(findCc(options))
  const cxx = prebuiltAddon() !== undefined ? undefined : await absence(findCxx(options))
  // A C++ compiler brings a C compiler along, so where both are missing one line of advice is enough.
  if (cxx !== undefined) return cxx
  if (cc === undefined) return undefined
  const found = await lookForOnnxMlir(onnxMlir, store).catch(() => undefined)
  return found === undefined ? cc : undefined
}

async function absence(finding: Promise<unknown>): Promise<EnvironmentError | undefined> {
  try {
    await finding
    return undefined
  } catch (error) {
    const isAbsent = error instanceof EnvironmentError && error.code === 'ENVIRONMENT_NO_COMPILER'
    if (!isAbsent || error.data['variable'] !== undefined) throw error
    return error
  }
}

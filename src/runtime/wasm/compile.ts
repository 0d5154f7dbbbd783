import { ModelLoadError } from '../errors.ts'
import type { NamedModel } from '../signature.ts'
import { type WasmModule, wasmApi } from './api.ts'
import { hasSimd } from './features.ts'
import { openSession, type SessionParts, type WasmSession } from './session.ts'
import type { Threads } from './threaded.ts'

/** @throws ModelLoadError that says what the engine lacks, or forbids */
export async function compileModule(bytes: Uint8Array, model: string): Promise<WasmModule> {
  try {
    return await wasmApi()!.compile(bytes)
  } catch (error) {
    throw notCompiled(error, model)
  }
}

/** The same at once. */
export function compileModuleNow(bytes: Uint8Array, model: string): WasmModule {
  try {
    return new (wasmApi()!.Module)(bytes)
  } catch (error) {
    throw notCompiled(error, model)
  }
}

function notCompiled(error: unknown, model: string): ModelLoadError {
  const { message } = error as Error
  const [code, why] = !hasSimd()
    ? ['MACHINE', 'there is no WebAssembly with SIMD here, which browsers since Safari 16.4 have']
    : /CSP|Content Security|unsafe-eval/.test(message)
      ? ['CSP', `the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src`]
      : /disallowed by embedder/.test(message)
        ? ['CSP', 'this host compiles no WebAssembly while a program runs: build with files=module']
        : ['FORMAT', `its module can't be compiled: ${message}`]
  return new ModelLoadError(`LOAD_${code}`, `${model}: ${why}`, { cause: error })
}

/** Whether the engine has no use for what was well read: a module for engines that can more. */
export const isRefused = (error: unknown): boolean => (error as { code?: unknown }).code === 'LOAD_FORMAT'

/** @throws ModelLoadError, ModelRunError where memory is short */
export async function newSession(
  module: WasmModule,
  model: NamedModel,
  parts: SessionParts,
  weights?: Uint8Array,
  threads?: Threads,
): Promise<WasmSession> {
  try {
    const shared = threads?.prepare(module)
    const instance = await wasmApi()!.instantiate(module, shared?.imports)
    return (shared?.open ?? openSession)(instance, model, parts, weights)
  } catch (error) {
    throw notInstantiated(error, model.name, weights)
  }
}

/** As {@link newSession}, on this thread at once; browsers do that for small modules only. */
export function newSessionNow(
  module: WasmModule,
  model: NamedModel,
  parts: SessionParts,
  weights?: Uint8Array,
  threads?: Threads,
): WasmSession {
  try {
    const shared = threads?.prepare(module)
    const instance = new (wasmApi()!.Instance)(module, shared?.imports)
    return (shared?.open ?? openSession)(instance, model, parts, weights)
  } catch (error) {
    throw notInstantiated(error, model.name, weights)
  }
}

function notInstantiated(error: unknown, model: string, weights: Uint8Array | undefined): unknown {
  if ((error as { code?: unknown }).code) return error
  const need = weights === undefined ? '' : ` for ${weights.length} bytes of weights and what it computes`
  const why = error instanceof RangeError ? `there is no memory${need}` : `its module can't be started`
  return new ModelLoadError(
    error instanceof RangeError ? 'LOAD_MEMORY' : 'LOAD_OPEN',
    `${model}: ${why}: ${(error as Error).message}`,
    { cause: error },
  )
}

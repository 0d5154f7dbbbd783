import { ModelLoadError } from '../errors.ts'
import type { NamedModel } from '../signature.ts'
import { type WasmModule, wasmApi } from './api.ts'
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
  const [code, why] = /CSP|Content Security|unsafe-eval/.test(message)
    ? ['CSP', `the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src`]
    : /disallowed by embedder/.test(message)
      ? ['CSP', 'this host compiles no WebAssembly while a program runs: build with files=module']
      : [
          'MACHINE',
          `its module can't be compiled here: ${message}; it takes SIMD, which browsers since Safari 16.4 have`,
        ]
  return new ModelLoadError(`LOAD_${code}`, `${model}: ${why}`, { cause: error })
}

/** Whether the engine has no use for what was well read: a module for engines that can more. */
export const isRefused = (error: unknown): boolean => (error as { code?: unknown }).code === 'LOAD_MACHINE'

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
    throw notStarted(error, model, weights)
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
    throw notStarted(error, model, weights)
  }
}

function notStarted(error: unknown, { name }: NamedModel, weights: Uint8Array | undefined): unknown {
  const { code, message } = error as { code?: unknown; message: string }
  if (code) return error
  const need = weights ? ` for ${weights.length} bytes of weights and what it computes` : ''
  const [kind, why] =
    error instanceof RangeError ? ['MEMORY', `there is no memory${need}`] : ['OPEN', "its module can't be started"]
  return new ModelLoadError(`LOAD_${kind}`, `${name}: ${why}: ${message}`, { cause: error })
}

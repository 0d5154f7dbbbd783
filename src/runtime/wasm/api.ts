/**
 * What the runtime uses of the platform, in types of its own: a project that names neither `dom` nor Node's types in its
 * `lib` can read the declarations all the same.
 */

/** A `WebAssembly.Module`. */
export type WasmModule = object

/** What a module of ours exports (native/wasm/om_wasm.h). Addresses are 32 bits wide and arrive signed. */
export interface WasmExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  om_alloc(bytes: number): number
  om_free(address: number): void
  om_arena_bytes(): number
  om_call(arena: number, inputs: number, outputs: number, message: number): number
  om_prepare?(): void
  /** Of a model with random operators that have no seed: a module has no clock to take one from. */
  om_set_seed?(low: number, high: number): void
  /** Where the weights go that are in a file beside the module. */
  readonly om_weights?: { readonly value: number }
}

interface WasmApi {
  readonly Module: new (bytes: ArrayBufferView | ArrayBuffer) => WasmModule
  readonly Instance: new (module: WasmModule) => { readonly exports: unknown }
  compile(bytes: ArrayBufferView | ArrayBuffer): Promise<WasmModule>
  /** Not everywhere. */
  compileStreaming?(response: unknown): Promise<WasmModule>
  instantiate(module: WasmModule): Promise<{ readonly exports: unknown }>
  validate(bytes: ArrayBufferView): boolean
}

/** Absent where a browser's settings switch it off. */
export const wasmApi = (): WasmApi | undefined => (globalThis as { WebAssembly?: WasmApi }).WebAssembly

/**
 * What the runtime uses of the platform, in types of its own: a project that names neither `dom` nor Node's types in its
 * `lib` can read the declarations all the same.
 */

/** A `WebAssembly.Module`. */
export type WasmModule = object

/** A `WebAssembly.Memory`. */
export interface WasmMemoryObject {
  readonly buffer: ArrayBuffer
}

/** A `WebAssembly.Instance`. */
export interface Instance {
  readonly exports: unknown
}

/** What a module of ours exports (native/wasm/om_wasm.h). Addresses are 32 bits wide and arrive signed. */
export interface WasmExports {
  readonly memory: WasmMemoryObject
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
  readonly Module: (new (bytes: ArrayBufferView | ArrayBuffer) => WasmModule) & {
    customSections(module: WasmModule, name: string): readonly ArrayBuffer[]
  }
  readonly Memory: new (size: {
    readonly initial: number
    readonly maximum: number
    readonly shared: boolean
  }) => WasmMemoryObject
  readonly Instance: new (module: WasmModule, imports?: object) => Instance
  compile(bytes: ArrayBufferView | ArrayBuffer): Promise<WasmModule>
  /** Not everywhere. */
  compileStreaming?(response: unknown): Promise<WasmModule>
  instantiate(module: WasmModule, imports?: object): Promise<Instance>
  validate(bytes: ArrayBufferView): boolean
}

/** Absent where a browser's settings switch it off. */
export const wasmApi = (): WasmApi | undefined => (globalThis as { WebAssembly?: WasmApi }).WebAssembly

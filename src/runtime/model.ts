/// <reference lib="esnext.disposable" preserve="true" />
import type { Metadata } from './metadata.ts'
import type { Profile } from './profile.ts'
import type { Signature, SignatureEntry, TensorEntry } from './signature.ts'
import type { Steadiness } from './steadiness.ts'
import type { DimsOf, Tensor } from './tensor.ts'

/** What a machine must have to run a library; looked at before any of its code runs. */
export interface Requirements {
  /** In the words of `process.arch`. */
  readonly arch: string
  /** In the words of `process.platform`. Absent: Linux. */
  readonly platform?: 'win32' | 'darwin'
  /** The target whose processor it needs at least, e.g. `x86-64-v3`. */
  readonly cpu: string
  /** IBM's accelerator of z16 and z17, where the code uses it. */
  readonly accelerator?: 'NNPA'
}

/** What a generated module knows about its model at build time: plain data. */
export interface ModelFacts {
  /** How the user knows the model, e.g. `fraud.onnx`; error messages begin with it. */
  readonly name: string
  readonly signature: Signature
  /** Canonical target name of the library that runs here, e.g. `x86-64-v3`. */
  readonly target: string
  readonly compiler: { readonly name: string; readonly version: string }
  readonly report?: unknown
  /** Absent where the file says nothing. */
  readonly metadata?: Metadata
  /** Absent where nobody knows: then only the library's file format is looked at. */
  readonly requires?: Requirements
  /** Of its native files as they were built, hex: files with other contents are not loaded. */
  readonly sha256?: { readonly library: string; readonly constants?: string; readonly variants?: readonly string[] }
  /** Their sizes, for progress, and for a look at what a server gave where hashes can't be computed. */
  readonly bytes?: { readonly library: number; readonly constants?: number; readonly variants?: readonly number[] }
  /** Compiled with `?profile=onnx`: the library measures its nodes. */
  readonly profiled?: boolean
  /** Absent where nobody can look at what the time of a run depends on. */
  readonly steadiness?: Steadiness
}

/** News of a load: bytes of all files of the model together. */
export interface LoadProgress {
  readonly loaded: number
  /** `undefined` while the server has not told. */
  readonly total: number | undefined
  /** The one that the news is of. */
  readonly file: 'module' | 'weights'
}

/** An `AbortSignal`, of any realm. */
export interface LoadSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface LoadOptions {
  /** Called as bytes arrive; never where files are on disk. */
  readonly onProgress?: (progress: LoadProgress) => void
  /** Ends the wait for the load, and the load with the last wait. A later load begins anew. */
  readonly signal?: LoadSignal
}

/** Entries of a signature that are tensors as an object of tensors by name. */
export type TensorsOf<Entries extends readonly SignatureEntry[]> = {
  readonly [Entry in Extract<Entries[number], TensorEntry> as Entry['name']]: Tensor<
    Entry['type'],
    DimsOf<Entry['shape']>
  >
}

/** Everything of a model but `run` and `runSync`, whose types a generated declaration may state with type parameters. */
export interface ModelBase<Facts extends ModelFacts = ModelFacts> {
  readonly name: Facts['name']
  readonly inputs: Facts['signature']['inputs']
  readonly outputs: Facts['signature']['outputs']
  readonly target: Facts['target']
  readonly compiler: Facts['compiler']
  readonly report: Facts['report']
  /** What the model's file says of itself, e.g. `labels`; `{}` where that is nothing. */
  readonly metadata: NonNullable<Facts['metadata']>

  /**
   * Loads the code now instead of at the first run. Rejects with the reason when it can't run here, or with the signal's.
   * In a browser `runSync` and `bind` need it; there it fetches the files, of many calls once.
   */
  load(options?: LoadOptions): Promise<void>

  /**
   * Fixed buffers for a model whose shapes are all static: write `inputs.x.data`, call `run()`, read `outputs.y.data`.
   * Nothing is checked, copied or allocated per call. Throws a `TypeError` for models with a dynamic shape, strings, or
   * anything but tensors.
   */
  bind(): BoundModel<Facts['signature']>

  /**
   * Runs a model compiled with `?profile=onnx` and tells the time of each of its nodes.
   *
   * @param runs how often it runs; default 10
   * @throws TypeError for a model that was compiled without
   */
  profile(inputs: Readonly<Record<string, unknown>>, runs?: number): Profile

  /** Frees the native memory of this model; runs that have begun still finish. Later runs throw. */
  dispose(): void
  [Symbol.dispose](): void
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A compiled model. A generated declaration states `Inputs` and `Outputs`; where dimensions are symbolic it extends
 * {@link ModelBase} and declares `run` and `runSync` with one type parameter per symbol instead:
 *
 * ```ts
 * export interface Fraud extends ModelBase<FraudFacts> {
 *   run<Batch extends number>(inputs: {
 *     readonly x: TensorInput<'float32', readonly [Batch, 3]>
 *     readonly y: TensorInput<'float32', readonly [NoInfer<Batch>]>
 *   }): Promise<{ readonly z: Tensor<'float32', readonly [Batch]> }>
 * }
 * ```
 */
export interface Model<
  Inputs = Readonly<Record<string, unknown>>,
  Outputs = Readonly<Record<string, Tensor>>,
  Facts extends ModelFacts = ModelFacts,
> extends ModelBase<Facts> {
  /**
   * Runs on another thread, unless the way there is longer than the run, and never blocks the event loop. Inputs are copied
   * before it returns.
   */
  run(inputs: Inputs): Promise<Outputs>
  /** The same, on this thread: for small models, whose arithmetic is shorter than a thread switch (some 20 µs). */
  runSync(inputs: Inputs): Outputs
}

/** The buffers of {@link ModelBase.bind}. */
export interface BoundModel<S extends Signature = Signature> {
  readonly inputs: TensorsOf<S['inputs']>
  readonly outputs: TensorsOf<S['outputs']>
  run(): void
  /** Frees their memory, which `dispose` of the model does, too. Later runs throw. */
  dispose(): void
  [Symbol.dispose](): void
}

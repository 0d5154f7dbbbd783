import type { Choices } from '../lowering/choices.ts'
import type { Metadata } from '../runtime/metadata.ts'
import type { Signature } from '../runtime/signature.ts'
import type { Steadiness } from '../runtime/steadiness.ts'
import type { EngineFeature } from '../runtime/wasm/features.ts'

export type { EngineFeature } from '../runtime/wasm/features.ts'
export type { Signature, SignatureDim, SignatureEntry } from '../runtime/signature.ts'

/** What a compiler made: all that is needed to emit, type and report a model. Plain data, stored in the cache as JSON. */
export interface Artifact {
  /** Absolute path of the library in the cache; immutable, content-addressed. */
  readonly library: string
  /** sha256 of the library, hex. */
  readonly sha256: string
  readonly bytes: number
  /** onnx-mlir's large constants: a file that must stand under exactly this name beside the library. */
  readonly constants?: { readonly path: string; readonly name: string; readonly sha256: string }
  /** The same model for engines that can more than `library` asks for, best first. The constants are those of all of them. */
  readonly variants?: readonly ArtifactVariant[]
  readonly signature: Signature
  /** What the model's file says of itself; absent where that is nothing. */
  readonly metadata?: Metadata
  /** Canonical target name, e.g. `x86-64-v3`. */
  readonly target: string
  /** Target whose processor the code needs, where that isn't `target`. */
  readonly cpu?: string
  /** What the code needs beside a processor. */
  readonly accelerator?: 'NNPA'
  readonly compiler: CompilerIdentity
  /** Floating-point operations of one run, where the compiler knows. */
  readonly flops?: number
  /** What the time of a run depends on beside the sizes of the inputs, where that can be looked at before it. */
  readonly steadiness?: Steadiness
  /** What tuning found, where it was asked for. */
  readonly tuned?: Tuned
  /** Wall-clock seconds that the compilation took when it was made. */
  readonly seconds: number
  /** Lines worth a build log, e.g. why another compiler took over. */
  readonly notes: readonly string[]
}

/** What tuning tried on the machine that built, and what it kept. */
export interface Tuned {
  /** The variants that the library is made of, joined by ` + `; `default` where the compiler's rules were not beaten. */
  readonly winner: string
  /** The same as what is passed to the compiler. */
  readonly choices: Choices
  /** How many times as fast as by the rules. */
  readonly ratio: number
  /** Each against the best before it: how many times as fast, or `null` and why it was not timed. */
  readonly tried: readonly { readonly name: string; readonly ratio: number | null; readonly problem?: string }[]
  /** What it took, compiling included. */
  readonly seconds: number
  /** Why nothing was tried, where that is so. */
  readonly problem?: string
}

/** A WebAssembly module for engines that have all of some features. */
export interface ArtifactVariant {
  readonly needs: readonly EngineFeature[]
  /** As those of the artifact. */
  readonly library: string
  readonly sha256: string
  readonly bytes: number
}

export interface CompilerIdentity {
  readonly name: 'builtin' | 'onnx-mlir'
  /** Version text that goes into the cache key, e.g. `0.1.0 gcc 12.2.0`. */
  readonly version: string
}

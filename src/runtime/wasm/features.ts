import { wasmApi } from './api.ts'

/** What an engine may have beyond WebAssembly with SIMD. */
export type EngineFeature = 'relaxed-simd' | 'threads'

/** A module for engines that have certain features. */
export interface Needing {
  readonly needs: readonly EngineFeature[]
}

/** A function's code that leaves a vector of zeros. */
const zero = [65, 0, 253, 15]

/** Whether the engine takes a function of this code that returns a vector. */
function takes(code: readonly number[]): boolean | undefined {
  const { length } = code
  const types = [1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0]
  return wasmApi()?.validate(
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, ...types, 10, length + 4, 1, length + 2, 0, ...code, 11),
  )
}

const tests: Record<EngineFeature, () => unknown> = {
  // f32x4.relaxed_madd
  'relaxed-simd': () => takes([...zero, ...zero, ...zero, 253, 133, 2]),
  // Pages share memory only when they are isolated from other origins; Node has nothing of the kind.
  threads: () => Reflect.get(globalThis, 'crossOriginIsolated') ?? 'SharedArrayBuffer' in globalThis,
}

/** Index of the first one, which is the best, that runs on this engine; -1 where none does. */
export const bestOf = (variants: readonly Needing[]): number =>
  variants.findIndex(({ needs }) => needs.every((feature) => tests[feature]?.()))

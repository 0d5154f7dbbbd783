import { setFlagsFromString } from 'node:v8'
import { bestOf } from '../runtime/wasm/features.ts'

/** Has the engine of this process take relaxed SIMD: Node 20 has it behind a flag, which it obeys from then on. */
export function allowRelaxedSimd(): void {
  if (bestOf([{ needs: ['relaxed-simd'] }]) < 0) setFlagsFromString('--experimental-wasm-relaxed-simd')
}

import { square } from './convolution.ts'
import type { Trace } from './trace.ts'

export interface SqueezeOptions {
  /** Mean of each channel, `[batch, channels, 1, 1]`. */
  readonly mean: (x: string) => string
  readonly activation: (x: string) => string
  readonly gate: (x: string) => string
}

/** Squeeze-and-excitation (Hu et al. 2017): each channel times a gate that depends on the means of all. */
export function squeezeAndExcite(
  t: Trace,
  name: string,
  x: string,
  [channels, squeezed]: readonly [number, number],
  { mean, activation, gate }: SqueezeOptions,
): string {
  return t.within(name, () => {
    const narrow = activation(square(t, 'fc1', mean(x), [channels, squeezed], 1))
    // Gates that are all alike would be of no use.
    const wide = gate(square(t, 'fc2', narrow, [squeezed, channels], 1, { gain: 2 }))
    return t.op('Mul', [x, wide])
  })
}

import { linearOfRows } from './linear.ts'
import type { InputSet, MadeModel } from './made-model.ts'
import { normalised } from './random.ts'
import type { Trace } from './trace.ts'

/** The end of a classifier: the mean of each channel, and a Linear over them. */
export function classifier(t: Trace, name: string, x: string, channels: readonly [number, number]): string {
  const flat = t.op('Flatten', [t.op('GlobalAveragePool', [x])], { axis: 1n })
  return linearOfRows(t, name, flat, channels)
}

/** One picture, which is timed, and two. */
export function pictures(name: string, input: string, pixels: number, channels = 3): MadeModel['workloads'] {
  const set = (count: number): InputSet => ({
    [input]: normalised(`${name}/${count}`, [count, channels, pixels, pixels]),
  })
  return { '': [set(1), set(2)] }
}

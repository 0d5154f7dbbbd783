import { describe, expect, it } from 'vitest'
import { type AttributeSource, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { onnxruntime } from '../onnxruntime.ts'
import type { Result } from './harness.ts'
import { apart, type Sessions, sessionsOf, wave } from './sessions.ts'

// Convolutions whose height, width or batch only the run knows, against onnxruntime and against the same model with sizes in
// the file: whichever way the run chooses, and at every edge of its tiles.

const runtime = onnxruntime()

interface Layer {
  readonly channels: readonly [number, number]
  readonly attributes?: Readonly<Record<string, AttributeSource>>
  readonly next?: string
  readonly group?: number
  readonly kernel?: number
}

const layers: readonly Layer[] = [
  { channels: [8, 16], attributes: { pads: [1n, 1n, 1n, 1n] } },
  { channels: [19, 37], attributes: { pads: [0n, 1n, 2n, 1n] }, next: 'Relu' },
  { channels: [8, 16], attributes: { auto_pad: 'SAME_UPPER' }, next: 'Sigmoid' },
  { channels: [16, 16], attributes: { pads: [2n, 2n, 2n, 2n], dilations: [2n, 2n] } },
  { channels: [16, 16], attributes: { pads: [1n, 1n, 1n, 1n], strides: [2n, 2n] } },
  { channels: [16, 32], attributes: { pads: [1n, 1n, 1n, 1n] }, group: 2 },
  { channels: [12, 12], attributes: { pads: [1n, 1n, 1n, 1n] }, group: 12 },
  { channels: [16, 24], kernel: 1 },
  { channels: [260, 16], attributes: { pads: [1n, 1n, 1n, 1n] } },
]

function model(shape: readonly (number | undefined)[], { channels, attributes, next, group = 1, kernel = 3 }: Layer) {
  const [from, to] = channels
  const [n, h, w] = shape
  return {
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [n, from, h, w]) },
    outputs: { y: undefined },
    initializers: { w: wave([to, from / group, kernel, kernel], 0.37), b: wave([to], 0.71) },
    nodes: [
      { op: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['c'], attributes: { group: BigInt(group), ...attributes } },
      { op: next ?? 'Identity', inputs: ['c'], outputs: ['y'] },
    ],
  } satisfies ModelSource
}

/** [batch, height, width]: around one and two tiles of 4 pixels, where Winograd's way begins to pay, long and thin, and empty. */
const sizes: readonly (readonly [number, number, number])[] = [
  [1, 3, 3],
  [1, 4, 5],
  [2, 7, 7],
  [1, 8, 9],
  [3, 9, 8],
  [1, 12, 8],
  [1, 13, 11],
  [2, 16, 17],
  [1, 3, 40],
  [1, 33, 4],
  [5, 5, 5],
  [0, 12, 12],
]

function expectNear(actual: Result, expected: Result, what: string): void {
  const size = expected.values.reduce<number>((most, value) => Math.max(most, Math.abs(Number(value))), 1)
  expect(apart(actual, expected), what).toBeLessThan(1e-5 * size)
}

/** The outputs for one size; onnxruntime has no answer for what is empty. */
async function compare(
  sessions: Sessions,
  from: number,
  [n, h, w]: readonly [number, number, number],
): Promise<Result> {
  const feeds = { x: wave([n, from, h, w], 0.13) }
  const { y } = sessions.ours(feeds)
  if (n > 0) expectNear(y!, (await sessions.theirs(feeds))['y']!, `${n}x${h}x${w}`)
  else expect(y!.values).toEqual([])
  return y!
}

describe.skipIf(!runtime)('convolutions of open sizes', () => {
  it.each(layers)('$channels $kernel $attributes $group $next', async (layer) => {
    const open = await sessionsOf(runtime!, model([undefined, undefined, undefined], layer), 3)
    for (const size of sizes) await compare(open, layer.channels[0], size)
  })

  it.each([
    [undefined, 13, 13],
    [undefined, 5, 5],
    [2, 12, undefined],
    [1, 1, undefined],
    [undefined, undefined, 14],
  ])('[%s, %s, %s] gives what the same sizes in the file give', async (...shape) => {
    const layer: Layer = { channels: [24, 40], attributes: { pads: [1n, 1n, 1n, 1n] }, next: 'Relu' }
    const open = await sessionsOf(runtime!, model(shape, layer), 3)
    for (const free of [1, 2, 4, 31]) {
      const size = shape.map((dim) => dim ?? free) as [number, number, number]
      const stated = await sessionsOf(runtime!, model(size, layer), 3)
      const [a, b] = [await compare(open, 24, size), await compare(stated, 24, size)]
      expectNear(a, b, `${size}`)
    }
  })
})

import { describe, expect, it } from 'vitest'
import { type AttributeSource, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, t } from './harness.ts'
import { apart, random, sessionsOf } from './sessions.ts'

// What goes wrong at the edge only: windows that are larger than what they pool, points of a grid beyond the border,
// bounds without a number between them. Against onnxruntime, whose kernels are not ours.

const runtime = onnxruntime()

/** Nodes of the same inputs, one output each. */
function sideBySide(
  inputs: ModelSource['inputs'],
  nodes: readonly { op: string; attributes: Readonly<Record<string, AttributeSource>>; given: readonly string[] }[],
): ModelSource {
  return {
    opsets: { '': 22 },
    inputs: inputs!,
    outputs: Object.fromEntries(nodes.map((_, i) => [`y${i}`, undefined])),
    nodes: nodes.map(({ op, attributes, given }, i) => ({ op, attributes, inputs: given, outputs: [`y${i}`] })),
  }
}

interface Pool {
  readonly op: string
  readonly kernel: number
  readonly stride: number
  readonly pads: readonly [number, number]
  readonly attributes: Readonly<Record<string, AttributeSource>>
}

const pools = ['MaxPool', 'AveragePool', 'LpPool'].flatMap((op) =>
  [2, 3].flatMap((kernel) =>
    [1, 2, 3].flatMap((stride) =>
      [0n, 1n].flatMap((ceil_mode): Pool[] => {
        const common = { kernel_shape: [BigInt(kernel)], strides: [BigInt(stride)], ceil_mode }
        const padded = (
          [
            [0, 0],
            [1, 0],
            [0, 1],
            [1, 1],
          ] as const
        ).map((pads) => ({
          op,
          kernel,
          stride,
          pads,
          attributes: { ...common, pads: pads.map(BigInt) },
        }))
        const auto = stride > kernel ? [] : ['SAME_UPPER', 'SAME_LOWER']
        return [
          ...padded,
          ...auto.map((auto_pad) => ({
            op,
            kernel,
            stride,
            pads: [1, kernel - 2] as const,
            attributes: { ...common, auto_pad },
          })),
        ]
      }),
    ),
  ),
)

describe.runIf(runtime)('as onnxruntime', () => {
  it.each([1, 2, 3])('pools a side of %i, whatever the window', async (size) => {
    // A result without elements is no result, and both refuse it.
    const some = pools.filter(({ kernel, stride, pads, attributes }) => {
      const room = size + pads[0] + pads[1] - kernel
      return room >= 0 || (Math.trunc(room / stride) + 1 > 0 && attributes.ceil_mode === 0n)
    })
    expect(some.length).toBeGreaterThan(20)
    for (const side of [size, 'side']) {
      const nodes = some.map(({ op, attributes }) => ({ op, attributes, given: ['x'] }))
      const sessions = await sessionsOf(runtime!, sideBySide({ x: tensorType('float32', [1, 2, side]) }, nodes))
      const next = random(size)
      const feeds = { x: f32(Array.from({ length: 2 * size }, next), [1, 2, size]) }
      const [ours, theirs] = [sessions.ours(feeds), await sessions.theirs(feeds)]
      const wrong = some.filter((_, i) => apart(ours[`y${i}`]!, theirs[`y${i}`]!) > 1e-6)
      expect(wrong).toEqual([])
    }
  })

  it('samples a grid beyond every border', async () => {
    for (const axes of [2, 3]) {
      const modes = axes === 2 ? ['linear', 'nearest', 'cubic'] : ['linear', 'nearest']
      const nodes = modes.flatMap((mode) =>
        ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
          [0n, 1n].map((align_corners) => ({
            op: 'GridSample',
            attributes: { mode, padding_mode, align_corners },
            given: ['x', 'grid'],
          })),
        ),
      )
      const shape = (name: string): string[] => Array.from({ length: axes + 2 }, (_, i) => `${name}${i}`)
      const types = { x: tensorType('float32', shape('x')), grid: tensorType('float32', shape('g')) }
      const sessions = await sessionsOf(runtime!, sideBySide(types, nodes))
      const next = random(axes)
      for (let round = 0; round < 60; round++) {
        const sizes = Array.from({ length: axes }, () => 1 + Math.floor((next() + 1) * 3))
        const reach = [1, 3, 30][round % 3]!
        // Quarters lie on borders and in the middle between pixels.
        const point = (): number => (round % 4 === 0 ? Math.round(next() * 8) / 4 : next() * reach)
        const feeds = {
          x: f32(Array.from({ length: sizes.reduce((a, b) => a * b) }, next), [1, 1, ...sizes]),
          grid: f32(Array.from({ length: 32 * axes }, point), [1, 32, ...Array<number>(axes - 1).fill(1), axes]),
        }
        const [ours, theirs] = [sessions.ours(feeds), await sessions.theirs(feeds)]
        const wrong = nodes.filter((_, i) => !(apart(ours[`y${i}`]!, theirs[`y${i}`]!) < 1e-4))
        expect(wrong, `sizes ${sizes.join()}`).toEqual([])
      }
    }
  })

  it('clips with one bound, infinite ones, crossed ones and none that is a number', async () => {
    const bounds = [undefined, -Infinity, -1, 1, Infinity, NaN]
    const given = (bound: number | undefined): string => (bound === undefined ? '' : `bound ${bound}`)
    const nodes = bounds.flatMap((low) =>
      bounds.map((high) => ({ op: 'Clip', attributes: {}, given: ['x', given(low), given(high)] })),
    )
    for (const type of ['float32', 'float64'] as const) {
      const numbers = bounds.filter((bound) => bound !== undefined)
      const values = Object.fromEntries(numbers.map((bound) => [given(bound), t(type, [bound], [])]))
      const x = t(type, [-Infinity, -3, -1, -0, 0.5, 1, 2, Infinity, NaN])
      for (const constant of [true, false]) {
        const types = Object.fromEntries(numbers.map((bound) => [given(bound), tensorType(type, [])]))
        const source = sideBySide({ x: tensorType(type, ['n']), ...(!constant && types) }, nodes)
        const sessions = await sessionsOf(runtime!, { ...source, ...(constant && { initializers: values }) })
        const feeds = { x, ...(!constant && values) }
        const [ours, theirs] = [sessions.ours(feeds), await sessions.theirs(feeds)]
        const wrong = nodes.filter((_, i) => apart(ours[`y${i}`]!, theirs[`y${i}`]!) > 0)
        expect(wrong).toEqual([])
      }
    }
  })
})

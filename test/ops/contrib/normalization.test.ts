import { describe, expect, test } from 'vitest'
import { elementsOf } from '../../../src/onnx/tensor.ts'
import { close, compileCases, f32, importCase, runCases } from '../harness.ts'
import { type Compared, describeAgainst, i32, noise } from './against.ts'

const domain = 'com.microsoft'
const epsilon = { kind: 'float', value: 1e-5 } as const

/** The same case in each element type that onnxruntime has it in. */
function inTypes(
  label: string,
  dims: readonly (readonly number[])[],
  { hasDouble = true, ...rest }: Omit<Compared, 'label' | 'inputs'> & { hasDouble?: boolean },
): Compared[] {
  return (['float32', 'float16', ...(hasDouble ? (['float64'] as const) : [])] as const).map((type) => ({
    ...rest,
    label: `${label}, ${type}`,
    inputs: dims.map((size, i) => (size.length === 0 ? undefined : noise(size, i + 1, { type, scale: 2 }))),
  }))
}

const x = [2, 3, 8]
const skip = { op: 'SkipLayerNormalization', domain, attributes: { epsilon }, hasDouble: false }
describeAgainst('SkipLayerNormalization', [
  ...inTypes('all inputs', [x, x, [8], [8], [8]], skip),
  ...inTypes('no beta', [x, x, [8], [], [8]], skip),
  ...inTypes('no bias', [x, x, [8], [8]], skip),
  ...inTypes('the sum, too', [x, x, [8], [8], [8]], { ...skip, outputs: 4, without: [1, 2] }),
  ...inTypes('one skip for all', [x, [1, 3, 8], [8], [8]], skip),
  ...inTypes('a skip without batch', [x, [3, 8], [8], [8]], skip),
  ...inTypes('rows', [[5, 8], [5, 8], [8], [8]], skip),
  ...inTypes('the default epsilon', [x, x, [8], [8]], { ...skip, attributes: {} }),
])

const simplified = { op: 'SkipSimplifiedLayerNormalization', domain, attributes: { epsilon }, hasDouble: false }
describeAgainst('SkipSimplifiedLayerNormalization', [
  ...inTypes('no bias', [x, x, [8]], simplified),
  ...inTypes('with a bias', [x, x, [8], [8]], simplified),
  ...inTypes('the sum, too', [x, x, [8]], { ...simplified, outputs: 4, without: [1, 2] }),
])

describeAgainst('SimplifiedLayerNormalization', [
  ...inTypes('the last axis', [x, [8]], { op: 'SimplifiedLayerNormalization' }),
  ...inTypes('two axes', [x, [3, 8]], { op: 'SimplifiedLayerNormalization', attributes: { axis: 1n, epsilon } }),
  ...inTypes('1 / deviation, too', [x, [8]], { op: 'SimplifiedLayerNormalization', outputs: 2 }),
])

const tables = [noise([10, 8], 1), noise([6, 8], 2), noise([2, 8], 3), noise([8], 4), noise([8], 5)]
const ids = i32([1, 5, 9, 0, 3, 3], [2, 3])
const segments = i32([0, 0, 1, 1, 1, 0], [2, 3])
const mask = i32([1, 1, 0, 1, 0, 0], [2, 3])
const embed = (
  label: string,
  given: Partial<Record<'segments' | 'mask' | 'positions', Compared['inputs'][number]>>,
  outputs = 2,
): Compared => ({
  label,
  op: 'EmbedLayerNormalization',
  domain,
  inputs: [
    ids,
    given.segments,
    tables[0],
    tables[1],
    given.segments && tables[2],
    tables[3],
    tables[4],
    given.mask,
    given.positions,
  ],
  attributes: { epsilon },
  outputs,
})
describeAgainst('EmbedLayerNormalization', [
  embed('words and positions', {}),
  embed('segments', { segments }),
  embed('segments and a mask', { segments, mask }),
  embed('positions', { segments, mask, positions: i32([2, 1, 0], [1, 3]) }),
  embed('positions of each text', { positions: i32([2, 1, 0, 3, 4, 5], [2, 3]) }),
  embed('the sum, too', { segments, mask }, 3),
])

describe('EmbedLayerNormalization', () => {
  test('refuses words, segments and positions before the first, which Gather would count from the end', async () => {
    const given = embed('', { segments, positions: i32([2, 1, 0], [1, 3]) })
    const run = await compileCases([given])
    run()
    for (const input of [0, 1, 8]) {
      const inputs = given.inputs.map((tensor, i) =>
        i === input && tensor ? i32([-1, ...Array<number>(elementsOf(tensor.dims) - 1).fill(0)], tensor.dims) : tensor,
      )
      expect(() => run(new Map([[0, inputs]]))).toThrow(/an index is out of range/)
    }
  })
})

describe('normalisations', () => {
  test('GroupNorm and SkipGroupNorm, which onnxruntime has for GPUs only, over groups of channels', async () => {
    const image = f32([1, 3, 10, 30], [1, 1, 2, 2])
    const [gamma, beta] = [f32([1, 2]), f32([0, 1])]
    const attributes = { groups: 2n, activation: 0n, epsilon: { kind: 'float', value: 0 } } as const
    const [last, first, sums, active] = await runCases([
      { op: 'GroupNorm', domain, inputs: [image, gamma, beta], attributes },
      {
        op: 'GroupNorm',
        domain,
        inputs: [f32([1, 10, 3, 30], [1, 2, 1, 2]), gamma, beta],
        attributes: { ...attributes, channels_last: 0n },
      },
      { op: 'SkipGroupNorm', domain, inputs: [image, gamma, beta, image, f32([5, 0])], attributes, outputs: 2 },
      { op: 'GroupNorm', domain, inputs: [image, gamma, beta], attributes: { ...attributes, activation: 1n } },
    ])
    // Channels are (1, 10) and (3, 30), each a group of its own.
    expect(close(last![0]!.values, [-1, -1, 1, 3])).toBe(true)
    expect(close(first![0]!.values, [-1, 1, -1, 3])).toBe(true)
    expect(close(sums![0]!.values, [-1, -1, 1, 3])).toBe(true)
    expect(sums![1]!.values).toEqual([7, 6, 25, 60])
    const silu = (v: number): number => v / (1 + Math.exp(-v))
    expect(close(active![0]!.values, [silu(-1), silu(-1), silu(1), silu(3)], 1e-5)).toBe(true)
  })

  test.each([
    ['a gamma of another size', { ...skip, inputs: [noise(x), noise(x), noise([7])] }, 'gamma'],
    ['a skip of another shape', { ...skip, inputs: [noise(x), noise([2, 1, 8]), noise([8])] }, 'skip'],
    ['a skip of another rank', { ...skip, inputs: [noise(x), noise([8]), noise([8])] }, 'input skip'],
    [
      'segments without their table',
      { ...embed('', {}), inputs: embed('', { segments }).inputs.with(4, undefined) },
      'segment_embedding',
    ],
    [
      'groups that do not divide',
      { op: 'GroupNorm', domain, inputs: [noise([1, 2, 2, 3]), noise([3]), noise([3])], attributes: { groups: 2n } },
      '2 groups need',
    ],
  ])('refuse %s', (_what, one, message) => {
    expect(() => importCase(one)).toThrow(message)
  })
})

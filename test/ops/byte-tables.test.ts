import { describe, expect, test } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { node, ops } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, i64, t } from './harness.ts'
import { apart, sessionsOf } from './sessions.ts'

// Operators between quantised neighbours: those of one tensor of bytes become a table, others come nearer to bytes. All give
// what onnxruntime gives, node by node; rounding of functions may tip one code in thousands, of sums and products none.

type Byte = 'uint8' | 'int8'

const runtime = onnxruntime()

/** All codes of a type, some more than once. */
function codes(type: Byte, dims: readonly number[]): Tensor {
  const count = dims.reduce((n, dim) => n * dim, 1)
  const low = type === 'int8' ? -128 : 0
  const each = Array.from({ length: count }, (_, i) => low + ((i * 91) % 256))
  return t(type, each, dims)
}

interface Scale {
  readonly scale: number
  readonly zero: number
}

interface Quantised {
  readonly type: Byte
  readonly x: Scale
  readonly y: Scale
}

/** x dequantised as `X`, these nodes, and `Y` quantised. */
function between(
  nodes: readonly NodeSource[],
  { type, x, y }: Quantised,
  shape: readonly (number | string)[],
  more: Readonly<Record<string, Tensor>> = {},
): ModelSource {
  return {
    opsets: { '': 19 },
    inputs: { x: tensorType(type, shape) },
    outputs: { y: undefined },
    initializers: {
      xs: f32([x.scale], []),
      xz: t(type, [x.zero], []),
      ys: f32([y.scale], []),
      yz: t(type, [y.zero], []),
      ...more,
    },
    nodes: [
      node('DequantizeLinear', ['x', 'xs', 'xz'], ['X']),
      ...nodes,
      node('QuantizeLinear', ['Y', 'ys', 'yz'], ['y']),
    ],
  }
}

function optimised(model: ModelSource): string[] {
  const identities = new Identities()
  const graph = importModel(decodeModel(modelBytes(model), { path: 'm' }), registry, identities)
  optimize(graph, registry, identities)
  return ops(graph)
}

const corners: readonly Quantised[] = [
  ...[0, 1, 128, 255].map((zero, i): Quantised => ({
    type: 'uint8',
    x: { scale: 0.05, zero },
    y: { scale: 0.03, zero: [255, 128, 3, 0][i]! },
  })),
  ...[-128, 0, 5, 127].map((zero, i): Quantised => ({
    type: 'int8',
    x: { scale: 0.05, zero },
    y: { scale: 0.03, zero: [127, 0, -9, -128][i]! },
  })),
]

const two = { c: f32([2], []), third: f32([1 / 3], [1, 1]) }

const chains: Readonly<Record<string, readonly NodeSource[]>> = {
  'another scale': [node('Identity', ['X'], ['Y'])],
  'a table, in another scale': [
    node('HardSwish', ['X'], ['H']),
    node('QuantizeLinear', ['H', 'xs', 'xz'], ['h']),
    node('DequantizeLinear', ['h', 'xs', 'xz'], ['Y']),
  ],
  Relu: [node('Relu', ['X'], ['Y'])],
  Sigmoid: [node('Sigmoid', ['X'], ['Y'])],
  Tanh: [node('Tanh', ['X'], ['Y'])],
  HardSwish: [node('HardSwish', ['X'], ['Y'])],
  LeakyRelu: [node('LeakyRelu', ['X'], ['Y'], { alpha: 0.1 })],
  Erf: [node('Erf', ['X'], ['Y'])],
  'SiLU with a quantised Sigmoid': [
    node('Sigmoid', ['X'], ['S']),
    node('QuantizeLinear', ['S', 'ys', 'yz'], ['q']),
    node('DequantizeLinear', ['q', 'ys', 'yz'], ['T']),
    node('Mul', ['X', 'T'], ['Y']),
  ],
  arithmetic: [
    node('Mul', ['X', 'X'], ['XX']),
    node('Sub', ['c', 'XX'], ['D']),
    node('Div', ['D', 'third'], ['E']),
    node('Add', ['E', 'X'], ['Y']),
  ],
}

describe('one tensor of bytes', () => {
  test.each(Object.entries(chains))('through %s is one table', (_, nodes) => {
    expect(optimised(between(nodes, corners[2]!, ['n', 8], two)).at(-1)).toBe('ByteTable')
  })

  test.skipIf(!runtime).each(Object.entries(chains))(
    'through %s gives the same',
    { timeout: 120_000 },
    async (_, nodes) => {
      for (const corner of corners) {
        const { ours, theirs } = await sessionsOf(runtime!, between(nodes, corner, ['n', 5], two))
        for (const rows of [0, 1, 103]) {
          const feeds = { x: codes(corner.type, [rows, 5]) }
          const [given, wanted] = [ours(feeds).y!, (await theirs(feeds)).y!]
          expect(apart(given, wanted), JSON.stringify(corner)).toBeLessThanOrEqual(0)
        }
      }
    },
  )

  /** y = a table at x, of int8, + 128. */
  const lookUp = (entries: number): ModelSource => ({
    opsets: { '': 19 },
    inputs: { x: tensorType('int8', ['n', 5]) },
    outputs: { y: undefined },
    initializers: {
      table: t(
        'uint8',
        Array.from({ length: entries }, (_, i) => (i * 77) % 256),
      ),
      least: t('int32', [128], []),
    },
    nodes: [
      node('Cast', ['x'], ['i'], { to: 6n }),
      node('Add', ['i', 'least'], ['places']),
      node('Gather', ['table', 'places'], ['y']),
    ],
  })

  test('looked up in a table of the model is one look-up', { timeout: 120_000 }, async () => {
    expect(optimised(lookUp(256))).toEqual(['ByteTable'])
    if (!runtime) return
    const { ours, theirs } = await sessionsOf(runtime, lookUp(256))
    for (const rows of [0, 1, 103]) {
      const feeds = { x: codes('int8', [rows, 5]) }
      expect(apart(ours(feeds).y!, (await theirs(feeds)).y!)).toBe(0)
    }
  })

  test('looked up in a table that has no place for some codes stays as it is', () => {
    expect(optimised(lookUp(100)).at(-1)).toBe('Gather')
  })

  test('with halves to the even neighbour, of both signs, beyond both ends', async () => {
    if (!runtime) return
    for (const type of ['uint8', 'int8'] as const) {
      const zero = type === 'uint8' ? 127 : 1
      const halves = between(chains['another scale']!, { type, x: { scale: 0.5, zero }, y: { scale: 1, zero } }, [256])
      const { ours, theirs } = await sessionsOf(runtime, halves)
      const feeds = { x: codes(type, [256]) }
      expect(ours(feeds).y!.values).toEqual((await theirs(feeds)).y!.values)
      const beyond = between(
        chains['another scale']!,
        { type, x: { scale: 3e30, zero }, y: { scale: 1e-6, zero } },
        [256],
      )
      const ends = await sessionsOf(runtime, beyond)
      const values = ends.ours(feeds).y!.values.map(Number)
      const numbers = [...feeds.x.data].map((byte) => (type === 'int8' ? (byte << 24) >> 24 : byte))
      const [low, high] = type === 'uint8' ? [0, 255] : [-128, 127]
      expect(values).toEqual(numbers.map((code) => (code > zero ? high : code < zero ? low : zero)))
    }
  })

  test('is no table where scales are many, or tensors are two', () => {
    const model = between(chains['Relu']!, corners[0]!, [2, 3])
    const many = {
      ...model,
      initializers: { ...model.initializers, xs: f32([1, 2, 3]), xz: t('uint8', [1, 2, 3]) },
    }
    expect(optimised(many)).not.toContain('ByteTable')
    const sum = between(
      [node('DequantizeLinear', ['z', 'xs', 'xz'], ['Z']), node('Add', ['X', 'Z'], ['Y'])],
      corners[0]!,
      [4],
    )
    expect(optimised({ ...sum, inputs: { ...sum.inputs, z: tensorType('uint8', [4]) } })).not.toContain('ByteTable')
    const broad = between([node('Add', ['X', 'wide'], ['Y'])], corners[0]!, [4], { wide: f32([1], [1, 1, 1]) })
    expect(optimised(broad)).not.toContain('ByteTable')
  })

  // Nothing here has more than one element, so that by shapes alone any of it could be the codes.
  const besides: Readonly<Record<string, ModelSource>> = {
    'a zero point': {
      ...between([], corners[0]!, []),
      nodes: [node('QuantizeLinear', ['c', 'ys', 'x'], ['y'])],
    },
    'the zero point of what is dequantised': {
      ...between([], corners[0]!, []),
      nodes: [node('DequantizeLinear', ['code', 'xs', 'x'], ['X']), node('QuantizeLinear', ['X', 'ys', 'yz'], ['y'])],
    },
    'a bound': between([node('Clip', ['c', 'X'], ['Y'])], corners[0]!, []),
  }
  const constants = { c: f32([2], []), code: t('uint8', [7], []) }

  test.each(Object.entries(besides))('that is %s gives the same', async (_, model) => {
    if (!runtime) return
    const { ours, theirs } = await sessionsOf(runtime, {
      ...model,
      initializers: { ...model.initializers, ...constants },
    })
    for (const code of [0, 1, 100, 255]) {
      const feeds = { x: t('uint8', [code], []) }
      expect(ours(feeds).y!).toEqual((await theirs(feeds)).y!)
    }
  })
})

describe('bytes are moved as such', () => {
  const joined = (scale: number): ModelSource => ({
    ...between(
      [node('DequantizeLinear', ['z', 'zs', 'xz'], ['Z']), node('Concat', ['X', 'Z', 'X'], ['Y'], { axis: 1n })],
      { type: 'uint8', x: { scale: 0.05, zero: 128 }, y: { scale: 0.05, zero: 128 } },
      ['n', 3],
      { zs: f32([scale], []) },
    ),
    inputs: { x: tensorType('uint8', ['n', 3]), z: tensorType('uint8', ['n', 2]) },
  })

  test('by Concat, each through a table of its own where scales differ', async () => {
    expect(optimised(joined(0.05))).toEqual(['Concat'])
    expect(optimised(joined(0.06))).toEqual(['ByteTable', 'Concat'])
    if (!runtime) return
    const { ours, theirs } = await sessionsOf(runtime, joined(0.06))
    const feeds = { x: codes('uint8', [90, 3]), z: codes('uint8', [90, 2]) }
    expect(ours(feeds).y!).toEqual((await theirs(feeds)).y!)
  })

  test('by Resize to the nearest, but not by one that crops', async () => {
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
    const scaled = { scales: f32([1, 1, 2, 3]), roi: f32([0, 0, 0, 0, 1, 1, 1.5, 1.5]), sizes: i64([1, 2, 5, 5]) }
    const same = { scale: 0.05, zero: 120 }
    const resize = between(
      [node('Resize', ['X', '', 'scales'], ['Y'], attributes)],
      { type: 'uint8', x: same, y: same },
      ['n', 2, 'h', 'w'],
      scaled,
    )
    expect(optimised(resize).filter((op) => ['Dequantize', 'RoundTo', 'Div', 'ByteTable'].includes(op))).toEqual([])
    const cropping = { ...attributes, coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: 0.4 }
    const crop = between(
      [node('Resize', ['X', 'roi', '', 'sizes'], ['Y'], cropping)],
      { type: 'uint8', x: same, y: same },
      [1, 2, 4, 4],
      scaled,
    )
    expect(optimised(crop)).toContain('Dequantize')
    if (!runtime) return
    for (const [model, dims] of [
      [resize, [2, 2, 3, 5]],
      [crop, [1, 2, 4, 4]],
    ] as const) {
      const { ours, theirs } = await sessionsOf(runtime, model)
      const feeds = { x: codes('uint8', dims) }
      expect(ours(feeds).y!).toEqual((await theirs(feeds)).y!)
    }
  })
})

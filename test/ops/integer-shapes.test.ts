import { describe, expect, test } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { OnnxMlirError } from '../../src/errors/index.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'
import { compileModel, runCase, t } from './harness.ts'

// Arithmetic on a dimension that only the run knows, followed by the compiler as far as it can: with constants of every
// size, in int64 and int32, against the same arithmetic on BigInts.

type Type = 'int32' | 'int64'
const bitsOf = { int32: 32, int64: 64 } as const
const wrap = (type: Type, n: bigint): bigint => BigInt.asIntN(bitsOf[type], n)

const floorModulo = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : ((a % b) + b) % b)

const operators: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => (b === 0n ? 0n : a / b),
  Mod: floorModulo,
  Max: (a, b) => (a > b ? a : b),
  Min: (a, b) => (a < b ? a : b),
}

const constants: Readonly<Record<Type, readonly bigint[]>> = {
  int32: [-(2n ** 31n), -(2n ** 31n) + 1n, -1000n, -1n, 0n, 1n, 2n, 3n, 640n, 2n ** 20n, 2n ** 31n - 1n],
  int64: [
    -(2n ** 63n),
    1n - 2n ** 63n,
    -(2n ** 53n) - 1n,
    -(2n ** 31n),
    -1000n,
    -1n,
    0n,
    1n,
    2n,
    3n,
    640n,
    2n ** 31n - 1n,
    2n ** 32n,
    2n ** 53n + 1n,
    2n ** 62n,
    2n ** 63n - 1n,
  ],
}

/** An output: its nodes, and what it should be for a dimension. */
interface Wanted {
  readonly nodes: NodeSource[]
  readonly name: string
  readonly type: Type
  readonly value: (n: bigint) => bigint
}

const node = (op: string, inputs: string[], output: string, attributes: NodeSource['attributes'] = {}): NodeSource => ({
  op,
  inputs,
  outputs: [output],
  attributes,
})

describe.each(['int64', 'int32'] as const)('shape arithmetic in %s', (type) => {
  test('is that of the element type, whatever the constants and the dimension', async () => {
    const initializers: Record<string, Tensor> = {}
    const wanted: Wanted[] = []
    for (const [i, c] of constants[type].entries()) {
      initializers[`c${i}`] = t(type, [c])
      for (const [op, compute] of Object.entries(operators)) {
        for (const order of ['nc', 'cn'] as const) {
          const name = `${op}_${order}_${i}`
          const inputs = order === 'nc' ? ['n', `c${i}`] : [`c${i}`, 'n']
          const value = (n: bigint): bigint => wrap(type, order === 'nc' ? compute(n, c) : compute(c, n))
          wanted.push({ nodes: [node(op, inputs, name)], name, type, value })
          // And on: what was concluded of the first is used by a second.
          const behind = `${name}_then`
          wanted.push({
            nodes: [
              node('Max', [name, 'seven'], `${behind}_0`),
              node('Div', [`${behind}_0`, 'three'], `${behind}_1`),
              node('Mul', [`${behind}_1`, 'n'], behind),
            ],
            name: behind,
            type,
            value: (n) => wrap(type, ((value(n) > 7n ? value(n) : 7n) / 3n) * wrap(type, n)),
          })
        }
      }
    }
    const model = await compileModel(
      {
        opsets: { '': 21 },
        inputs: { x: tensorType('float32', ['n', 0]) },
        outputs: Object.fromEntries(wanted.map(({ name }) => [name, undefined])),
        initializers: { ...initializers, zero: t('int64', [0]), seven: t(type, [7]), three: t(type, [3]) },
        nodes: [
          node('Shape', ['x'], 'shape'),
          node('Gather', ['shape', 'zero'], 'size'),
          node('Cast', ['size'], 'n', { to: type === 'int64' ? 7n : 6n }),
          ...wanted.flatMap(({ nodes }) => nodes),
        ],
      },
      0,
    )
    for (const n of [0n, 1n, 2n, 7n, 20n, 1000n, 2n ** 20n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 33n + 5n, 2n ** 40n]) {
      const run = (): ReturnType<typeof model.runSync> =>
        model.runSync({ x: toRuntime(t('float32', [], [Number(n), 0])) })
      // Where 32 bits are too few for what sizes are computed in, that is an error and no other shape.
      if (type === 'int32' && n >= 2n ** 20n) {
        expect(run).toThrow(/shapes are computed in 32 bits/)
        continue
      }
      const results = run()
      const wrong = wanted.flatMap(({ name, value }) => {
        const given = BigInt(tensorValues(fromRuntime(results[name]!))[0]!)
        const expected = value(wrap(type, n))
        return given === expected ? [] : [`n = ${n}: ${name} is ${given}, expected ${expected}`]
      })
      expect(wrong.slice(0, 10), `${wrong.length} differ`).toEqual([])
    }
  })
})

/** Nodes that take the number `h` for a size, a bound, an index or an axis. */
const takers: Readonly<Record<string, NodeSource>> = {
  Pad: node('Pad', ['x', 'h_1', '', ''], 'y'),
  Expand: node('Expand', ['one', 'h'], 'y'),
  Tile: node('Tile', ['ones', 'h'], 'y'),
  Reshape: node('Reshape', ['ones', 'h'], 'y'),
  ConstantOfShape: node('ConstantOfShape', ['h'], 'y'),
  'ConstantOfShape of nothing': node('ConstantOfShape', ['zero_h'], 'y'),
  Resize: node('Resize', ['x', '', '', 'h'], 'y'),
  Gather: node('Gather', ['x', 'h'], 'y'),
  'Slice axes': node('Slice', ['x', 'ones', 'ones', 'h'], 'y'),
  Split: node('Split', ['ones', 'h'], 'y'),
  ReduceSum: node('ReduceSum', ['x', 'h'], 'y'),
  CumSum: node('CumSum', ['x', 'h'], 'y'),
  TopK: { op: 'TopK', inputs: ['x', 'h'], outputs: ['y', 'indices'] },
  OneHot: node('OneHot', ['ones', 'h', 'off_on'], 'y'),
}

const sizes = {
  one: t('float32', [1]),
  ones: t('int64', [1]),
  zero: t('int64', [0]),
  off_on: t('float32', [0, 1]),
}

describe('integers that no size, bound, index or axis is', () => {
  const numbers = [1n - 2n ** 63n, -(2n ** 53n) - 1n, 2n ** 40n + 1n, 2n ** 53n + 1n, 2n ** 63n - 1n]
  const source = (name: string, h: bigint | undefined): ModelSource => ({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [4]), ...(h === undefined && { h: tensorType('int64', [1]) }) },
    outputs: { y: undefined },
    initializers: { ...sizes, ...(h !== undefined && { h: t('int64', [h]) }) },
    nodes: [
      node('Concat', ['zero', 'h'], 'zero_h', { axis: 0n }),
      node('Concat', ['h', 'ones'], 'h_1', { axis: 0n }),
      takers[name]!,
    ],
  })

  // Gather and CumSum ask when they run.
  const known = Object.keys(takers).filter((name) => name !== 'Gather' && name !== 'CumSum')
  test.each(known)('%s refuses them when they are constants', (name) => {
    for (const h of numbers) {
      const bytes = modelBytes(source(name, h))
      expect(() => prepareGraph(decodeModel(bytes)), String(h)).toThrow(OnnxMlirError)
    }
  })

  test.each(Object.keys(takers))('%s refuses them when they are data', async (name) => {
    const model = await compileModel(source(name, undefined), 0)
    for (const h of numbers) {
      const inputs = { x: toRuntime(t('float32', [1, 2, 3, 4])), h: toRuntime(t('int64', [h])) }
      expect(() => model.runSync(inputs), String(h)).toThrow(/node|memory/)
    }
  })

  test('Slice takes them for the ends of an axis, as flips are exported', async () => {
    const flips = [-(2n ** 63n), 1n - 2n ** 63n, -(2n ** 53n) - 1n, -(2n ** 31n)]
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', ['n']) },
      outputs: Object.fromEntries(flips.map((_, i) => [`y${i}`, undefined])),
      initializers: {
        minus: t('int64', [-1]),
        ...Object.fromEntries(flips.map((end, i) => [`end${i}`, t('int64', [end])])),
      },
      nodes: flips.map((_, i) => node('Slice', ['x', 'minus', `end${i}`, '', 'minus'], `y${i}`)),
    })
    for (const values of [[], [1], [1, 2, 3]]) {
      const results = model.runSync({ x: toRuntime(t('float32', values)) })
      for (const y of Object.values(results)) expect(tensorValues(fromRuntime(y))).toEqual([...values].reverse())
    }
  })
})

test('integers in attributes keep all their bits', async () => {
  const [keys, values] = [
    [2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n)],
    [2n ** 63n - 1n, -(2n ** 53n) - 1n, 5n],
  ]
  const [result] = await runCase({
    op: 'LabelEncoder',
    domain: 'ai.onnx.ml',
    inputs: [t('int64', [...keys, 2n ** 53n - 1n])],
    attributes: { keys_int64s: keys, values_int64s: values, default_int64: 1n - 2n ** 63n },
  })
  expect(result!.values).toEqual([...values, 1n - 2n ** 63n])
})

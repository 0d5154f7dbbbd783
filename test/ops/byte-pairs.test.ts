import { expect, test } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorNumbers } from '../../src/onnx/tensor.ts'
import type { Graph, Node } from '../../src/graph/graph.ts'
import { byteLoops } from '../../src/ops/quantized/byte-loops.ts'
import { resolveTarget } from '../../src/targets/index.ts'

// Sums and products of two quantised tensors by lines: all 65,536 pairs of codes are what floats give, rounded step by step.

interface Side {
  readonly scale: number
  readonly zero: number
}

interface Pair {
  readonly type: ElementType
  readonly a: Side
  readonly b: Side
  readonly c: Side
  readonly op?: 'Add' | 'Sub' | 'Mul' | 'Div' | 'PRelu'
  /** Of a and b. */
  readonly dims?: readonly [readonly number[], readonly number[]]
}

function graphOf({ type, a, b, c, op = 'Add', dims = [[7], [7]] }: Pair): Graph {
  const side = (name: string, { scale, zero }: Side) => ({
    [`${name}_scale`]: tensorFrom('float32', [], [scale]),
    [`${name}_zero`]: tensorFrom(type, [], [zero]),
  })
  const nodes: NodeSource[] = [
    { op: 'DequantizeLinear', inputs: ['a', 'a_scale', 'a_zero'], outputs: ['x'] },
    { op: 'DequantizeLinear', inputs: ['b', 'b_scale', 'b_zero'], outputs: ['y'] },
    { op, inputs: ['x', 'y'], outputs: ['z'] },
    { op: 'QuantizeLinear', inputs: ['z', 'c_scale', 'c_zero'], outputs: ['c'] },
  ]
  const bytes = modelBytes({
    opsets: { '': 17 },
    inputs: { a: tensorType(type, dims[0]), b: tensorType(type, dims[1]) },
    outputs: { c: undefined },
    initializers: { ...side('a', a), ...side('b', b), ...side('c', c) },
    nodes,
  })
  return prepareGraph(decodeModel(bytes), { target: resolveTarget('cortex-m0plus') })
}

function halvesToEven(x: number): number {
  const down = Math.floor(x)
  const over = x - down
  return over < 0.5 || (over === 0.5 && down % 2 === 0) ? down : down + 1
}

const f = Math.fround

const operators = { Add: (a: number, b: number) => a + b, Sub: (a: number, b: number) => a - b, Mul: (a: number, b: number) => a * b, Div: (a: number, b: number) => a / b, PRelu: (a: number, b: number) => (a < 0 ? a * b : a) } // prettier-ignore

/** ONNX's DequantizeLinear, operator, QuantizeLinear, each step in float32. */
function byFloats({ type, a, b, c, op = 'Add' }: Pair, x: number, y: number): number {
  const [left, right] = [f((x - a.zero) * f(a.scale)), f((y - b.zero) * f(b.scale))]
  const code = halvesToEven(f(f(operators[op](left, right)) / f(c.scale))) + c.zero
  const [least, most] = type === 'int8' ? [-128, 127] : [0, 255]
  // 0 / 0 is the least, as om_quantize has it.
  return Number.isNaN(code) ? least : Math.min(most, Math.max(least, code))
}

const signed = (bits: number, type: ElementType): number => (type === 'int8' ? (bits << 24) >> 24 : bits)

/** What om_pair_bytes makes of the bits of both codes. */
function codesOf(node: Node): (a: number, b: number) => number {
  expect(node.operator).toBe('om.PairBytes')
  const lines = tensorNumbers(node.input(2).constant!)
  const shifts = node.inputs[3] && tensorNumbers(node.inputs[3].constant!)
  const names = ['shift', 'even', 'zero', 'least', 'most', 'pivot', 'nudge'] as const
  const [one, even, zero, least, most, pivot, nudge] = names.map((name) => node.int(name, 0)) as [number, number, number, number, number, number, number] // prettier-ignore
  const flip = node.input(1).type === 'int8' ? 128 : 0
  const isSwapped = node.input(0).name === 'b'
  return (a, b) => {
    const [first, second] = isSwapped ? [b, a] : [a, b]
    const product = lines[2 * first]! * ((second ^ flip) - pivot)
    const value = product + lines[2 * first + 1]! + (product < 0 ? -nudge : nudge)
    if (Math.abs(value) >= 2 ** 31) throw new Error(`${a} and ${b} overflow`)
    const shift = Number(shifts?.[first] ?? one)
    let code = value >> shift
    if (even && (value & ((1 << shift) - 1)) === 0) code -= (code - zero) & 1
    return Math.min(most, Math.max(least, code))
  }
}

function expectAll(pair: Pair, isEven: boolean): void {
  const [node] = graphOf(pair).nodes
  expect(node!.int('even', 0)).toBe(Number(isEven))
  const code = codesOf(node!)
  for (let a = 0; a < 256; a++)
    for (let b = 0; b < 256; b++) {
      const [given, wanted] = [code(a, b), byFloats(pair, signed(a, pair.type), signed(b, pair.type))]
      if (given !== wanted) throw new Error(`${a} and ${b}: ${given}, not ${wanted}`)
    }
}

test.each<Pair>([
  { type: 'int8', a: { scale: 0.0235, zero: -3 }, b: { scale: 0.0471, zero: 11 }, c: { scale: 0.0512, zero: -20 } },
  { type: 'uint8', a: { scale: 0.1931, zero: 128 }, b: { scale: 0.00317, zero: 0 }, c: { scale: 0.1177, zero: 99 } },
  {
    type: 'int8',
    a: { scale: 1.7e-5, zero: 127 },
    b: { scale: 2.9e-5, zero: -128 },
    c: { scale: 3.3e-5, zero: 0 },
    op: 'Sub',
  },
  {
    type: 'uint8',
    a: { scale: 0.125, zero: 128 },
    b: { scale: 0.5, zero: 100 },
    c: { scale: 0.25, zero: 128 },
    op: 'Sub',
  },
  // Most are saturated.
  { type: 'uint8', a: { scale: 1.3, zero: 7 }, b: { scale: 0.9, zero: 250 }, c: { scale: 0.7, zero: 128 } },
])('$type $a.scale and $b.scale as $c.scale', (pair) => expectAll(pair, false))

test.each<Pair>([
  { type: 'int8', a: { scale: 0.25, zero: 1 }, b: { scale: 0.25, zero: -7 }, c: { scale: 0.5, zero: 3 } },
  { type: 'int8', a: { scale: 0.5, zero: 1 }, b: { scale: 0.25, zero: -7 }, c: { scale: 0.5, zero: 0 }, op: 'Sub' },
])('halves go to the even code: $a.scale and $b.scale as $c.scale', (pair) => expectAll(pair, true))

test.each<Pair>([
  {
    type: 'int8',
    a: { scale: 0.0235, zero: -3 },
    b: { scale: 0.0039, zero: -128 },
    c: { scale: 0.0188, zero: -20 },
    op: 'Mul',
  },
  {
    type: 'uint8',
    a: { scale: 0.19, zero: 128 },
    b: { scale: 0.11, zero: 99 },
    c: { scale: 1.7, zero: 121 },
    op: 'Mul',
  },
  {
    type: 'uint8',
    a: { scale: 0.0203719, zero: 0 },
    b: { scale: 1 / 256, zero: 0 },
    c: { scale: 0.0192837, zero: 0 },
    op: 'Mul',
  },
  {
    type: 'int8',
    a: { scale: 0.0431, zero: 3 },
    b: { scale: 0.00331, zero: 0 },
    c: { scale: 0.0502, zero: -7 },
    op: 'PRelu',
  },
  {
    type: 'int8',
    a: { scale: 0.0512, zero: 4 },
    b: { scale: 0.0203, zero: -128 },
    c: { scale: 0.1017, zero: 0 },
    op: 'Div',
  },
  {
    type: 'uint8',
    a: { scale: 0.5031, zero: 131 },
    b: { scale: 0.002013, zero: 119 },
    c: { scale: 3.017, zero: 128 },
    op: 'Div',
  },
  {
    type: 'int8',
    a: { scale: 0.0501, zero: 5 },
    b: { scale: 0.0203, zero: 3 },
    c: { scale: 0.0121, zero: -7 },
    op: 'Div',
  },
  // All but products with 0 are saturated.
  { type: 'uint8', a: { scale: 0.02, zero: 7 }, b: { scale: 1, zero: 9 }, c: { scale: 1e-30, zero: 0 }, op: 'Mul' },
])('$op: $type $a.scale and $b.scale as $c.scale', (pair) => {
  expectAll(pair, graphOf(pair).nodes[0]!.int('even', 0) === 1)
})

test('what is broadcast is stepped through', () => {
  const [one, other] = [
    { scale: 0.031, zero: 1 },
    { scale: 0.077, zero: 1 },
  ]
  const loops = (...dims: [number[], number[]]) => byteLoops(...dims)
  expect(loops([1, 6, 5, 8], [1, 1, 1, 8])).toEqual({ count: [1, 30, 8], a: [0, 8, 1], b: [0, 0, 1] })
  expect(loops([2, 6, 5, 8], [2, 1, 1, 8])).toEqual({ count: [2, 30, 8], a: [240, 8, 1], b: [8, 0, 1] })
  expect(loops([6, 5, 1], [6, 5, 8])).toEqual({ count: [1, 30, 8], a: [0, 1, 0], b: [0, 8, 1] })
  expect(loops([4, 1], [1, 3])).toEqual({ count: [1, 4, 3], a: [0, 1, 0], b: [0, 0, 1] })
  expect(loops([1], [2, 0, 3])).toEqual({ count: [1, 1, 0], a: [0, 0, 0], b: [0, 0, 1] })
  expect(loops([2, 1, 2, 1], [1, 2, 1, 2])).toBeUndefined()
  const wide = graphOf({ type: 'int8', a: one, b: one, c: other, op: 'Mul', dims: [[2, 3, 4, 5], [5]] })
  expect(wide.nodes.map(({ operator }) => operator)).toEqual(['om.PairBytes'])
  expect(wide.outputs[0]!.dims).toEqual([2, 3, 4, 5])
})

test('what no lines give stays as it is', () => {
  // Thousands of pairs lie on halves but for what float32 has not of 0.19 and 0.11.
  const tied: Pair = {
    type: 'uint8',
    a: { scale: 0.19, zero: 128 },
    b: { scale: 0.003, zero: 0 },
    c: { scale: 0.11, zero: 99 },
  }
  // As are products of 0.02 and 1/256 in units of 0.02.
  const gated: Pair = {
    type: 'uint8',
    a: { scale: 0.02, zero: 0 },
    b: { scale: 1 / 256, zero: 0 },
    c: { scale: 0.02, zero: 0 },
    op: 'Mul',
  }
  for (const pair of [tied, gated])
    expect(graphOf(pair).nodes.map(({ operator }) => operator)).not.toContain('om.PairBytes')
})

import { expect, test } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorNumbers } from '../../src/onnx/tensor.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { resolveTarget } from '../../src/targets/index.ts'

// Sums of two quantised tensors by tables: all 65,536 pairs of codes are what floats give, rounded step by step.

interface Side {
  readonly scale: number
  readonly zero: number
}

interface Sum {
  readonly type: ElementType
  readonly a: Side
  readonly b: Side
  readonly c: Side
  readonly op?: 'Add' | 'Sub'
}

function graphOf({ type, a, b, c, op = 'Add' }: Sum): Graph {
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
    inputs: { a: tensorType(type, [7]), b: tensorType(type, [7]) },
    outputs: { c: tensorType(type, [7]) },
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

/** ONNX's DequantizeLinear, Add or Sub, QuantizeLinear, each step in float32. */
function byFloats({ type, a, b, c, op }: Sum, x: number, y: number): number {
  const [left, right] = [f((x - a.zero) * f(a.scale)), f((y - b.zero) * f(b.scale))]
  const code = halvesToEven(f(f(op === 'Sub' ? left - right : left + right) / f(c.scale))) + c.zero
  return type === 'int8' ? Math.min(127, Math.max(-128, code)) : Math.min(255, Math.max(0, code))
}

const signed = (bits: number, type: ElementType): number => (type === 'int8' ? (bits << 24) >> 24 : bits)

function expectAll(sum: Sum, isEven: boolean): void {
  const [node] = graphOf(sum).nodes
  expect(node!.operator).toBe('om.SumBytes')
  const [left, right] = [2, 3].map((input) => tensorNumbers(node!.input(input).constant!))
  const [shift, even, zero] = [node!.int('shift', 0), node!.int('even', 0), node!.int('zero', 0)]
  expect(even).toBe(Number(isEven))
  const [least, most] = sum.type === 'int8' ? [-128, 127] : [0, 255]
  for (let a = 0; a < 256; a++)
    for (let b = 0; b < 256; b++) {
      const total = Number(left![a]) + Number(right![b])
      let code = total >> shift
      if (even && (total & ((1 << shift) - 1)) === 0) code -= (code - zero) & 1
      const wanted = byFloats(sum, signed(a, sum.type), signed(b, sum.type))
      if (Math.min(most, Math.max(least, code)) !== wanted) throw new Error(`${a} and ${b}: ${code}, not ${wanted}`)
    }
}

test.each<Sum>([
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
])('$type $a.scale and $b.scale as $c.scale', (sum) => expectAll(sum, false))

test.each<Sum>([
  { type: 'int8', a: { scale: 0.25, zero: 1 }, b: { scale: 0.25, zero: -7 }, c: { scale: 0.5, zero: 3 } },
  { type: 'int8', a: { scale: 0.5, zero: 1 }, b: { scale: 0.25, zero: -7 }, c: { scale: 0.5, zero: 0 }, op: 'Sub' },
])('halves go to the even code: $a.scale and $b.scale as $c.scale', (sum) => expectAll(sum, true))

test('what no tables give stays as it is', () => {
  const huge: Sum = { type: 'int8', a: { scale: 9, zero: 0 }, b: { scale: 1, zero: 0 }, c: { scale: 1, zero: 0 } }
  // Thousands of pairs lie on halves but for what float32 has not of 0.19 and 0.11.
  const tied: Sum = {
    type: 'uint8',
    a: { scale: 0.19, zero: 128 },
    b: { scale: 0.003, zero: 0 },
    c: { scale: 0.11, zero: 99 },
  }
  for (const sum of [huge, tied])
    expect(graphOf(sum).nodes.map(({ operator }) => operator)).not.toContain('om.SumBytes')
  const same = graphOf({ ...huge, a: { scale: 1, zero: 0 } })
  expect(same.nodes.map(({ operator }) => operator)).toEqual(['om.SumBytes'])
})

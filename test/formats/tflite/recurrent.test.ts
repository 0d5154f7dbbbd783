import { describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted } from './convert.ts'
import { type Field, type OperatorSource, tfliteBytes, type TensorSource } from './writer.ts'

// Networks of both directions, and plain ones, against their formulas.

const STEPS = 4
const IN = 2
const UNITS = 3

type Matrix = readonly (readonly number[])[]
const matrix = (rows: number, columns: number, seed: number): Matrix =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (__, j) => Math.fround(Math.sin(seed + 3 * i + 7 * j))),
  )
const times = (m: Matrix, x: readonly number[]): number[] =>
  m.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0))
const floats = (values: readonly number[], shape: readonly number[]): TensorSource => ({ shape, data: Float32Array.from(values) }) // prettier-ignore
const state = (name: string): TensorSource => ({ shape: [1, UNITS], isVariable: true, name })
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value))

const xs = matrix(STEPS, IN, 0.3)
const first = [0.2, -0.4, 0.1]
const cells = [-0.3, 0.5, 0.05]

interface Weights {
  readonly w: Matrix
  readonly r: Matrix
  readonly b: readonly number[]
}
const weights = (seed: number): Weights => ({
  w: matrix(UNITS, IN, seed),
  r: matrix(UNITS, UNITS, seed + 0.7),
  b: matrix(1, UNITS, seed + 1.3)[0]!,
})
const sum = ({ w, r, b }: Weights, x: readonly number[], h: readonly number[]): number[] => {
  const [own, kept] = [times(w, x), times(r, h)]
  return b.map((value, i) => value + own[i]! + kept[i]!)
}

/** Tensors of a file, and places of those that an operator takes. */
class Tensors {
  readonly list: TensorSource[] = []

  add(source: TensorSource): number {
    return this.list.push(source) - 1
  }

  addWeights({ w, r, b }: Weights): [number, number, number] {
    return [floats(w.flat(), [UNITS, IN]), floats(r.flat(), [UNITS, UNITS]), floats(b, [UNITS])].map((source) =>
      this.add(source),
    ) as [number, number, number]
  }
}

async function run(tensors: Tensors, operator: OperatorSource, x: number, isTimeMajor: boolean) {
  const subgraph = { tensors: tensors.list, inputs: [x], outputs: operator.outputs, operators: [operator] }
  const model = await compileBytes(converted(tfliteBytes({ subgraphs: [subgraph] })), 3)
  const given = { h: first, c: cells, h2: first, c2: cells, x: xs.flat() } as const
  const feeds = model.inputs.map(({ name }) => {
    const dims = name === 'x' ? (isTimeMajor ? [STEPS, 1, IN] : [1, STEPS, IN]) : [1, UNITS]
    return [name, toRuntime(tensorFrom('float32', dims, [...given[name as keyof typeof given]]))] as const
  })
  const results = model.runSync(Object.fromEntries(feeds))
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => [name, tensorNumbers(fromRuntime(result)).map(Number)]),
  )
}

function expectNear(given: readonly number[] | undefined, expected: readonly number[]): void {
  expect(given).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(given![i]).toBeCloseTo(value, 5))
}

describe.each([
  ['NONE', 0, (value: number) => value],
  ['RELU', 1, (value: number) => Math.max(0, value)],
  ['TANH', 4, Math.tanh],
] as const)('an RNN with %s', (_, activation, fn) => {
  const steps = (of: Weights, rows: Matrix): number[][] => {
    let h: readonly number[] = first
    return rows.map((x) => [...(h = sum(of, x, h).map(fn))])
  }

  it.each([false, true])('steps first: %s', async (isTimeMajor) => {
    const tensors = new Tensors()
    const of = weights(1)
    const shape = isTimeMajor ? [STEPS, 1] : [1, STEPS]
    const x = tensors.add({ shape: [...shape, IN], name: 'x' })
    const inputs = [x, ...tensors.addWeights(of), tensors.add(state('h'))]
    const outputs = [tensors.add({ shape: [...shape, UNITS], name: 'y' })]
    const options: Field[] = [{ bool: isTimeMajor }, { int8: activation }]
    const given = await run(tensors, { op: 'UNIDIRECTIONAL_SEQUENCE_RNN', inputs, outputs, options }, x, isTimeMajor)
    const expected = steps(of, xs)
    expectNear(given['y'], expected.flat())
    expectNear(given['h_next'], expected.at(-1)!)
  })

  it.each([false, true])('of both directions, merged: %s', async (isMerged) => {
    const tensors = new Tensors()
    const [forward, backward] = [weights(2), weights(5)]
    const x = tensors.add({ shape: [1, STEPS, IN], name: 'x' })
    const ways = [forward, backward].map((of, i) => [
      ...tensors.addWeights(of),
      tensors.add(state(i === 0 ? 'h' : 'h2')),
    ])
    const inputs = [x, ...ways.flat(), -1, -1, -1]
    const output = (name: string, size: number): number => tensors.add({ shape: [1, STEPS, size], name })
    const outputs = isMerged ? [output('y', 2 * UNITS)] : [output('y', UNITS), output('z', UNITS)]
    const options: Field[] = [{ bool: false }, { int8: activation }, { bool: isMerged }]
    const given = await run(tensors, { op: 'BIDIRECTIONAL_SEQUENCE_RNN', inputs, outputs, options }, x, false)
    const [there, back] = [steps(forward, xs), steps(backward, xs.toReversed()).toReversed()]
    if (isMerged)
      expectNear(given['y'], there.flatMap((row, i) => [...row, ...back[i]!])) // prettier-ignore
    else {
      expectNear(given['y'], there.flat())
      expectNear(given['z'], back.flat())
    }
    expectNear(given['h_next'], there.at(-1)!)
    expectNear(given['h2_next'], back[0]!)
  })
})

describe.each([0, 0.4])('an LSTM of both directions whose cell is clipped at %d', (clip) => {
  const gates = (seed: number): Weights[] => [0, 1, 2, 3].map((gate) => weights(seed + 2 * gate))
  const steps = (of: readonly Weights[], rows: Matrix): { rows: number[][]; cell: number[] } => {
    let [h, c] = [first, cells] as [number[], number[]]
    const made = rows.map((x) => {
      const [i, f, g, o] = of.map((gate) => sum(gate, x, h)) as [number[], number[], number[], number[]]
      c = c.map((value, u) => {
        const next = sigmoid(f[u]!) * value + sigmoid(i[u]!) * Math.tanh(g[u]!)
        return clip > 0 ? Math.min(clip, Math.max(-clip, next)) : next
      })
      return (h = c.map((value, u) => sigmoid(o[u]!) * Math.tanh(value)))
    })
    return { rows: made, cell: c }
  }

  // That its steps come first is what the file's format takes for granted.
  it.each([
    [false, undefined],
    [true, { bool: false }],
  ] as const)('merged: %s', async (isMerged, layout) => {
    const tensors = new Tensors()
    const isTimeMajor = layout === undefined
    const shape = isTimeMajor ? [STEPS, 1] : [1, STEPS]
    const [forward, backward] = [gates(1), gates(4)]
    const x = tensors.add({ shape: [...shape, IN], name: 'x' })
    const way = (of: readonly Weights[]): number[] => {
      const places = of.map((gate) => tensors.addWeights(gate))
      const part = (at: 0 | 1 | 2): number[] => places.map((of) => of[at])
      return [...part(0), ...part(1), -1, -1, -1, ...part(2), -1, -1]
    }
    const states = (): number[] => ['h', 'c', 'h2', 'c2'].map((name) => tensors.add(state(name)))
    const inputs = [x, ...way(forward), ...way(backward), ...states(), ...Array<number>(9).fill(-1)]
    const output = (name: string, size: number): number => tensors.add({ shape: [...shape, size], name })
    const outputs = isMerged ? [output('y', 2 * UNITS)] : [output('y', UNITS), output('z', UNITS)]
    const options = [{ int8: 4 }, { float32: clip }, undefined, { bool: isMerged }, layout]
    const given = await run(tensors, { op: 'BIDIRECTIONAL_SEQUENCE_LSTM', inputs, outputs, options }, x, isTimeMajor)
    const [there, turned] = [steps(forward, xs), steps(backward, xs.toReversed())]
    const back = turned.rows.toReversed()
    if (isMerged)
      expectNear(given['y'], there.rows.flatMap((row, i) => [...row, ...back[i]!])) // prettier-ignore
    else {
      expectNear(given['y'], there.rows.flat())
      expectNear(given['z'], back.flat())
    }
    expectNear(given['h_next'], there.rows.at(-1)!)
    expectNear(given['c_next'], there.cell)
    expectNear(given['h2_next'], back[0]!)
    expectNear(given['c2_next'], turned.cell)
  })
})

it('what is not read is named', () => {
  const refused = (op: string, inputs: readonly number[], options: (Field | undefined)[]): (() => unknown) => {
    const tensors = [
      { shape: [1, STEPS, IN], name: 'x' },
      floats(matrix(UNITS, UNITS, 1).flat(), [UNITS, UNITS]),
      { shape: [1, STEPS, UNITS], name: 'y' },
    ]
    const operator = { op, inputs, outputs: [2], options }
    return () => converted(tfliteBytes({ subgraphs: [{ tensors, inputs: [0], outputs: [2], operators: [operator] }] }))
  }
  const all = (count: number): number[] => [0, ...Array<number>(count - 1).fill(1)]
  expect(refused('UNIDIRECTIONAL_SEQUENCE_RNN', all(5), [undefined, { int8: 3 }])).toThrow('an RNN with activation 3')
  expect(refused('BIDIRECTIONAL_SEQUENCE_RNN', all(12), [undefined, { int8: 4 }])).toThrow('an RNN of two inputs')
  expect(refused('BIDIRECTIONAL_SEQUENCE_LSTM', all(48), [{ int8: 4 }])).toThrow('an LSTM of two inputs')
  expect(refused('BIDIRECTIONAL_SEQUENCE_LSTM', all(39), [{ int8: 4 }])).toThrow(
    'an LSTM with peepholes and a projection',
  )
})

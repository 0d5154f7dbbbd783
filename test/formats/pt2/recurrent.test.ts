import { describe, it } from 'vitest'
import type { Tensor } from '../../../src/onnx/model.ts'
import { f32 } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float, ramp } from './writer.ts'

// The equations of torch.nn.LSTM, GRU and RNN, as their documentation has them, in plain JavaScript.

const SIZE = 2
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const wave = (dims: readonly number[], step: number): Tensor =>
  f32(
    ramp(dims).map((i) => Math.fround(Math.sin(i * step + 1) / 2)),
    dims,
  )
const valuesOf = (x: Tensor): number[] => Array.from(new Float32Array(x.data.slice().buffer))

type State = readonly number[][]
type Step = (x: number[], state: State, params: readonly Tensor[]) => State

/** W · x + b, split into gates. */
function gates(weight: Tensor, x: readonly number[], bias: Tensor): number[][] {
  const [w, b] = [valuesOf(weight), valuesOf(bias)]
  const all = b.map((start, row) => x.reduce((sum, value, i) => sum + value * w[row * x.length + i]!, start))
  return Array.from({ length: all.length / SIZE }, (_, gate) => all.slice(gate * SIZE, (gate + 1) * SIZE))
}

const lstm: Step = (x, [h, c], [wi, wh, bi, bh]) => {
  const [a, b] = [gates(wi!, x, bi!), gates(wh!, h!, bh!)]
  const [i, f, g, o] = a.map((gate, k) => gate.map((value, j) => (k === 2 ? Math.tanh : sigmoid)(value + b[k]![j]!)))
  const cell = c!.map((value, j) => f![j]! * value + i![j]! * g![j]!)
  return [cell.map((value, j) => o![j]! * Math.tanh(value)), cell]
}

const gru: Step = (x, [h], [wi, wh, bi, bh]) => {
  const [a, b] = [gates(wi!, x, bi!), gates(wh!, h!, bh!)]
  return [
    h!.map((old, j) => {
      const [r, z] = [sigmoid(a[0]![j]! + b[0]![j]!), sigmoid(a[1]![j]! + b[1]![j]!)]
      return (1 - z) * Math.tanh(a[2]![j]! + r * b[2]![j]!) + z * old
    }),
  ]
}

const rnn: Step = (x, [h], [wi, wh, bi, bh]) => {
  const [[a], [b]] = [gates(wi!, x, bi!), gates(wh!, h!, bh!)]
  return [a!.map((value, j) => Math.tanh(value + b![j]!))]
}

/** A batch of one, whose steps are rows of `xs`. */
function run(
  step: Step,
  xs: number[][],
  params: readonly Tensor[],
  initial: number[][][],
  layers: number,
  directions: number,
): { y: number[]; finals: number[][] } {
  const finals: number[][] = initial.map(() => [])
  let rows = xs
  for (let layer = 0; layer < layers; layer++) {
    const sides = Array.from({ length: directions }, (_, direction) => {
      const at = layer * directions + direction
      let state: State = initial.map((states) => states[at]!)
      const order = direction === 1 ? rows.toReversed() : rows
      const made = order.map((row) => (state = step(row, state, params.slice(at * 4, at * 4 + 4)))[0]!)
      finals.forEach((list, i) => list.push(...state[i]!))
      return direction === 1 ? made.toReversed() : made
    })
    rows = rows.map((_, t) => sides.flatMap((side) => side[t]!))
  }
  return { y: rows.flat(), finals }
}

function recurrent(
  target: string,
  step: Step,
  count: number,
  { layers = 1, directions = 1, batchFirst = false } = {},
): Case {
  const input = wave(batchFirst ? [1, 3, 3] : [3, 1, 3], 0.9)
  const params = Array.from({ length: layers * directions }, (_, at) => {
    const width = at < directions ? 3 : SIZE * directions
    return [
      wave([count * SIZE, width], 0.5 + at),
      wave([count * SIZE, SIZE], 0.7 + at),
      wave([count * SIZE], 0.2 + at),
      wave([count * SIZE], 0.3 + at),
    ]
  }).flat()
  const states = Array.from({ length: step === lstm ? 2 : 1 }, (_, i) => wave([layers * directions, 1, SIZE], 1.1 + i))
  const initial = states.map((state) =>
    Array.from({ length: layers * directions }, (_, at) => valuesOf(state).slice(at * SIZE, (at + 1) * SIZE)),
  )
  const rows = Array.from({ length: 3 }, (_, t) => valuesOf(input).slice(t * 3, t * 3 + 3))
  const { y, finals } = run(step, rows, params, initial, layers, directions)
  const width = SIZE * directions
  return {
    target,
    args: {
      input,
      hx: step === lstm ? states : states[0]!,
      params,
      has_biases: true,
      num_layers: layers,
      dropout: float(0.5),
      train: false,
      bidirectional: directions === 2,
      batch_first: batchFirst,
    },
    out: [
      out('float32', batchFirst ? [1, 3, width] : [3, 1, width], y),
      ...finals.map((values) => out('float32', [layers * directions, 1, SIZE], values)),
    ],
  }
}

describe('recurrent networks of ATen', { timeout: 120_000 }, () => {
  it('LSTM, GRU and RNN: layers, directions, batch first', () =>
    expectCases([
      recurrent('aten.lstm.input', lstm, 4),
      recurrent('aten.lstm.input', lstm, 4, { layers: 2, directions: 2, batchFirst: true }),
      recurrent('aten.gru.input', gru, 3),
      recurrent('aten.gru.input', gru, 3, { layers: 2, directions: 2 }),
      recurrent('aten.rnn_tanh.input', rnn, 1, { layers: 2, batchFirst: true }),
    ]))
})

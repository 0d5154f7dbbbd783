import { setActivated } from '../activation.ts'
import type { Converter, Handler } from '../converter.ts'
import type { OperatorFact } from '../schema.ts'
import { plainLstm, rounded, scannedLstm, zeros } from './lstm.ts'
import { integerLstm, isInteger } from './lstm-integer.ts'

/** Gates as ONNX has them, i, o, f, c, among TensorFlow Lite's i, f, c, o. */
const GATES = [0, 3, 1, 2]

/** Where among the inputs of an operator lies what one direction of an LSTM needs, each the first of four, three or two. */
interface LstmPlaces {
  readonly input: number
  readonly recurrent: number
  readonly peepholes: number
  readonly biases: number
  readonly projection: number
  readonly h: number
  readonly cell: number
  /** Layer normalisation. */
  readonly norms?: number
}

interface LstmFacts {
  readonly clip: number
  readonly isTimeMajor: boolean
  readonly isBackward?: boolean
}

/** What is not read, in words. */
function expectPlain(c: Converter, { inputs, options }: OperatorFact, places: LstmPlaces): void {
  const at = (place: number): number => inputs[place] ?? -1
  const others = [
    { name: 'peepholes', first: places.peepholes, count: 3 },
    { name: 'a projection', first: places.projection, count: 2 },
    { name: 'layer normalisation', first: places.norms ?? -1, count: places.norms === undefined ? 0 : 4 },
  ].filter(({ first, count }) => Array.from({ length: count }, (_, i) => at(first + i)).some((tensor) => tensor >= 0))
  if (others.length > 0) c.fail(`has an LSTM with ${others.map(({ name }) => name).join(' and ')}`)
  if (at(places.input) < 0) c.fail('has an LSTM whose input gate is coupled with the forget gate')
  if ((options?.int8(0) ?? 0) !== 4) c.fail('has an LSTM with another activation than tanh')
}

/** Steps of a sequence, [steps, batch, …], from or for a tensor of the file. */
function stepsFirst(c: Converter, value: string, isTimeMajor: boolean): string {
  return isTimeMajor ? value : c.transpose(value, [1, 0, 2])
}

/**
 * One direction, as reals: [steps, batch, hidden]. `cell_clip` clips the cell's state, which ONNX's `clip` does not: a Scan does, and
 * so where the states are codes, which are rounded at each step.
 */
function lstmOf(c: Converter, operator: OperatorFact, places: LstmPlaces, facts: LstmFacts): string {
  const at = (place: number): number => operator.inputs[place] ?? -1
  const { clip, isTimeMajor, isBackward = false } = facts
  const [x, h, cell] = [at(0), at(places.h), at(places.cell)]
  const hidden = c.size(at(places.recurrent), 1) ?? c.fail('has an LSTM of no known size')
  const weights = (first: number): string[] => GATES.map((gate) => c.real(at(first + gate)))
  const biases = GATES.map((gate) => {
    const [bias, weight] = [at(places.biases + gate), at(places.input + gate)]
    return bias < 0 ? zeros(c, c.size(weight, 0)!) : c.bias(bias, x, c.quantization(weight))
  })
  const parts = {
    steps: stepsFirst(c, c.real(x), isTimeMajor),
    hidden,
    initial: { h: c.state(h), c: c.state(cell) },
    input: weights(places.input),
    recurrent: weights(places.recurrent),
    biases,
    isBackward,
  }
  const result =
    clip > 0 || c.quantization(h)
      ? scannedLstm(c, parts, clip, c.quantization(h) && h, c.quantization(cell) && cell)
      : plainLstm(c, parts)
  c.setState(h, result.h)
  c.setState(cell, result.c)
  return result.sequence
}

/** Inputs (LiteRT kernels/lstm_shared.h): x; weights and the rest of one direction. */
const sequenceLstm: Handler = (c, operator) => {
  const {
    inputs,
    outputs: [output = -1],
    options,
    intermediates,
  } = operator
  const places = { input: 1, recurrent: 5, peepholes: 9, biases: 12, projection: 16, h: 18, cell: 19, norms: 20 }
  expectPlain(c, operator, places)
  if (options?.bool(5) ?? false) c.fail('has an LSTM with diagonal recurrent weights')
  const facts = { clip: options?.float32(1) ?? 0, isTimeMajor: options?.bool(3) ?? false }
  const at = (place: number): number => inputs[place] ?? -1
  const four = (first: number): number[] => GATES.map((gate) => at(first + gate))
  const hidden = c.size(at(5), 1) ?? c.fail('has an LSTM of no known size')
  const tensors = { x: at(0), h: at(18), cell: at(19), output, input: four(1), recurrent: four(5), biases: four(12) }
  const integer = { ...tensors, ...facts, hidden, intermediates }
  if (isInteger(c, integer)) return integerLstm(c, integer)
  c.setReal(output, stepsFirst(c, lstmOf(c, operator, places, facts), facts.isTimeMajor))
}

/** Results of both directions: one tensor of both, one behind the other on the last axis, or two. */
function setBoth(
  c: Converter,
  outputs: readonly number[],
  sequences: readonly string[],
  { isMerged, isTimeMajor }: { readonly isMerged: boolean; readonly isTimeMajor: boolean },
): void {
  const merged = isMerged ? [c.op('Concat', sequences, { axis: -1n })] : sequences
  merged.forEach((sequence, i) => c.setReal(outputs[i] ?? -1, stepsFirst(c, sequence, isTimeMajor)))
}

/**
 * Inputs (LiteRT kernels/bidirectional_sequence_lstm.cc): x; 17 of the forward direction, 17 of the backward one, the states of each;
 * 39 and on are of a second input.
 */
const bidirectionalLstm: Handler = (c, operator) => {
  const { inputs, outputs, options } = operator
  if (inputs.slice(39).some((tensor) => tensor >= 0)) c.fail('has an LSTM of two inputs')
  const facts = { clip: options?.float32(1) ?? 0, isTimeMajor: options?.bool(4, true) ?? true }
  const forward = { input: 1, recurrent: 5, peepholes: 9, biases: 12, projection: 16, h: 35, cell: 36 }
  const backward = { input: 18, recurrent: 22, peepholes: 26, biases: 29, projection: 33, h: 37, cell: 38 }
  for (const places of [forward, backward]) expectPlain(c, operator, places)
  const sequences = [lstmOf(c, operator, forward, facts), lstmOf(c, operator, backward, { ...facts, isBackward: true })]
  setBoth(c, outputs, sequences, { isMerged: options?.bool(3) ?? false, isTimeMajor: facts.isTimeMajor })
}

/** ONNX's words for what an RNN has built in, by `ActivationFunctionType`. */
const rnnActivations: Readonly<Record<number, readonly [name: string, ...parameters: number[]]>> = {
  0: ['Affine', 1, 0],
  1: ['Relu'],
  4: ['Tanh'],
}

/** Steps of a plain RNN, whose weights, recurrent weights, bias and state are the inputs from `first` on: [steps, batch, units]. */
function rnnOf(
  c: Converter,
  { inputs }: OperatorFact,
  first: number,
  { activation, isTimeMajor, isBackward = false }: { activation: number; isTimeMajor: boolean; isBackward?: boolean },
): string {
  const [x = -1] = inputs
  const [weights = -1, recurrent = -1, bias = -1, h = -1] = inputs.slice(first, first + 4)
  const [name, ...parameters] = rnnActivations[activation] ?? c.fail(`has an RNN with activation ${activation}`)
  const units = c.size(weights, 0) ?? c.fail('has an RNN of no known size')
  const axis = c.writer.ints([0])
  const raised = (value: string): string => c.op('Unsqueeze', [value, axis])
  const both = c.op('Concat', [c.bias(bias, x, c.quantization(weights)), zeros(c, units)], { axis: 0n })
  const operands = [c.real(weights), c.real(recurrent), both].map(raised)
  const [all = '', last = ''] = c.writer.ops(
    'RNN',
    [stepsFirst(c, c.real(x), isTimeMajor), ...operands, '', raised(c.state(h))],
    2,
    {
      hidden_size: BigInt(units),
      activations: [name],
      ...(parameters.length > 0 && { activation_alpha: [parameters[0]!], activation_beta: [parameters[1]!] }),
      ...(isBackward && { direction: 'reverse' }),
    },
  )
  c.setState(h, c.op('Squeeze', [last, axis]))
  return c.op('Squeeze', [all, c.writer.ints([1])])
}

/** x [batch, steps, in] or [steps, batch, in], weights [units, in], recurrent weights [units, units], a bias and the state. */
const sequenceRnn: Handler = (c, operator) => {
  const {
    outputs: [output = -1],
    options,
  } = operator
  const isTimeMajor = options?.bool(0) ?? false
  const sequence = rnnOf(c, operator, 1, { activation: options?.int8(1) ?? 0, isTimeMajor })
  c.setReal(output, stepsFirst(c, sequence, isTimeMajor))
}

/** The same forward and backward; the inputs from 9 on are of a second input (LiteRT kernels/bidirectional_sequence_rnn.cc). */
const bidirectionalRnn: Handler = (c, operator) => {
  const { inputs, outputs, options } = operator
  if (inputs.slice(9).some((tensor) => tensor >= 0)) c.fail('has an RNN of two inputs')
  const facts = { activation: options?.int8(1) ?? 0, isTimeMajor: options?.bool(0) ?? false }
  const sequences = [rnnOf(c, operator, 1, facts), rnnOf(c, operator, 5, { ...facts, isBackward: true })]
  setBoth(c, outputs, sequences, { isMerged: options?.bool(2) ?? false, isTimeMajor: facts.isTimeMajor })
}

/**
 * Inputs: x [batch, in], weights of features [filters, in], weights of time [filters, memory], a bias, the state
 * [batch, filters · memory] (LiteRT kernels/internal/reference/svdf.h). Each filter remembers what it gave in the last runs.
 */
const svdf: Handler = (c, { inputs, outputs: [output = -1], options }) => {
  const [x = -1, features = -1, time = -1, bias = -1, state = -1] = inputs
  const rank = options?.int32(0) ?? 0
  const [filters = 0, memory = 0] = c.fact(time).shape
  if (rank <= 0 || filters % rank !== 0) c.fail('has an SVDF whose rank does not divide its filters')
  const old = c.op('Reshape', [c.state(state), c.writer.ints([-1, filters, memory])])
  const given = c.op('MatMul', [c.real(x), c.weights(features, [1, 0])])
  const now = c.op('Unsqueeze', [rounded(c, given, state), c.writer.ints([2])])
  const kept = c.op('Slice', [old, c.writer.ints([1]), c.writer.ints([memory]), c.writer.ints([2])])
  const held = c.op('Concat', [kept, now], { axis: 2n })
  const weighted = c.op('ReduceSum', [c.op('Mul', [held, c.real(time)]), c.writer.ints([2])], { keepdims: 0n })
  const units = c.op('Reshape', [weighted, c.writer.ints([-1, filters / rank, rank])])
  const sums = c.op('ReduceSum', [units, c.writer.ints([2])], { keepdims: 0n })
  const value = bias < 0 ? sums : c.op('Add', [sums, c.bias(bias, state, c.quantization(time))])
  setActivated(c, output, value, options?.int8(1) ?? 0)
  const flat = c.op('Reshape', [held, c.writer.ints([-1, filters * memory])])
  c.setState(state, flat)
}

export const recurrent: Readonly<Record<string, Handler>> = {
  UNIDIRECTIONAL_SEQUENCE_LSTM: sequenceLstm,
  BIDIRECTIONAL_SEQUENCE_LSTM: bidirectionalLstm,
  UNIDIRECTIONAL_SEQUENCE_RNN: sequenceRnn,
  BIDIRECTIONAL_SEQUENCE_RNN: bidirectionalRnn,
  SVDF: svdf,
}

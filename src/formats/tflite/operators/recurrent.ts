import { activated } from '../activation.ts'
import type { Converter, Handler } from '../converter.ts'
import type { Quantization } from '../schema.ts'
import { integerLstm, isInteger } from './lstm-integer.ts'

/** What of the 24 inputs of an LSTM is not read, and its places. */
const unread = [
  { name: 'peepholes', places: [9, 10, 11] },
  { name: 'a projection', places: [16, 17] },
  { name: 'layer normalisation', places: [20, 21, 22, 23] },
]

/**
 * Inputs (LiteRT kernels/lstm_shared.h): x; input-to-gate weights 1–4 and recurrent ones 5–8, of the gates input, forget, cell,
 * output; biases 12–15; the states of output 18 and cell 19. ONNX has the gates in the order i, o, f, c.
 * `cell_clip` clips the cell's state, which ONNX's `clip` does not: a Scan does, and so where the states are codes,
 * which are rounded at each step.
 */
const sequenceLstm: Handler = (c, { inputs, outputs: [output = -1], options, intermediates }) => {
  const at = (place: number): number => inputs[place] ?? -1
  const others = unread.filter(({ places }) => places.some((place) => at(place) >= 0)).map(({ name }) => name)
  if (others.length > 0) c.fail(`has an LSTM with ${others.join(' and ')}`)
  if (at(1) < 0) c.fail('has an LSTM whose input gate is coupled with the forget gate')
  if ((options?.int8(0) ?? 0) !== 4) c.fail('has an LSTM with another activation than tanh')
  if (options?.bool(5) ?? false) c.fail('has an LSTM with diagonal recurrent weights')
  const clip = options?.float32(1) ?? 0
  const isTimeMajor = options?.bool(3) ?? false
  const [x, h, cell] = [at(0), at(18), at(19)]
  const gates = [1, 4, 2, 3]
  const hidden = c.size(at(5), 1) ?? c.fail('has an LSTM of no known size')
  const places = (from: number): number[] => gates.map((gate) => at(from + gate))
  const codes = {
    x,
    h,
    cell,
    output,
    input: places(0),
    recurrent: places(4),
    biases: places(11),
    hidden,
    clip,
    isTimeMajor,
    intermediates,
  }
  if (isInteger(c, codes)) return integerLstm(c, codes)
  const weights = (from: number): string[] => gates.map((gate) => c.real(at(from + gate)))
  const biases = gates
    .map((gate) => at(11 + gate))
    .map((bias, i) => (bias < 0 ? zeros(c, c.size(at(1 + (gates[i]! - 1)), 0)!) : c.bias(bias, x, at(gates[i]!))))
  const steps = isTimeMajor ? c.real(x) : c.transpose(c.real(x), [1, 0, 2])
  const initial = { h: c.state(h), c: c.state(cell) }
  const parts = { steps, hidden, initial, input: weights(0), recurrent: weights(4), biases }
  const result =
    clip > 0 || c.quantization(h)
      ? scanned(c, parts, clip, c.quantization(h) && h, c.quantization(cell) && cell)
      : plain(c, parts)
  c.setReal(output, isTimeMajor ? result.sequence : c.transpose(result.sequence, [1, 0, 2]))
  c.setState(h, result.h)
  c.setState(cell, result.c)
}

interface Lstm {
  /** [steps, batch, in] */
  readonly steps: string
  readonly hidden: number
  /** [batch, hidden] each */
  readonly initial: { readonly h: string; readonly c: string }
  /** Of the gates i, o, f, c: [hidden, in], [hidden, hidden], [hidden]. */
  readonly input: readonly string[]
  readonly recurrent: readonly string[]
  readonly biases: readonly string[]
}

interface LstmResult {
  /** [steps, batch, hidden] */
  readonly sequence: string
  readonly h: string
  readonly c: string
}

function zeros(c: Converter, size: number): string {
  return c.writer.constant(
    'float32',
    Array.from({ length: size }, () => 0),
  )
}

function plain(c: Converter, { steps, hidden, initial, input, recurrent, biases }: Lstm): LstmResult {
  const first = c.writer.ints([0])
  const joined = (parts: readonly string[]): string => c.op('Unsqueeze', [c.op('Concat', parts, { axis: 0n }), first])
  const none = zeros(c, 4 * hidden)
  const bias = c.op('Unsqueeze', [c.op('Concat', [...biases, none], { axis: 0n }), first])
  const states = [initial.h, initial.c].map((state) => c.op('Unsqueeze', [state, first]))
  const [all = '', h = '', cell = ''] = c.writer.ops(
    'LSTM',
    [steps, joined(input), joined(recurrent), bias, '', ...states],
    3,
    {
      hidden_size: BigInt(hidden),
    },
  )
  const squeezed = (value: string, axis: number): string => c.op('Squeeze', [value, c.writer.ints([axis])])
  return { sequence: squeezed(all, 1), h: squeezed(h, 0), c: squeezed(cell, 0) }
}

/** @param hCodes tensor whose codes the output's state is rounded to at each step */
function scanned(
  c: Converter,
  of: Lstm,
  clip: number,
  hCodes: number | undefined,
  cellCodes: number | undefined,
): LstmResult {
  const { steps, hidden, initial, input, recurrent, biases } = of
  const joined = (parts: readonly string[]): string => c.transpose(c.op('Concat', parts, { axis: 0n }), [1, 0])
  // The product with the inputs is one for all steps.
  const projected = c.op('Add', [c.op('MatMul', [steps, joined(input)]), c.op('Concat', biases, { axis: 0n })])
  const weights = joined(recurrent)
  const inner = c.writer.inner()
  const b = c.within(c.graph, inner)
  const [hIn, cIn, step] = ['h', 'c', 'step'].map((name) => inner.names.fresh(name)) as [string, string, string]
  const sums = b.op('Add', [step, b.op('MatMul', [hIn, weights])])
  const [i = '', o = '', f = '', g = ''] = inner.ops('Split', [sums], 4, { axis: -1n, num_outputs: 4n })
  const kept = b.op('Mul', [b.op('Sigmoid', [f]), cIn])
  const next = b.op('Add', [kept, b.op('Mul', [b.op('Sigmoid', [i]), b.op('Tanh', [g])])])
  const limit = c.writer.scalar(clip, 'float32')
  const clipped = clip > 0 ? b.op('Clip', [next, c.writer.scalar(-clip, 'float32'), limit]) : next
  const cell = rounded(b, clipped, cellCodes)
  const h = rounded(b, b.op('Mul', [b.op('Sigmoid', [o]), b.op('Tanh', [cell])]), hCodes)
  const rows = { kind: 'tensor', type: 'float32', shape: [undefined, hidden] } as const
  const body = inner.graph(
    [h, cell, h].map((name) => ({ name, type: rows })),
    { [hIn]: rows, [cIn]: rows, [step]: { kind: 'tensor', type: 'float32', shape: [undefined, 4 * hidden] } },
  )
  const [lastH = '', lastC = '', sequence = ''] = c.writer.ops('Scan', [initial.h, initial.c, projected], 3, {
    body,
    num_scan_inputs: 1n,
  })
  return { sequence, h: lastH, c: lastC }
}

/** A value as the codes of a tensor have it; itself where that has none. */
function rounded(c: Converter, value: string, tensor: number | undefined): string {
  const quantization: Quantization | undefined = tensor === undefined ? undefined : c.quantization(tensor)
  if (tensor === undefined || !quantization) return value
  const type = c.type(tensor)
  return c.dequantize(c.quantize(value, type, quantization), type, quantization)
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
  const value = bias < 0 ? sums : c.op('Add', [sums, c.bias(bias, state, time)])
  c.setReal(output, activated(c, value, options?.int8(1) ?? 0, output))
  const flat = c.op('Reshape', [held, c.writer.ints([-1, filters * memory])])
  c.setState(state, flat)
}

export const recurrent: Readonly<Record<string, Handler>> = {
  UNIDIRECTIONAL_SEQUENCE_LSTM: sequenceLstm,
  SVDF: svdf,
}

import type { Converter } from '../converter.ts'
import type { Quantization } from '../schema.ts'

/** The reals of an LSTM of one direction. */
export interface Lstm {
  /** [steps, batch, in] */
  readonly steps: string
  readonly hidden: number
  /** [batch, hidden] each */
  readonly initial: { readonly h: string; readonly c: string }
  /** Of the gates i, o, f, c: [hidden, in], [hidden, hidden], [hidden]. */
  readonly input: readonly string[]
  readonly recurrent: readonly string[]
  readonly biases: readonly string[]
  /** From the last step to the first. */
  readonly isBackward: boolean
}

export interface LstmResult {
  /** [steps, batch, hidden] */
  readonly sequence: string
  readonly h: string
  readonly c: string
}

export function zeros(c: Converter, size: number): string {
  return c.writer.constant(
    'float32',
    Array.from({ length: size }, () => 0),
  )
}

export function plainLstm(
  c: Converter,
  { steps, hidden, initial, input, recurrent, biases, isBackward }: Lstm,
): LstmResult {
  const first = c.writer.ints([0])
  const joined = (parts: readonly string[]): string => c.op('Unsqueeze', [c.op('Concat', parts, { axis: 0n }), first])
  const none = zeros(c, 4 * hidden)
  const bias = c.op('Unsqueeze', [c.op('Concat', [...biases, none], { axis: 0n }), first])
  const states = [initial.h, initial.c].map((state) => c.op('Unsqueeze', [state, first]))
  const [all = '', h = '', cell = ''] = c.writer.ops(
    'LSTM',
    [steps, joined(input), joined(recurrent), bias, '', ...states],
    3,
    { hidden_size: BigInt(hidden), ...(isBackward && { direction: 'reverse' }) },
  )
  const squeezed = (value: string, axis: number): string => c.op('Squeeze', [value, c.writer.ints([axis])])
  return { sequence: squeezed(all, 1), h: squeezed(h, 0), c: squeezed(cell, 0) }
}

/** @param hCodes tensor whose codes the output's state is rounded to at each step */
export function scannedLstm(
  c: Converter,
  of: Lstm,
  clip: number,
  hCodes: number | undefined,
  cellCodes: number | undefined,
): LstmResult {
  const { steps, hidden, initial, input, recurrent, biases, isBackward } = of
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
    ...(isBackward && { scan_input_directions: [1n], scan_output_directions: [1n] }),
  })
  return { sequence, h: lastH, c: lastC }
}

/** A value as the codes of a tensor have it; itself where that has none. */
export function rounded(c: Converter, value: string, tensor: number | undefined): string {
  const quantization: Quantization | undefined = tensor === undefined ? undefined : c.quantization(tensor)
  if (tensor === undefined || !quantization) return value
  const type = c.type(tensor)
  return c.dequantize(c.quantize(value, type, quantization), type, quantization)
}

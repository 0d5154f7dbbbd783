import type { Converter } from '../converter.ts'
import { sigmoid, tanh } from '../fixed-point.ts'

/** Tensors of an LSTM whose activations are int8 and whose cell is int16, each by its number; gates in the order i, o, f, c. */
export interface IntegerLstm {
  readonly x: number
  readonly h: number
  readonly cell: number
  readonly output: number
  readonly input: readonly number[]
  readonly recurrent: readonly number[]
  /** −1: none. */
  readonly biases: readonly number[]
  readonly hidden: number
  readonly clip: number
  readonly isTimeMajor: boolean
  readonly intermediates: readonly number[]
}

/** Whether TensorFlow Lite computes it in integers (LiteRT kernels/unidirectional_sequence_lstm.cc, `EvalInteger8x8_16`). */
export function isInteger(c: Converter, { x, h, cell, output, input, recurrent, intermediates }: IntegerLstm): boolean {
  const scale = c.quantization(cell)?.scale
  const bits = scale?.length === 1 ? 15 + Math.log2(scale[0]!) : NaN
  return (
    [x, h, output, ...input, ...recurrent].every(
      (at) => c.type(at) === 'int8' && c.quantization(at)?.scale.length === 1,
    ) &&
    c.type(cell) === 'int16' &&
    [...input, ...recurrent].every((at) => c.quantization(at)?.zeroPoint[0] === 0) &&
    Number.isInteger(bits) &&
    bits >= 0 &&
    bits <= 6 &&
    // The fifth tells in which codes the product of gate and cell is, before a projection, of which there is none here.
    [output, ...intermediates.slice(4, 5)].every((at) => at < 0 || c.sameCodes(h, at))
  )
}

/**
 * The steps of LiteRT's kernels/lstm_eval.cc, `LstmStepInteger8x8_16`, on whole numbers: sums of codes in units of 2^-12, of which a
 * table has the sigmoid and tanh in units of 2^-15; the cell in units of its own, a power of two.
 *
 * dtln_noise_suppression: all 257 codes are TensorFlow Lite's; with the gates as reals, 12 were two off.
 */
export function integerLstm(c: Converter, of: IntegerLstm): void {
  const { x, h, cell, output, input, recurrent, hidden, clip, isTimeMajor } = of
  const scale = (at: number): number => c.quantization(at)!.scale[0]!
  const zero = (at: number): number => c.quantization(at)!.zeroPoint[0]!
  const joined = (parts: readonly number[]): string =>
    c.transpose(
      c.op(
        'Concat',
        parts.map((at) => c.get(at)),
        { axis: 0n },
      ),
      [1, 0],
    )
  /** Per column, what turns sums into units of 2^-12. */
  const units = (weights: readonly number[], by: number): string => {
    const each = weights.map((at) => Math.fround(scale(at) * scale(by) * 2 ** 12))
    return c.writer.constant(
      'float32',
      each.flatMap((unit) => Array.from({ length: hidden }, () => unit)),
    )
  }
  const biases = of.biases.map((at) =>
    at < 0
      ? c.writer.constant(
          'int32',
          Array.from({ length: hidden }, () => 0),
        )
      : c.get(at),
  )

  const steps = isTimeMajor ? c.get(x) : c.transpose(c.get(x), [1, 0, 2])
  const products = c.op('MatMulInteger', [steps, joined(input), c.writer.scalar(zero(x), 'int8')])
  const sums = c.op('Add', [products, c.op('Concat', biases, { axis: 0n })])
  const projected = narrowed(c, rescaled(c, sums, units(input, x)))

  const weights = joined(recurrent)
  const inner = c.writer.inner()
  const b = c.within(c.graph, inner)
  const [hIn, cIn, step] = ['h', 'c', 'step'].map((name) => inner.names.fresh(name)) as [string, string, string]
  const own = b.op('MatMulInteger', [hIn, weights, c.writer.scalar(zero(h), 'int8')])
  const gates = narrowed(b, b.op('Add', [step, rescaled(b, own, units(recurrent, h))]))
  const [i = '', o = '', f = '', g = ''] = inner.ops('Split', [gates], 4, { axis: -1n, num_outputs: 4n })
  const kept = shifted(b, b.op('Mul', [sigmoidOf(b, f), cIn]), 15)
  const bits = 15 + Math.log2(scale(cell))
  const added = shifted(b, b.op('Mul', [sigmoidOf(b, i), tanhOf(b, g, 3)]), 15 + bits)
  const most = clip > 0 ? Math.min(Math.trunc(clip / scale(cell)), 32767) : 32767
  const next = clipped(b, b.op('Add', [kept, added]), clip > 0 ? -most : -32768, most)
  const shown = rescaled(
    b,
    b.op('Mul', [sigmoidOf(b, o), tanhOf(b, next, bits)]),
    c.writer.scalar(2 ** -30 / scale(h), 'float32'),
  )
  const codes = b.cast(clipped(b, b.op('Add', [shown, c.writer.scalar(zero(h), 'int32')]), -128, 127), 'int8')

  const rows = (type: 'int8' | 'int32', size: number) => ({ kind: 'tensor', type, shape: [undefined, size] }) as const
  const results = [rows('int8', hidden), rows('int32', hidden), rows('int8', hidden)]
  const body = inner.graph(
    [codes, next, codes].map((name, at) => ({ name, type: results[at]! })),
    { [hIn]: results[0]!, [cIn]: results[1]!, [step]: rows('int32', 4 * hidden) },
  )
  const [qh, qc] = [c.quantization(h)!, c.quantization(cell)!]
  const initial = [c.quantize(c.state(h), 'int8', qh), c.cast(c.quantize(c.state(cell), 'int16', qc), 'int32')]
  const [lastH = '', lastC = '', sequence = ''] = c.writer.ops('Scan', [...initial, projected], 3, {
    body,
    num_scan_inputs: 1n,
  })
  c.set(output, isTimeMajor ? sequence : c.transpose(sequence, [1, 0, 2]))
  c.setState(h, c.dequantize(lastH, 'int8', qh))
  c.setState(cell, c.dequantize(c.cast(lastC, 'int16'), 'int16', qc))
}

/** Sums of integers times a factor, to the nearest integer. They are below 2^24 in what there are models of, and so exact as floats. */
function rescaled(c: Converter, sums: string, by: string): string {
  const product = c.op('Mul', [c.cast(sums, 'float32'), by])
  return c.cast(c.op('Floor', [c.op('Add', [product, c.writer.scalar(0.5, 'float32')])]), 'int32')
}

function clipped(c: Converter, value: string, least: number, most: number): string {
  return c.op('Clip', [value, c.writer.scalar(least, 'int32'), c.writer.scalar(most, 'int32')])
}

/** To what 16 bits hold. */
function narrowed(c: Converter, value: string): string {
  return clipped(c, value, -32768, 32767)
}

/** By 2^-bits, halves away from zero. */
function shifted(c: Converter, value: string, bits: number): string {
  const half = c.op('Mul', [c.op('Sign', [value]), c.writer.scalar(2 ** (bits - 1), 'int32')])
  return c.op('Div', [c.op('Add', [value, half]), c.writer.scalar(2 ** bits, 'int32')])
}

/** A function of the size of a number, by a table for 0 to 32768. */
function tabled(c: Converter, value: string, of: (size: number) => number): string {
  const table = c.writer.constant(
    'int16',
    Array.from({ length: 32769 }, (_, size) => of(Math.min(size, 32767))),
  )
  return c.cast(c.op('Gather', [table, c.op('Abs', [value])]), 'int32')
}

function sigmoidOf(c: Converter, value: string): string {
  const ofSize = tabled(c, value, sigmoid)
  const isNegative = c.op('Less', [value, c.writer.scalar(0, 'int32')])
  return c.op('Where', [isNegative, c.op('Sub', [c.writer.scalar(32767, 'int32'), ofSize]), ofSize])
}

function tanhOf(c: Converter, value: string, bits: number): string {
  return c.op('Mul', [c.op('Sign', [value]), tabled(c, value, (size) => tanh(size, bits))])
}

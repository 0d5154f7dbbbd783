import { tfliteBytes } from '../formats/tflite/writer.ts'
import { clamp } from './gated-model.ts'

// Rows of int8 that are normalised, as .tflite files of one operator, and their codes: of the true numbers, rounded once.

export const [rows, columns] = [24, 11] as const

export const rowOperators = ['LOG_SOFTMAX', 'L2_NORMALIZATION'] as const
export type RowOperator = (typeof rowOperators)[number]

/** TensorFlow Lite allows no other codes of results than these. */
const results = {
  LOG_SOFTMAX: { scale: 1 / 16, zero: 127 },
  L2_NORMALIZATION: { scale: 1 / 128, zero: 0 },
} as const

const [scale, zero] = [Math.fround(0.0432), -5] as const

export function rowModel(op: RowOperator): Uint8Array {
  const tensors = [
    { type: 'int8', shape: [rows, columns], scale, zeroPoint: zero },
    { type: 'int8', shape: [rows, columns], scale: results[op].scale, zeroPoint: results[op].zero },
  ] as const
  return tfliteBytes({
    subgraphs: [{ tensors, inputs: [0], outputs: [1], operators: [{ op, inputs: [0], outputs: [1] }] }],
  })
}

/** Of all codes; the first rows are of zeros, of the least and the greatest code, of both, and of few codes by zero. */
export const rowInput = (): number[] =>
  Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    if (row < 5) return [zero, -128, 127, column % 2 ? -128 : 127, zero + (column % 3)][row]!
    return ((i * i * 31 + 7 * i) % 256) - 128
  })

export function rowResult(op: RowOperator, codes: readonly number[]): number[] {
  const to = results[op]
  return codes.map((code, i) => {
    const begin = i - (i % columns)
    const row = codes.slice(begin, begin + columns)
    const top = Math.max(...row)
    const norm = Math.hypot(...row.map((other) => other - zero))
    const real =
      op === 'LOG_SOFTMAX'
        ? (code - top) * scale - Math.log(row.reduce((sum, other) => sum + Math.exp((other - top) * scale), 0))
        : (code - zero) / (norm || 1)
    return clamp(Math.round(real / to.scale) + to.zero)
  })
}

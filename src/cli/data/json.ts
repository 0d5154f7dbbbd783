import { type ElementType, isFloat } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { elementsOf, tensorFrom } from '../../onnx/tensor.ts'
import { dataError } from './npy.ts'

/**
 * Reads a tensor from JSON: nested arrays, a single value, or `{ "data": [1, 2, …], "dims": [2, 3] }`.
 * Integers beyond 2^53, NaN and infinities are given as text, as `run --json` writes them.
 *
 * @param file name for messages
 * @throws UsageError `USAGE_DATA`
 */
export function readJson(text: string, file: string, type: ElementType): Tensor {
  return tensorOfJson(parseJson(text, file), file, type)
}

/** @throws UsageError `USAGE_DATA` */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw dataError(file, `it is no JSON: ${(error as Error).message}`)
  }
}

/** A tensor as `readJson`, of what was parsed. @throws UsageError `USAGE_DATA` */
export function tensorOfJson(value: unknown, file: string, type: ElementType): Tensor {
  const { data, dims } = isFlat(value) ? flat(value, file) : nested(value, file)
  const perElement = type.startsWith('complex') ? 2 : 1
  if (data.length !== elementsOf(dims) * perElement)
    throw dataError(
      file,
      `dims [${dims.join(', ')}] take ${elementsOf(dims) * perElement} values, but it holds ${data.length}`,
    )
  if (type === 'string')
    return tensorFrom(
      type,
      dims,
      data.map((item, i) => textOf(item, i, file)),
    )
  const elements = data.map((item, i) => numberOf(item, i, type, file))
  try {
    return tensorFrom(type, dims, elements)
  } catch (error) {
    // The one thing left to be wrong: an integer that the type can't hold.
    if (error instanceof RangeError) throw dataError(file, error.message)
    throw error
  }
}

interface Elements {
  readonly data: readonly unknown[]
  readonly dims: readonly number[]
}

function isFlat(value: unknown): value is { data: unknown; dims: unknown } {
  return typeof value === 'object' && value !== null && 'data' in value && 'dims' in value
}

function flat({ data, dims }: { readonly data: unknown; readonly dims: unknown }, file: string): Elements {
  if (!Array.isArray(data) || !Array.isArray(dims)) throw dataError(file, 'data and dims must be arrays')
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) throw dataError(file, 'dims must be sizes')
  return { data, dims }
}

function nested(value: unknown, file: string): Elements {
  const dims: number[] = []
  let level: readonly unknown[] = [value]
  while (level.length > 0 && level.every((item) => Array.isArray(item))) {
    const [first = []] = level
    if (level.some((item) => item.length !== first.length))
      throw dataError(file, `the arrays at depth ${dims.length} differ in length`)
    dims.push(first.length)
    level = level.flat(1)
  }
  if (level.some((item) => Array.isArray(item)))
    throw dataError(file, `arrays and values are mixed at depth ${dims.length}`)
  return { data: level, dims }
}

function textOf(item: unknown, index: number, file: string): string {
  if (typeof item === 'string') return item
  throw dataError(file, `element ${index} is ${JSON.stringify(item)}, not text`)
}

function numberOf(item: unknown, index: number, type: ElementType, file: string): number | bigint {
  if (typeof item === 'number') return item
  if (typeof item === 'boolean' && type === 'bool') return Number(item)
  if (typeof item === 'string') {
    if (/^-?\d+$/.test(item) && !isFloat(type)) return BigInt(item)
    if (isFloat(type) && /^(?:NaN|-?Infinity)$/.test(item)) return Number(item)
  }
  throw dataError(file, `element ${index} is ${JSON.stringify(item)}, which is no ${type}`)
}

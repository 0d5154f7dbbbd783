import { ModelError } from '../errors/index.ts'
import type { Model } from './model.ts'

/**
 * Metadata key under which a model says what named dimensions may be in a run: ONNX itself has no way to. Its value is JSON,
 * `{"batch": {"min": 1, "max": 64}, "x_2": {"multipleOf": 32}}`.
 */
export const DIMENSION_RANGES = 'unplugin-onnx-mlir.dimension_ranges'

/** Bounds are inclusive; what is absent is not bounded. */
export interface DimensionRange {
  readonly min?: number
  readonly max?: number
  readonly multipleOf?: number
}

export function writeRanges(ranges: ReadonlyMap<string, DimensionRange>): string {
  return JSON.stringify(Object.fromEntries(ranges))
}

/** @throws ModelError `MODEL_METADATA` where the value is not as above */
export function readRanges(model: Pick<Model, 'metadata' | 'path'>): ReadonlyMap<string, DimensionRange> {
  const text = model.metadata.get(DIMENSION_RANGES)
  if (text === undefined) return new Map()
  const ranges = Object.entries(parse(text) ?? {})
  const isNumber = (value: unknown): boolean =>
    value === undefined || (Number.isSafeInteger(value) && Number(value) >= 0)
  const isRange = (range: unknown): range is DimensionRange => {
    if (typeof range !== 'object' || range === null) return false
    const { min, max, multipleOf } = range as Record<string, unknown>
    return [min, max, multipleOf].every(isNumber) && multipleOf !== 0
  }
  if (ranges.length === 0 || !ranges.every(([, range]) => isRange(range))) {
    const problem = `its metadata ${DIMENSION_RANGES} is not JSON like {"batch": {"min": 1, "max": 64}}`
    throw new ModelError('MODEL_METADATA', `Model ${model.path}: ${problem}. Convert the model again.`, {
      model: model.path,
    })
  }
  return new Map(ranges as [string, DimensionRange][])
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

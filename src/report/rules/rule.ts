import type { Dim } from '../../graph/dim.ts'
import type { Value } from '../../graph/graph.ts'
import { largestDim, type NnpaLevel } from '../nnpa-level.ts'
import type { Step } from '../program.ts'

/**
 * Why a step may not run on NNPA, in the compiler's own words; `silent` where the compiler says nothing; `undefined`
 * where this check has no objection.
 */
export type Check = (step: Step, level: NnpaLevel) => string | undefined

/** A refusal that the compiler doesn't explain. */
export const silent = ''

/**
 * The checks of each operator, in the order in which onnx-mlir makes them: the first objection counts.
 * Source of all lists: `isSuitableForZDNN` in onnx-mlir's ONNXLegalityCheck.cpp at commit cc5be7b; the texts are its own.
 */
export type Rules = Readonly<Record<string, readonly Check[]>>

/** An objection if `condition` holds. */
export function refuseIf(
  condition: (step: Step) => boolean | undefined,
  message: string | ((step: Step) => string),
): Check {
  return (step) => (condition(step) ? (typeof message === 'string' ? message : message(step)) : undefined)
}

/** The operator exists from this level on. The compiler prints the names of its own flags, in two dialects. */
export function since(level: NnpaLevel): Check {
  return (_, current) => (level === 'z17' && current === 'z16' ? incompatible('--march=arch15') : undefined)
}

export function incompatible(what: string, current: NnpaLevel = 'z16'): string {
  const flag = current === 'z16' ? '--march=z16' : '--march=arch15'
  return `onnx-mlir NNPA level "${what}" is not compatible with  NNPA level specified by "${flag}".`
}

/** Inputs `indices` have an element type and a rank that the accelerator can take. An absent input is fine. */
export function valid(...indices: readonly number[]): Check {
  return (step) => firstOf(indices, (index) => invalid(step.inputs[index]))
}

/** Why the accelerator can't take a value. */
export function invalid(value: Value | undefined): string | undefined {
  if (!value) return undefined
  if (value.kind !== 'tensor') return 'Value is not shaped type.'
  if (!halfOrSingle.has(value.type)) return 'Element type is not F16 or F32.'
  if (!value.shape) return 'Value does not have rank.'
  const rank = value.shape.length
  return rank === 0 || rank > 4 ? rankRefused(rank) : undefined
}

export function rankRefused(rank: number): string {
  return `Rank ${rank} is not supported. zAIU only supports rank in range of (0, 4].`
}

/** The compiler tests the width of floats, so bfloat16 passes. */
const halfOrSingle: ReadonlySet<string> = new Set(['float16', 'bfloat16', 'float32'])

/** Before all else: the known dimensions of all operands are within the accelerator's limits. */
export function withinLimits(shapes: readonly (readonly Dim[] | undefined)[], level: NnpaLevel): string | undefined {
  return shapes.some((shape) => shape && exceeds(shape, level)) ? 'Exceed maximum dimension index size.' : undefined
}

function exceeds(shape: readonly Dim[], level: NnpaLevel): boolean {
  return shape.some((dim, axis) => typeof dim === 'number' && dim > largestDim(level, axis, shape.length))
}

/** A dimension as the compiler prints it: unknown ones are the smallest 64-bit integer. */
export function printed(dim: Dim | undefined): string {
  return typeof dim === 'number' ? String(dim) : '-9223372036854775808'
}

/** The first objection among those to several things. */
export function firstOf<T>(things: Iterable<T>, check: (thing: T) => string | undefined): string | undefined {
  for (const thing of things) {
    const refusal = check(thing)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

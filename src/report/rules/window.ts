import type { Step } from '../program.ts'

/** How a Conv or pool walks over height and width. */
export interface Window {
  readonly kernel: readonly (number | undefined)[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Top, left, bottom, right; `undefined` where they follow from a size that is not known. */
  readonly pads: readonly number[] | undefined
}

/** The window of a step on images (rank 4). A pool takes its kernel from an attribute, a Conv also from its weights. */
export function windowOf(step: Step): Window {
  const weights = step.op === 'Conv' ? step.inputs[1]?.shape?.slice(2) : undefined
  const kernel = step.ints('kernel_shape') ?? weights?.map((dim) => (typeof dim === 'number' ? dim : undefined)) ?? []
  const strides = step.ints('strides') ?? [1, 1]
  const dilations = step.ints('dilations') ?? [1, 1]
  return { kernel, strides, dilations, pads: padsOf(step, kernel, strides, dilations) }
}

function padsOf(
  step: Step,
  kernel: readonly (number | undefined)[],
  strides: readonly number[],
  dilations: readonly number[],
): readonly number[] | undefined {
  const mode = step.string('auto_pad', 'NOTSET')
  if (mode === 'VALID') return [0, 0, 0, 0]
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') return step.ints('pads') ?? [0, 0, 0, 0]
  const totals = [0, 1].map((i) => {
    const size = step.input(0).shape?.[i + 2]
    const reach = (kernel[i] ?? NaN) - 1
    if (typeof size !== 'number' || Number.isNaN(reach)) return undefined
    return Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + reach * dilations[i]! + 1 - size)
  })
  const [height, width] = totals
  if (height === undefined || width === undefined) return undefined
  const small = [Math.floor(height / 2), Math.floor(width / 2)]
  const large = [Math.ceil(height / 2), Math.ceil(width / 2)]
  return mode === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small]
}

export type PaddingType = 'SAME_PADDING' | 'VALID_PADDING' | undefined

export const neitherPadding =
  "Padding type must be `SAME_PADDING` or `VALID_PADDING`, but it is neither of them. When attribute `auto_pad` is `NOTSET`, padding is computed from input dimention etc, but when input has unknown dimensions, it can't be computed."

/** Which of the accelerator's two ways to pad a step has, if one. Source: `getStrPaddingType`, ONNXLegalityCheck.cpp. */
export function paddingType(step: Step, { kernel, strides, pads }: Window): PaddingType {
  const mode = step.string('auto_pad', 'NOTSET')
  if (mode === 'SAME_UPPER') return 'SAME_PADDING'
  if (mode === 'SAME_LOWER') return undefined
  if (mode === 'VALID') return 'VALID_PADDING'
  if (!pads) return undefined
  if (pads.every((pad) => pad === 0)) return 'VALID_PADDING'
  const isSame = [0, 1].every((i) => {
    const [input, output] = [step.input(0).shape?.[i + 2], step.output().shape?.[i + 2]]
    if (typeof input !== 'number' || typeof output !== 'number' || output !== Math.ceil(input / strides[i]!))
      return false
    const total = Math.max(0, (output - 1) * strides[i]! + (kernel[i] ?? 0) - input)
    const begin = Math.floor(total / 2)
    return pads[i] === begin && pads[i + 2] === total - begin
  })
  return isSame ? 'SAME_PADDING' : undefined
}

import type { Step } from '../program.ts'
import { dilationsRefused, fourDimensions } from './pooling.ts'
import { firstOf, refuseIf, type Rules, valid } from './rule.ts'
import { neitherPadding, paddingType, windowOf } from './window.ts'

/** Convolution of images. Where its pads are the only objection, they were made by a Pad before (passes/prepare.ts). */
export const convolution: Rules = {
  Conv: [
    valid(0, 1, 2),
    fourDimensions,
    refuseIf(
      (step) => [...step.input(0).dims.slice(2), ...step.output().dims.slice(2)].some((dim) => typeof dim !== 'number'),
      'Height and/or width have dynamic dimensions. They are not supported.',
    ),
    refuseIf((step) => step.int('group', 1) !== 1, '`group` must be 1 (default).'),
    refuseIf(
      (step) => windowOf(step).dilations.some((dilation) => dilation !== 1),
      (step) => dilationsRefused(windowOf(step).dilations),
    ),
    refuseIf((step) => paddingType(step, windowOf(step)) === undefined, neitherPadding),
    refuseIf(
      (step) => windowOf(step).kernel.some((size) => size === undefined),
      'The kernel_shape must be static value.',
    ),
    windowFits,
  ],
}

/** Height, then width. Strides of 0 don't exist in ONNX. */
function windowFits(step: Step): string | undefined {
  const window = windowOf(step)
  const isSame = paddingType(step, window) === 'SAME_PADDING'
  return firstOf([0, 1], (i) => {
    const [stride, kernel] = [window.strides[i]!, window.kernel[i]!]
    const [size, given] = [Number(step.input(0).dims[i + 2]), Number(step.output().dims[i + 2])]
    if (stride > 13) return `When the strides (${stride}) must be less than or equal to 13.`
    if (kernel > 64)
      return `When the strides (${stride}) is greater than zero and less than or equal to 13, kernel_width and kernel_height (${kernel}) must be less than or equal to 64.`
    if (!isSame && size < kernel)
      return `When the strides (${stride}) is greater than zero and less than or equal to 13 and the padding type is VALID_PADDING, input tensor's height or width dimensions (${size}) must be less than kernel height or width dimension (${kernel}).`
    const required = Math.ceil((isSame ? size : size - kernel + 1) / stride)
    if (given === required) return undefined
    return isSame
      ? `When the strides (${stride})  is greater than zero and less than or equal to 13, output tensor's height or width dimensions (${given}) must be equal with ceil((float)inputShape / stride)) (=${required}).`
      : `When the strides (${stride}) is greater than zero and less than or equal to 13 and the padding type is VALID_PADDING, output tensor's height or width dimensions (${given}) must be equal with ceil((float)(inputShape - kernelShape + 1) / strides)) (= ${required}).`
  })
}

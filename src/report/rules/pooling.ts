import { dimEquals } from '../../graph/dim.ts'
import type { Step } from '../program.ts'
import { type Check, firstOf, printed, refuseIf, type Rules, valid } from './rule.ts'
import { neitherPadding, paddingType, windowOf } from './window.ts'

const pool: readonly Check[] = [
  fourDimensions,
  refuseIf((step) => step.int('ceil_mode', 0) !== 0, 'ceil_mode not supported'),
  refuseIf((step) => paddingType(step, windowOf(step)) === undefined, neitherPadding),
  sameImages,
  refuseIf(
    (step) => windowOf(step).kernel.some((size) => size === undefined),
    'The kernel_shape must be static value.',
  ),
  windowFits,
]

/** Pools over images. One that also gives indices is another operator to the compiler, and stays on the CPU unsaid. */
export const pooling: Rules = {
  MaxPool: [
    valid(0),
    ...pool,
    refuseIf(
      (step) => windowOf(step).dilations.some((dilation) => dilation !== 1),
      (step) => dilationsRefused(windowOf(step).dilations),
    ),
  ],
  AveragePool: [
    valid(0),
    refuseIf(
      (step) => step.int('count_include_pad', 0) !== 0,
      (step) => `\`count_include_pad\` (${step.int('count_include_pad', 0)}) must be default one (0).`,
    ),
    ...pool,
  ],
}

export function dilationsRefused([height, width]: readonly number[]): string {
  return `The \`dilations\` (${height}, ${width}) is not supported. Only default \`dilations\` (1, 1) is supported.`
}

export function fourDimensions(step: Step): string | undefined {
  const [input, output] = [step.input(0).shape?.length ?? 0, step.output().shape?.length ?? 0]
  return input === 4 && output === 4
    ? undefined
    : `4D tensors(N x C x H x W) are supported as input and output, but the input dim size (${input}) is not 4, or output dim size (${output}) is not 4.`
}

function sameImages(step: Step): string | undefined {
  const [[n, c], [m, k]] = [step.input(0).dims, step.output().dims]
  if (dimEquals(n!, m!) && dimEquals(c!, k!)) return undefined
  return `Batch dimension in input tensor (${printed(n)}) and in output tensor (${printed(m)}) are not the same, or channel dimension in input tensor (${printed(c)}) and in output tensor (${printed(k)}) are not the same.`
}

/** Height, then width; not checked before the model runs where a dimension is not known. Strides of 0 don't exist in ONNX. */
function windowFits(step: Step): string | undefined {
  const [input, output] = [step.input(0).staticShape, step.output().staticShape]
  if (!input || !output) return undefined
  const window = windowOf(step)
  const isSame = paddingType(step, window) === 'SAME_PADDING'
  return firstOf([0, 1], (i) => {
    const [stride, kernel] = [window.strides[i]!, window.kernel[i]!]
    if (kernel > 64)
      return `When the strides (${stride}) are greater than zero, the kernel_width and kernel_height (${kernel}) must be less than or equal to 64.`
    const [size, given] = [input[i + 2]!, output[i + 2]!]
    const required = Math.ceil((isSame ? size : size - kernel + 1) / stride)
    if (given === required) return undefined
    return isSame
      ? `When the strides (${stride}) and the padding type is \`SAME_PADDING\`, output tensor's height or width dimensions (${given}) must be equal with ceil((float)inputShape / strides)) (=${required}).`
      : `When the strides (${stride}) and the padding type is VALID_PADDING, output tensor's height or width dimensions (${given}) must be equal with ceil((float)(inputShape - kernelShape + 1) / strides)) (= ${required}).`
  })
}

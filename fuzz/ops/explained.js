import { elementTypes } from '../../dist/onnx/element-type.js'
import { tensorValues } from '../../dist/onnx/tensor.js'

// Differences to onnxruntime that are understood: each says where it is and why it stays. An entry covers as little as it can.

const rank =
  'The rank of the result depends on a size or on values that only the run knows; onnxruntime finds out then, our kernels need it when they are made. The error says so.'

/**
 * `covers` is given what differs, the node that it comes from, and functions that tell of the node's operands.
 *
 * @type {readonly { readonly why: string, readonly covers: (found: object, node: object, operand: (i: number) => object | undefined) => boolean }[]}
 */
export const explained = [
  {
    why: rank,
    covers: ({ kind, what }) =>
      kind === 'refused' &&
      /(?:rank of the (?:output|image) is not known|the last axis of indices must be known at compile time)/.test(what),
  },
  {
    why: 'Whether a signal is real or complex, which its last axis says, decides the algorithm and has to be known when the code is made.',
    covers: ({ kind, what }) =>
      kind === 'refused' && /\((?:DFT|STFT), .*the last axis of .* should have size 1 \(real\) or 2/.test(what),
  },
  {
    why: 'ONNX does not say how a bool reads as text. Its reference implementation writes True and False, as we do; onnxruntime 1 and 0.',
    covers: ({ kind }, { op, attributes }, operand) =>
      kind === 'value' && op === 'Cast' && Number(attributes.to.value) === 8 && operand(0)?.type === 'bool',
  },
  {
    why: 'Dropout before opset 10 does not say what the mask holds outside of training ("not filled" in Dropout-6). We say that all is kept, onnxruntime leaves zeros.',
    covers: ({ kind, output }, { op, outputs }, _, { opset }) =>
      kind === 'value' && op === 'Dropout' && output === outputs[1] && opset < 10,
  },
  {
    why: 'onnxruntime computes windows with coefficients of float32 (0.42f, 0.08f …), also those of float64 and those that come out as 0.',
    covers: ({ kind, apart }, { op }) =>
      kind === 'value' && /^(?:Blackman|Hamming|Hann)Window$/.test(op) && apart < 1e-6,
  },
  {
    why: 'The loops of a convolution are made for its kernel: weights that only the run knows need attribute kernel_shape or known sizes.',
    covers: ({ kind, what }, { op, attributes }) =>
      kind === 'refused' &&
      /Conv/.test(op) &&
      !attributes.kernel_shape &&
      /the kernel shape must be known at compile time/.test(what),
  },
  {
    why: 'onnxruntime clamps the padding of auto_pad=SAME at 0, so that a ConvTranspose whose stride is larger than its kernel gives less than ONNX says: input size times stride.',
    covers: ({ kind, what }, { op, attributes }) =>
      kind === 'value' &&
      op === 'ConvTranspose' &&
      attributes.auto_pad?.startsWith('SAME') &&
      what.startsWith('shape is') &&
      attributes.strides !== undefined,
  },
  {
    why: 'onnxruntime does not write the result of MatMulInteger where the inner size is 0: what was in memory. A sum of nothing is 0.',
    covers: ({ kind }, { op }, operand) => kind === 'value' && op === 'MatMulInteger' && operand(0)?.dims.at(-1) === 0,
  },
  {
    why: 'Integers wrap where a reduction overflows, as in every other operator; onnxruntime reduces them in floating point for ReduceProd, ReduceSumSquare and ReduceL2, and ends at the ends of the type.',
    covers: ({ kind, expected }, { op }) =>
      kind === 'value' && /^Reduce(?:Prod|SumSquare|L2)$/.test(op) && /^u?int/.test(expected.type) && hasEnd(expected),
  },
  {
    why: 'With align_corners onnxruntime divides by the whole size of the result, ONNX (its reference and the test resize_downsample_scales_linear_align_corners) by the input’s size times the scale.',
    covers: ({ kind }, { op, attributes, inputs }) =>
      kind === 'value' &&
      op === 'Resize' &&
      attributes.coordinate_transformation_mode === 'align_corners' &&
      Boolean(inputs[2]),
  },
  {
    why: 'LayerNormalization’s stash_type says float32: so do we, with sums in another order than onnxruntime’s. The result is of float64 all the same.',
    covers: ({ kind, apart, expected }, { op }) =>
      kind === 'value' && op === 'LayerNormalization' && expected.type === 'float64' && apart < 1e-5,
  },
  {
    why: 'An empty text split at a delimiter is one empty piece (Python’s str.split, which ONNX refers to); onnxruntime gives none.',
    covers: ({ kind }, { op, attributes }, operand) =>
      kind === 'value' && op === 'StringSplit' && Boolean(attributes.delimiter) && operand(0)?.strings.includes(''),
  },
  {
    why: 'Infinite or NaN operands of a sum of products: what the definition leaves out (padding, a weight of 0, what Winograd’s transforms cancel) is multiplied by 0 on one side and skipped on the other.',
    covers: (found, { op }, operand) =>
      found.kind === 'value' &&
      /^(?:Conv|ConvTranspose|Resize|Upsample|GridSample|RoiAlign|LRN|AveragePool|GlobalAveragePool)$/.test(op) &&
      isNotFinite(found) &&
      [0, 1].some((i) => operand(i) && hasNotFinite(operand(i))),
  },
  {
    why: 'onnxruntime’s maximum over a window depends on where a NaN stands in it; ours is NaN.',
    covers: (found, { op }, operand) =>
      found.kind === 'value' &&
      /^(?:GlobalMaxPool|MaxPool)$/.test(op) &&
      isNotFinite(found) &&
      operand(0) &&
      hasNotFinite(operand(0)),
  },
  {
    why: 'onnxruntime leaves the axis in the result of ArgMax and ArgMin of tensors without elements.',
    covers: ({ kind, what }, { op }, operand) =>
      kind === 'value' && /^Arg(?:Max|Min)$/.test(op) && what.startsWith('shape is') && operand(0)?.dims.includes(0),
  },
  {
    why: 'A reduced axis of size 0 gives size 1, or none without keepdims (ONNX: a reduction over an empty set). onnxruntime leaves it in the result for some operators and types.',
    covers: ({ kind, what }, { op }, operand) =>
      kind === 'value' && op.startsWith('Reduce') && what.startsWith('shape is') && operand(0)?.dims.includes(0),
  },
]

/** Whether one of the two numbers that differ is infinite or NaN. */
function isNotFinite({ apart }) {
  return apart === Infinity
}

/** Beyond what a sum of a few products of float32 can hold, too. */
function hasNotFinite(tensor) {
  return tensorValues(tensor).some((value) => !(Math.abs(value) < 1e29))
}

function hasEnd(tensor) {
  const bits = BigInt(elementTypes[tensor.type].bits)
  const isUnsigned = tensor.type.startsWith('u')
  const ends = isUnsigned ? [2n ** bits - 1n] : [2n ** (bits - 1n) - 1n, -(2n ** (bits - 1n))]
  return tensorValues(tensor).some((value) => ends.includes(BigInt(value)))
}

/**
 * Why a difference is none of ours; `undefined` where nobody knows yet.
 *
 * @param {{ kind: string, what: string, output?: string, made: object }} found
 */
export function explanationOf(found) {
  const { made, output, what } = found
  const node = made.nodes.find((one) => (output === undefined ? what.includes(one.name) : one.outputs.includes(output)))
  if (!node) return undefined
  const operand = (i) =>
    [made.initializers, made.feeds, made.expected].map((of) => of.get(node.inputs[i])).find((tensor) => tensor)
  return explained.find(({ covers }) => covers(found, node, operand, made))?.why
}

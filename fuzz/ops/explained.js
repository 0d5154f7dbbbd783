import { elementTypes } from '../../dist/onnx/element-type.js'
import { tensorValues } from '../../dist/onnx/tensor.js'
import { isFloatType } from './data.js'

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
      /(?:rank of the (?:output|image) is not known|number of axes of the image is not known|the last axis of indices must be known at compile time|what only a run knows decides here what an output is|more than 32 ways to come here that differ in the ranks)/.test(
        what,
      ),
  },
  {
    why: rank,
    covers: ({ kind, what }, _, __, { nodes }) =>
      kind === 'refused' &&
      /a carried value changes from .* type and rank must stay/.test(what) &&
      nodes.some(({ op }) => /^(?:ConstantOfShape|Reshape|Expand|Squeeze|Unsqueeze|Reduce\w+)$/.test(op)),
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
    why: 'Dropout before opset 12 does not say what the mask holds outside of training ("not filled" in Dropout-6). We say that all is kept, onnxruntime leaves zeros.',
    covers: ({ kind, output }, { op, outputs }, _, { opset }) =>
      kind === 'value' && op === 'Dropout' && output === outputs[1] && opset < 12,
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
    why: 'onnxruntime does not write the result of MatMulInteger, QLinearMatMul and FusedMatMul where the inner size is 0: what was in memory, also in what is made of it. A sum of nothing is 0.',
    covers: ({ kind }, node, _, made) =>
      kind === 'value' &&
      [node, ...made.nodes.filter(({ outputs }) => node.inputs.includes(outputs[0]))].some(
        ({ op, inputs: [first] }) =>
          /^(?:MatMulInteger|QLinearMatMul|FusedMatMul)$/.test(op) && tensorOf(first, made)?.dims.includes(0),
      ),
  },
  {
    why: 'A sum in float32 whose parts overflow is infinite, or NaN where they do so both ways or meet another infinity: that depends on the order.',
    covers: (found, { op }, operand) =>
      found.kind === 'value' &&
      /^(?:Reduce(?:Sum|Mean)|Sum|Mean|GlobalAveragePool)$/.test(op) &&
      isNotFinite(found) &&
      operand(0) &&
      tensorValues(operand(0)).some((value) => Math.abs(value) > 1e37 && Math.abs(value) < Infinity),
  },
  {
    why: 'Integers wrap where a reduction overflows, as in every other operator; onnxruntime reduces them in floating point in many cases, ends at the ends of the type, and loses what a double has no bits for.',
    covers: ({ kind, expected }, { op }, operand) =>
      kind === 'value' &&
      /^(?:Reduce(?:Sum|Prod|SumSquare|L1|L2)|Einsum)$/.test(op) &&
      /^u?int/.test(expected.type) &&
      (hasEnd(expected) || isBeyondDouble(operand(0))),
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
    why: 'Resize to sizes takes the pixel that the exact quotient of the sizes says; onnxruntime computes positions in float32, and takes a neighbour in one to four of a hundred pairs of sizes (test/ops/resize-sizes.test.ts).',
    covers: ({ kind, what }, { op, attributes, inputs }) =>
      kind === 'value' &&
      op === 'Resize' &&
      (attributes.mode ?? 'nearest') === 'nearest' &&
      Boolean(inputs[3]) &&
      !what.startsWith('shape is'),
  },
  {
    why: 'onnxruntime copies what it resizes where all sizes stay the same, although a scale is not 1, or a region is cut out.',
    covers: ({ kind, expected }, { op }, operand) =>
      kind === 'value' && /^(?:Resize|Upsample)$/.test(op) && `${expected.dims}` === `${operand(0)?.dims}`,
  },
  {
    why: 'The stash_type of LayerNormalization and RMSNormalization says float32: so do we, with sums in another order than onnxruntime’s. The result is of float64 all the same, and infinite on the way where a square is beyond float32.',
    covers: ({ kind, apart, expected }, { op }, operand) =>
      kind === 'value' &&
      /^(?:Layer|RMS|SimplifiedLayer)Normalization$/.test(op) &&
      expected.type === 'float64' &&
      (apart < 1e-5 * Math.max(1, largestOf(expected)) || hasNotFinite(operand(0))),
  },
  {
    why: 'onnxruntime’s Normalizer takes absolute values and squares of integers in their own type, where the lowest one has none and large ones wrap.',
    covers: ({ kind }, { op }, operand) =>
      kind === 'value' &&
      op === 'Normalizer' &&
      operand(0)?.type.startsWith('int') &&
      (hasEnd(operand(0)) || largestOf(operand(0)) ** 2 >= 2 ** (elementTypes[operand(0).type].bits - 1)),
  },
  {
    why: 'The sign of NaN is NaN (numpy, and onnxruntime in float32); in float16 onnxruntime gives 0.',
    covers: ({ kind, actual, expected }, { op }, operand) =>
      kind === 'value' &&
      op === 'Sign' &&
      expected.type === 'float16' &&
      tensorValues(operand(0)).every(
        (x, i) => Number.isNaN(x) || tensorValues(actual)[i] === tensorValues(expected)[i],
      ),
  },
  {
    why: 'onnxruntime computes Shrink, HardSwish (its 1/6), and the polynomial in the tanh of Gelu, of float64 with numbers of float32.',
    covers: ({ kind, apart, expected }, { op, attributes }) =>
      kind === 'value' &&
      (/^(?:Shrink|HardSwish)$/.test(op) || (op === 'Gelu' && attributes.approximate === 'tanh')) &&
      expected.type === 'float64' &&
      apart < 1e-6,
  },
  {
    why: 'The logarithm of a sum that cancels to nothing, or to the rounding errors of one side.',
    covers: ({ kind, actual, expected }, { op }) =>
      kind === 'value' &&
      op === 'ReduceLogSum' &&
      tensorValues(actual).every((ours, i) => {
        const [a, b] = [ours, tensorValues(expected)[i]].map((value) => (Number.isNaN(value) ? 0 : Math.exp(value)))
        return Math.abs(a - b) <= 1e-4 * Math.max(1, a)
      }),
  },
  {
    why: 'Where sizes are given, positions in Resize are quotients of integers; onnxruntime divides in float32 first, and misses whole numbers and halves by a pixel.',
    covers: ({ kind, what }, { op, attributes, inputs }) =>
      kind === 'value' &&
      op === 'Resize' &&
      Boolean(inputs[3]) &&
      (attributes.mode ?? 'nearest') === 'nearest' &&
      !what.startsWith('shape is'),
  },
  {
    why: 'An empty text split at a delimiter is one empty piece (Python’s str.split, which ONNX refers to); onnxruntime gives none, and what follows is of other sizes.',
    covers: ({ kind }, { op, attributes }, operand, { nodes }) =>
      (kind === 'value' && op === 'StringSplit' && Boolean(attributes.delimiter) && operand(0)?.strings.includes('')) ||
      (kind === 'failed' && nodes.some((node) => node.op === 'StringSplit' && Boolean(node.attributes.delimiter))),
  },
  {
    why: 'Infinite or NaN operands of a sum of products: what the definition leaves out (padding, a weight of 0, what Winograd’s transforms cancel) is multiplied by 0 on one side and skipped on the other; and a product that overflows is infinite before it meets another infinity, or, fused, is not.',
    covers: (found, { op }, operand) =>
      found.kind === 'value' &&
      /^(?:Conv|ConvTranspose|Resize|Upsample|GridSample|RoiAlign|LRN|AveragePool|GlobalAveragePool|DFT|STFT|SoftmaxCrossEntropyLoss|NegativeLogLikelihoodLoss|(?:Fused)?MatMul|(?:Fused)?Gemm|FusedConv|Det|Normalizer|Einsum|Attention|LinearRegressor|\w+Normalization)$/.test(
        op,
      ) &&
      isNotFinite(found) &&
      [0, 1, 2].some((i) => operand(i) && hasNotFinite(operand(i))),
  },
  {
    why: 'onnxruntime’s maximum and minimum over a window or an axis depend on where a NaN stands in it; ours are NaN.',
    covers: (found, { op }, operand) =>
      found.kind === 'value' &&
      /^(?:GlobalMaxPool|MaxPool|MaxRoiPool|ReduceMax|ReduceMin|ReduceLogSumExp|ScatterElements|ScatterND)$/.test(op) &&
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
    why: 'ONNX does not say how many digits a number of floating point has as text (eight in onnxruntime), nor whether a whole one is 2 or 2.0. Its reference implementation writes the shortest that reads back as the same, and 2.0, as we do.',
    covers: ({ kind, actual, expected }, { op, attributes }, operand) =>
      kind === 'value' &&
      op === 'Cast' &&
      Number(attributes.to.value) === 8 &&
      operand(0)?.type.startsWith('float') &&
      actual.strings.every(
        (text, i) =>
          Math.abs(text - expected.strings[i]) <= 1e-7 * Math.abs(text) ||
          text.toLowerCase() === expected.strings[i].toLowerCase(),
      ),
  },
  {
    why: 'NaN is the largest and the smallest element (numpy.argmax, which ONNX’s reference calls), or the last of a sorted list; in onnxruntime it depends on where it stands.',
    covers: ({ kind }, { op }, operand) =>
      kind === 'value' && /^(?:ArgMax|ArgMin|Hardmax|TopK|LinearClassifier)$/.test(op) && hasNotFinite(operand(0)),
  },
  {
    why: 'onnxruntime computes ReduceLogSumExp and ReduceLogSum of integers in integers: each e^x loses its fraction before the sum.',
    covers: ({ kind, expected }, { op }) =>
      kind === 'value' && /^ReduceLogSum(?:Exp)?$/.test(op) && /^u?int/.test(expected.type),
  },
  {
    why: 'onnxruntime’s pools pad auto_pad=SAME for the kernel without its dilations, so that the result is smaller than ONNX says (the input’s size by the stride), what follows of other shapes, and taps that are padding are none.',
    covers: ({ kind }, node, _, { nodes }) =>
      (kind === 'value' && isDilatedSame(node)) || (kind !== 'value' && nodes.some(isDilatedSame)),
  },
  {
    why: 'onnxruntime’s Softplus in recurrent layers overflows to infinity beyond 88, and is NaN where a gate then multiplies it with 0.',
    covers: (found, { op, attributes }) =>
      found.kind === 'value' &&
      /^(?:LSTM|GRU|RNN)$/.test(op) &&
      attributes.activations?.includes('Softplus') &&
      isNotFinite(found),
  },
  {
    why: 'Infinite or NaN numbers have no quantised form.',
    covers: ({ kind }, { op }, operand) =>
      kind === 'value' && /^(?:Dynamic)?QuantizeLinear$/.test(op) && hasNotFinite(operand(0)),
  },
  {
    why: 'The one point of an aligned axis of length 1 is -1, as numpy.linspace has it; Eigen’s, which onnxruntime calls, gives the other end.',
    covers: ({ kind }, { op, attributes }, operand) =>
      kind === 'value' &&
      op === 'AffineGrid' &&
      Boolean(attributes.align_corners?.value) &&
      tensorValues(operand(1)).slice(2).includes(1n),
  },
  {
    why: 'Axes that are given and none leave a Squeeze nothing to do (ONNX’s reference); onnxruntime takes them as not given.',
    covers: ({ kind, what }, { op }, operand) =>
      kind === 'value' && op === 'Squeeze' && what.startsWith('shape is') && operand(1)?.dims[0] === 0,
  },
  {
    why: 'What a Loop that never runs would have collected has the size of what it collects; onnxruntime does not know that and says 0.',
    covers: ({ kind, what, expected }, { op }) =>
      kind === 'value' && op === 'Loop' && what.startsWith('shape is') && expected.dims[0] === 0,
  },
  {
    why: 'onnxruntime computes Mod with fmod=1 of 64-bit integers in double, which rounds those beyond 2^53.',
    covers: ({ kind, expected }, { op, attributes }) =>
      kind === 'value' && op === 'Mod' && Boolean(attributes.fmod) && expected.type.endsWith('int64'),
  },
  {
    why: 'Integers are interpolated in float32 and lose their fraction: a rounding error on one side decides between two neighbours, and large ones have 24 bits.',
    covers: ({ kind, apart, expected }, { op, attributes }) =>
      kind === 'value' &&
      op === 'Resize' &&
      (attributes.mode ?? 'nearest') !== 'nearest' &&
      /^u?int/.test(expected.type) &&
      apart <= Math.max(1, 2 ** -20 * largestOf(expected)),
  },
  {
    why: 'With antialias onnxruntime rounds integers to the nearest, as Pillow does, and clamps int8 to what uint8 holds; ONNX’s reference drops the fraction, and keeps the sign.',
    covers: ({ kind, actual, expected }, { op, attributes }) => {
      if (kind !== 'value' || op !== 'Resize' || !attributes.antialias?.value || !/^u?int/.test(expected.type))
        return false
      const theirs = tensorValues(expected)
      return tensorValues(actual).every((ours, i) => Math.abs(Number(theirs[i]) - Math.max(Number(ours), 0)) <= 1)
    },
  },
  {
    why: 'onnxruntime divides by the deviation in MeanVarianceNormalization, ONNX’s function body by it plus 1e-9: 0, not NaN, where all elements are equal.',
    covers: ({ kind, actual, expected }, { op }) =>
      kind === 'value' &&
      op === 'MeanVarianceNormalization' &&
      tensorValues(expected).every((theirs, i) => Number.isNaN(theirs) || close(theirs, tensorValues(actual)[i])) &&
      tensorValues(actual).every((ours, i) => ours === 0 || !Number.isNaN(tensorValues(expected)[i])),
  },
  {
    why: 'Every NaN is one and the same element to numpy.unique, which ONNX’s reference calls; onnxruntime loses some.',
    covers: ({ kind }, { op }, operand) => kind === 'value' && op === 'Unique' && hasNotFinite(operand(0)),
  },
  {
    why: 'onnxruntime’s Gather of rows of texts leaves all but the first of each row empty.',
    covers: ({ kind }, { op }, operand) =>
      kind === 'value' && op === 'Gather' && operand(0)?.type === 'string' && operand(0).dims.length > 1,
  },
  {
    why: 'A window of one element is 1 (numpy); onnxruntime divides by its length less one.',
    covers: ({ kind, expected }, { op }) =>
      kind === 'value' && /^(?:Blackman|Hamming|Hann)Window$/.test(op) && expected.dims[0] === 1,
  },
  {
    why: 'onnxruntime takes an end of INT_MAX with a step backwards for the beginning; ONNX clamps it to the last element, and names INT_MIN for that.',
    covers: ({ kind, what }, { op }, operand) =>
      kind === 'value' &&
      op === 'Slice' &&
      what.startsWith('shape is') &&
      tensorValues(operand(2)).some((end, i) => end >= 2 ** 31 - 1 && tensorValues(operand(4))[i] < 0),
  },
  {
    why: 'The largest or smallest of nothing is nowhere (numpy raises an error, we do); onnxruntime gives an empty result, or none.',
    covers: ({ kind, what }) => kind !== 'value' && /\(Arg(?:Max|Min)\b.* has no elements/.test(what),
  },
  {
    why: 'ONNX says that clip bounds the input of every activation; onnxruntime does not bound the cell that h of an LSTM is applied to.',
    covers: ({ kind }, { op, attributes }) => kind === 'value' && op === 'LSTM' && attributes.clip !== undefined,
  },
  {
    why: 'onnxruntime’s Resize leaves an axis alone whose size stays the same, although its scale is not 1.',
    covers: ({ kind, expected }, { op, inputs }, operand) =>
      kind === 'value' &&
      /^(?:Resize|Upsample)$/.test(op) &&
      Boolean(inputs[2] || inputs[1]) &&
      tensorValues(operand(2) ?? operand(1)).some(
        (scale, axis) => scale !== 1 && expected.dims[axis] === operand(0).dims[axis],
      ),
  },
  {
    why: 'Kernels of recurrent layers and of attention are made for their sizes: weights that are inputs of unknown sizes say nothing of them (and the caches of a rotary embedding may be longer than it), and the error asks for one.',
    covers: ({ kind, what }, { op, inputs: nodeInputs }, _, made) =>
      kind === 'refused' &&
      /^(?:LSTM|GRU|RNN|RotaryEmbedding|Attention)$/.test(op) &&
      /the (?:input|head) size must be known at compile time/.test(what) &&
      !isSaid(made, nodeInputs.slice(0, op === 'RotaryEmbedding' ? 1 : 2)),
  },
  {
    why: 'Where all keys that a row may see are masked, its scores are -10000 and something, of which float32 keeps steps of 0.001: what is left depends on the order in which bias, mask and product are added.',
    covers: ({ kind, apart }, { op, inputs: nodeInputs }, operand) =>
      kind === 'value' &&
      /^(?:MultiHead)?Attention$/.test(op) &&
      apart < 5e-3 &&
      nodeInputs.some((_, i) => operand(i)?.type === 'int32' && tensorValues(operand(i)).includes(0)),
  },
  {
    why: 'The mean of nothing is 0 divided by 0, NaN; onnxruntime gives 0.',
    covers: ({ kind, actual }, { op }, operand) =>
      kind === 'value' &&
      op === 'ReduceMean' &&
      operand(0)?.dims.includes(0) &&
      tensorValues(actual).every(Number.isNaN),
  },
  {
    why: 'A power that no integer is (a root, a quotient, infinity) has no integer value; C leaves the conversion open, ours gives 0 or an end.',
    covers: ({ kind, expected }, { op }, operand) =>
      kind === 'value' && op === 'Pow' && /^u?int/.test(expected.type) && operand(1)?.type?.startsWith('float'),
  },
  {
    why: 'Powers of integers wrap where they overflow (numpy, as every other operator); onnxruntime computes them in double and ends at the ends of the type.',
    covers: ({ kind, actual, expected }, { op }, operand) =>
      kind === 'value' &&
      op === 'Pow' &&
      /^u?int/.test(expected.type) &&
      /^u?int/.test(operand(1)?.type ?? 'int64') &&
      tensorValues(expected).every(
        (theirs, i) =>
          theirs === tensorValues(actual)[i] || isEnd(theirs, expected.type) || Math.abs(Number(theirs)) > 2 ** 53,
      ),
  },
  {
    why: 'onnxruntime leaves beta out of a Gemm whose inner size is 0.',
    covers: ({ kind }, { op, attributes }, operand) =>
      kind === 'value' && op === 'Gemm' && attributes.beta !== undefined && operand(0)?.dims.includes(0),
  },
  {
    why: 'onnxruntime’s LRN subtracts what leaves its window from a running sum, in which the small numbers beside large ones are lost.',
    covers: ({ kind }, { op }, operand) =>
      kind === 'value' && op === 'LRN' && tensorValues(operand(0)).some((value) => Math.abs(value) > 1e5),
  },
  {
    why: 'auto_pad=SAME needs no padding where steps are longer than the kernel; onnxruntime’s pools then pad by less than nothing, and begin inside.',
    covers: ({ kind }, { op, attributes }) =>
      kind === 'value' &&
      /^(?:Average|Max|Lp)Pool$/.test(op) &&
      attributes.auto_pad?.startsWith('SAME') &&
      attributes.strides?.value.some((stride, axis) => stride > attributes.kernel_shape.value[axis]),
  },
  {
    why: 'A reduced axis of size 0 gives size 1, or none without keepdims (ONNX: a reduction over an empty set). onnxruntime leaves it in the result for some operators and types.',
    covers: ({ kind, what }, { op }, operand, { nodes, initializers, feeds }) =>
      kind === 'value'
        ? op.startsWith('Reduce') && what.startsWith('shape is') && operand(0)?.dims.includes(0)
        : nodes.some((node) => node.op.startsWith('Reduce')) &&
          [...initializers.values(), ...feeds.values()].some(({ dims }) => dims.includes(0)),
  },
  {
    why: 'ONNX leaves open what integer a NaN is, or a number that its type has no room for ("undefined" in Cast); ours is 0 or an end.',
    covers: ({ kind, expected }, { op }, operand) =>
      kind === 'value' &&
      op === 'CastLike' &&
      /^u?int/.test(expected.type) &&
      isFloatType(operand(0)?.type ?? '') &&
      tensorValues(operand(0)).some((value) => !(Math.abs(value) < 2 ** (elementTypes[expected.type].bits - 1))),
  },
  {
    why: 'onnxruntime computes the LOGISTIC of a score below 0 as 1 less that of its opposite, which leaves it few digits.',
    covers: ({ kind, apart }, { op, attributes }) =>
      kind === 'value' &&
      op.endsWith('Classifier') &&
      attributes.post_transform?.value === 'LOGISTIC' &&
      apart < 1.2e-7,
  },
  {
    why: 'Below 0 the 1 + tanh(…) of FastGelu cancels: the last bit of tanh in float32 is all that is left of the result.',
    covers: ({ kind, apart }, { op }) => kind === 'value' && op === 'FastGelu' && apart < 5e-7,
  },
  {
    why: 'onnxruntime’s Sigmoid, also that of QuickGelu, is 0 of what is below about -17, not e to its power.',
    covers: ({ kind, apart }, { op }) => kind === 'value' && /^(?:Sigmoid|QuickGelu)$/.test(op) && apart < 5e-8,
  },
]

/** A pool with dilations that pads by itself. */
function isDilatedSame({ op, attributes }) {
  return (
    /^(?:Average|Max|Lp)Pool$/.test(op) &&
    attributes.auto_pad?.startsWith('SAME') &&
    attributes.dilations?.value.some((dilation) => dilation > 1n)
  )
}

/** Whether one of the operands has a last dimension that is known when the code is made. */
function isSaid({ initializers, inputs }, names) {
  return names.some((name) => initializers.has(name) || typeof inputs.get(name)?.shape.at(-1) === 'number')
}

/** Whether one of the two numbers that differ is infinite or NaN. */
function isNotFinite({ apart }) {
  return apart === Infinity
}

/** What overflows float32 in a square counts, too. */
function hasNotFinite(tensor) {
  return isFloatType(tensor.type) && tensorValues(tensor).some((value) => !(Math.abs(value) < 1e18))
}

function isBeyondDouble(tensor) {
  return tensorValues(tensor).some((value) => Math.abs(Number(value)) > Number.MAX_SAFE_INTEGER)
}

function largestOf(tensor) {
  return tensorValues(tensor).reduce((most, value) => Math.max(most, Math.abs(Number(value))), 0)
}

function close(a, b) {
  return Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(a))
}

function hasEnd(tensor) {
  return tensorValues(tensor).some((value) => isEnd(value, tensor.type))
}

function isEnd(value, type) {
  const bits = BigInt(elementTypes[type].bits)
  const ends = type.startsWith('u') ? [2n ** bits - 1n] : [2n ** (bits - 1n) - 1n, -(2n ** (bits - 1n))]
  return ends.includes(BigInt(value))
}

/** Whether a message names a node, and not one whose name only begins like it, or an input of the model that the node takes. */
function names(message, { name, inputs }) {
  const isNamed = new RegExp(`${name}(?!\\w)`).test(message)
  return isNamed || inputs.some((input) => message.includes(`input "${input}": expected`))
}

function tensorOf(name, made) {
  return [made.initializers, made.feeds, made.expected].map((of) => of.get(name)).find((tensor) => tensor)
}

/**
 * Why a difference is none of ours; `undefined` where nobody knows yet.
 *
 * @param {{ kind: string, what: string, output?: string, made: object }} found
 */
export function explanationOf(found) {
  const { made, output, what } = found
  const node = made.nodes.find((one) => (output === undefined ? names(what, one) : one.outputs.includes(output)))
  if (!node) return undefined
  const operand = (i) => tensorOf(node.inputs[i], made)
  return explained.find(({ covers }) => covers(found, node, operand, made))?.why
}

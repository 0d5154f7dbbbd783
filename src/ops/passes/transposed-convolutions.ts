import { isStatic } from '../../graph/dim.ts'
import { numbersOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { elementTypes, isByte } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { elementsOf, tensorFrom } from '../../onnx/tensor.ts'
import { offsetOf, positionsOf, stridesOf } from '../../lowering/pick.ts'
import type { Window } from '../../lowering/window.ts'
import { transposedWindow } from '../nn/convolution-transpose.ts'
import { unshaped } from './channels-last.ts'
import { type Codes, dequantised, quantised } from './codes.ts'
import { movedFromZero } from './integer-folding.ts'

/** Transposed convolutions between codes and codes. */
export const transposedConvolutions: readonly Rewrite[] = [transposedOfDequantised]

/**
 * Quantised ConvTranspose of dequantised operands: a convolution of integers. Of a stride s the pixels q·s + r of the result are, for
 * each r < s, a convolution by every s-th weight (Shi et al., arXiv:1609.05158); all of them are one, of s times as many filters
 * along each axis, whose pixels are put in order as codes. What stands before the QuantizeLinear works on each element.
 */
function transposedOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const to = quantised(node)
  if (!to || !b.isUsedOnce(to.x)) return undefined
  const limit = ['Relu', 'Clip'].includes(to.x.producer?.operator ?? '') ? to.x.producer : undefined
  const floats = limit ? limit.input(0) : to.x
  const moved = movedFromZero(floats, b)
  const sums = moved?.value ?? floats
  const whole = b.uses(sums) === (moved ? 2 : 1) && sums.producer ? transposedOf(sums.producer) : undefined
  const phases = whole && phasesOf(whole)
  const steps = moved && whole && perFilter(moved.step, whole.filters, sums.rank - 2)
  if (!phases || (moved && !steps)) return undefined
  const each = (numbers: readonly number[], type: Value['type'] = 'float32'): Value =>
    b.constant(tensorFrom(type, [phases.count * numbers.length], Array(phases.count).fill(numbers).flat()))
  const oneOrEach = (numbers: readonly number[], type?: Value['type']): Value =>
    numbers.length === 1 ? b.scalar(numbers[0]!, type ?? 'float32') : each(numbers, type)
  const { x, w, bias } = whole
  const spatial = phases.kernel.map((_, i) => i + 2)
  const inputs = [
    b.op('Transpose', [b.reshape(x.codes, whole.dims)], { perm: [0, ...spatial, 1] }),
    b.constant(phases.weights),
    b.scalar(x.zero, x.codes.type),
    w.zeros.some((zero) => zero !== 0) ? oneOrEach(w.zeros, w.codes.type) : undefined,
    oneOrEach(w.scales.map((scale) => Math.fround(x.scale * scale))),
    bias && each(bias),
  ]
  const attributes = { kernel_shape: phases.kernel, pads: phases.pads, to: elementTypes.float32.code }
  let result = b.op('ConvIntegers', inputs, attributes, 'om')
  if (steps) result = b.op('Add', [result, b.op('Mul', [b.op('Sign', [result]), oneOrEach(steps)])])
  if (limit) result = b.op(limit.op, [result, ...limit.inputs.slice(1)], Object.fromEntries(limit.attributes))
  const ratio = b.op('Div', [result, b.scalar(to.scale, 'float32')])
  const zero = b.scalar(to.zero, 'float32')
  const codes = b.op('RoundTo', [ratio, zero], Object.fromEntries(node.attributes), 'om')
  const ordered = inOrder(codes, phases, b)
  return [b.op('Transpose', [ordered], { perm: [0, sums.rank - 1, ...spatial.map((axis) => axis - 1)] })]
}

/** The operands of a ConvTranspose. */
interface Transposed {
  readonly x: Codes
  /** Of x: [batch, channels, …spatial]. */
  readonly dims: Value['dims']
  /** [channels, filters, …kernel] */
  readonly w: Weights
  readonly filters: number
  readonly bias: readonly number[] | undefined
  readonly window: Window
}

/** Codes, with a scale and a zero point for all or for each filter. */
interface Weights {
  readonly codes: Value
  readonly scales: readonly number[]
  readonly zeros: readonly number[]
}

/** What {@link file://../nn/convolution-transpose.ts} has made a product of matrices and `AddWindows` of. */
function transposedOf(windows: Node): Transposed | undefined {
  const columns = windows.operator === 'om.AddWindows' ? unshaped(windows.input(0)).producer : undefined
  if (columns?.operator !== 'MatMul' || windows.int('group', 1) !== 1) return undefined
  const [x, w] = [dequantised(unshaped(columns.input(1))), weightsOf(columns.input(0), windows.int('filters', 0))]
  const bias = windows.inputs[1] && constantNumbers(windows.inputs[1])
  if (!x || !w || (windows.inputs[1] && !bias)) return undefined
  const [batch, , ...spatial] = windows.input(0).dims
  const dims = [batch!, w.codes.dims[0]!, ...spatial]
  return { x, dims, w, filters: Number(w.codes.dims[1]), bias, window: transposedWindow(windows) }
}

/** Weights that were turned when compiling. */
function weightsOf(turned: Value, filters: number): Weights | undefined {
  let node = turned.recipe?.node
  while (node?.operator === 'Transpose' || node?.operator === 'Reshape') node = node.input(0).recipe?.node
  const [codes, scale, zero] = node?.operator === 'om.Dequantize' ? node.inputs : []
  if (!codes?.constant || !isByte(codes.type) || !scale || !isStatic(codes.dims) || codes.dims[1] !== filters)
    return undefined
  const scales = perFilter(scale, filters, codes.rank - 2)
  const zeros = zero ? perFilter(zero, filters, codes.rank - 2) : [0]
  return scales?.every((one) => one > 0) && zeros ? { codes, scales, zeros } : undefined
}

/** A constant that is one number, or one for each filter, whose axis has `behind` others behind it. */
function perFilter(value: Value, filters: number, behind: number): readonly number[] | undefined {
  const numbers = constantNumbers(value)
  if (!numbers || numbers.length === 1) return numbers
  return numbers.length === filters && value.dims.at(-1 - behind) === filters ? numbers : undefined
}

function constantNumbers({ constant }: Value): readonly number[] | undefined {
  const numbers = constant && numbersOf(constant)
  return numbers && Array.from(numbers, Number)
}

/** A convolution of stride 1 for all places within a stride. */
interface Phases {
  readonly strides: readonly number[]
  /** How many there are: the product of the strides. */
  readonly count: number
  readonly kernel: readonly number[]
  readonly pads: readonly number[]
  /** [count · filters, channels, …kernel] */
  readonly weights: Tensor
  /** Where the result begins in their pixels that are put in order, and its sizes. */
  readonly begins: readonly number[]
  readonly sizes: readonly number[]
}

/** Zeros make kernels of one size of those of all phases; beyond so many times the weights they are more than floats would take. */
const MOST_WEIGHTS = 4

function phasesOf({ w, dims, window }: Transposed): Phases | undefined {
  const { strides, kernel: size, padsBegin: begins, input: sizes } = window
  const spatial = dims.slice(2)
  if (!isStatic(begins) || !isStatic(sizes) || !isStatic(spatial) || window.dilations.some((one) => one !== 1))
    return undefined
  const kernel = size.map((one, i) => Math.ceil(one / strides[i]!))
  const count = elementsOf(strides)
  if (count * elementsOf(kernel) > MOST_WEIGHTS * elementsOf(size)) return undefined
  if (begins.some((begin) => begin < 0) || spatial.includes(0)) return undefined
  // Pixels from the first to the last of the result, but no fewer than x has.
  const first = begins.map((begin, i) => Math.min(Math.floor(begin / strides[i]!), kernel[i]! - 1))
  const last = begins.map((begin, i) => Math.max(Math.floor((begin + sizes[i]! - 1) / strides[i]!), spatial[i]! - 1))
  const pads = [...kernel.map((one, i) => one - 1 - first[i]!), ...last.map((one, i) => one - spatial[i]! + 1)]
  return {
    strides,
    count,
    kernel,
    pads,
    weights: weightsOfPhases(w, strides, kernel),
    begins: begins.map((begin, i) => begin - first[i]! * strides[i]!),
    sizes,
  }
}

/** Weight t of phase r is that at r + s·t, the last first; where there is none, what stands for 0. */
function weightsOfPhases({ codes, zeros }: Weights, strides: readonly number[], kernel: readonly number[]): Tensor {
  const [channels, filters, ...size] = codes.dims as [number, number, ...number[]]
  const from = numbersOf(codes.constant!)!
  const [ofChannel, ofFilter, ...steps] = stridesOf([channels, filters, ...size]) as [number, number, ...number[]]
  const axes = strides.length
  const offsets = positionsOf([...strides, ...kernel], (index) => {
    const at = kernel.map((taps, i) => index[i]! + strides[i]! * (taps - 1 - index[axes + i]!))
    return at.every((one, i) => one < size[i]!) ? offsetOf(at, steps) : NOWHERE
  })
  const [phases, taps] = [elementsOf(strides), elementsOf(kernel)]
  const values: number[] = []
  for (let phase = 0; phase < phases; phase++) {
    const ofPhase = offsets.slice(phase * taps, (phase + 1) * taps)
    for (let filter = 0; filter < filters; filter++) {
      const zero = zeros[zeros.length === 1 ? 0 : filter]!
      for (let channel = 0; channel < channels; channel++) {
        const start = channel * ofChannel + filter * ofFilter
        for (const offset of ofPhase) values.push(offset === NOWHERE ? zero : Number(from[start + offset]!))
      }
    }
  }
  return tensorFrom(codes.type, [phases * filters, channels, ...kernel], values)
}

const NOWHERE = -1

/** [batch, …pixels, phases · filters] as [batch, …sizes, filters]. */
function inOrder(codes: Value, { strides, begins, sizes, count }: Phases, b: Builder): Value {
  const [batch, ...rest] = codes.dims
  const [pixels, filters] = [rest.slice(0, -1) as number[], Number(rest.at(-1)) / count]
  const axes = strides.length
  let whole = codes
  if (count > 1) {
    const apart = b.reshape(codes, [batch!, ...pixels, ...strides, filters])
    const perm = [0, ...strides.flatMap((_, i) => [1 + i, 1 + axes + i]), 1 + 2 * axes]
    const sizesOfAll = pixels.map((size, i) => size * strides[i]!)
    whole = b.reshape(b.op('Transpose', [apart], { perm }), [batch!, ...sizesOfAll, filters])
  }
  const isWhole = sizes.every((size, i) => whole.dims[i + 1] === size)
  const ends = sizes.map((size, i) => begins[i]! + size)
  return isWhole ? whole : b.op('Slice', [whole, b.ints(begins), b.ints(ends), b.ints(sizes.map((_, i) => i + 1))])
}

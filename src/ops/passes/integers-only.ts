import { isStatic, shapeEquals } from '../../graph/dim.ts'
import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { movedFromZero } from './integer-folding.ts'
import { quantisationOf } from './qdq.ts'
import { type Sides, summedByTables } from './byte-sums.ts'

/**
 * For microcontrollers: what stands between codes and codes, in integers, as floats take four times the memory and some compute
 * them by calls into a library (a keyword spotter's arena: 39 to 17 kB). Products are of integers already, and functions of
 * one tensor are tables (byte-tables.ts); here are averages, sums of two tensors and Softmax.
 */
export const integersOnly: readonly Rewrite[] = [
  averageOfCodes,
  averageOfDequantised,
  sumOfDequantised,
  softmaxOfDequantised,
]

/** Codes with one scale and one zero point, all known. */
interface Codes {
  readonly codes: Value
  readonly scale: number
  readonly zero: number
}

function isByte({ type }: Value): boolean {
  return type === 'uint8' || type === 'int8'
}

function dequantised(value: Value | undefined): Codes | undefined {
  const node = value?.producer
  if (node?.operator !== 'om.Dequantize' || !isByte(node.input(0))) return undefined
  const [scale, zero] = [numberOf(node.input(1)), node.inputs[2] ? numberOf(node.inputs[2]) : 0]
  return scale !== undefined && zero !== undefined && scale > 0 && Number.isFinite(scale)
    ? { codes: node.input(0), scale, zero }
    : undefined
}

/** What is quantised to bytes, by known numbers. */
function quantised(node: Node): { readonly x: Value; readonly scale: number; readonly zero: number } | undefined {
  const found = quantisationOf(node)
  if (!found || !isByte(node.output())) return undefined
  const [scale, zero] = [numberOf(found.scale), found.zeroPoint ? numberOf(found.zeroPoint) : 0]
  return scale !== undefined && zero !== undefined && scale > 0 ? { x: found.x, scale, zero } : undefined
}

/** What a pool over whole images takes: channels last. */
function averaged(value: Value): Value | undefined {
  const node = value.producer
  if (node?.operator === 'om.GlobalAveragePool2d') return node.input(0)
  if (node?.operator !== 'om.AveragePool2d') return undefined
  const [x, y] = [node.input(0), node.output()]
  const isWhole = (node.ints('kernel_shape') ?? []).every((size, i) => size === x.dims[i + 1])
  const isPadded =
    (node.ints('pads') ?? []).some((size) => size !== 0) || node.string('auto_pad', 'NOTSET') !== 'NOTSET'
  return isWhole && !isPadded && y.dims[1] === 1 && y.dims[2] === 1 ? x : undefined
}

function pixelsOf({ dims }: Value): number | undefined {
  const inner = dims.slice(1, -1)
  return isStatic(inner) ? inner.reduce<number>((count, dim) => count * Number(dim), 1) : undefined
}

/** Of more, sums of codes are not exact in float32. */
const MOST_PIXELS = 2 ** 16

/** Quantised averages of dequantised codes: the scale, and the number of them, are one factor of the sums. */
function averageOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const to = quantised(node)
  const moved = to && movedFromZero(to.x, b)
  const x = to && dequantised(averaged(moved?.value ?? to.x))
  const pixels = x && pixelsOf(x.codes)
  if (!pixels || pixels > MOST_PIXELS) return undefined
  const step = moved ? numberOf(moved.step) : 0
  if (step === undefined || !(step >= 0 && step < to.scale / 2)) return undefined
  return [average(node, b, x, { factor: x.scale / (to.scale * pixels), nudge: step / to.scale, zero: to.zero })]
}

interface Factor {
  readonly factor: number
  readonly nudge: number
  readonly zero: number
}

function average(node: Node, b: RewriteContext, { codes, zero }: Codes, to: Factor): Value {
  const { type } = node.output()
  const nudge = to.nudge > 0 ? b.scalar(to.nudge, 'float32') : undefined
  const inputs = [
    codes,
    b.scalar(zero, codes.type),
    b.scalar(Math.fround(to.factor), 'float32'),
    b.scalar(to.zero, type),
    nudge,
  ]
  return b.op('AverageBytes', inputs, { to: elementTypes[type].code }, 'om')
}

/** Averages of codes as they are, rounded half away from zero: TensorFlow Lite's (formats/tflite/operators/convolution.ts). */
function averageOfCodes(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.operator !== 'Cast' || !isByte(node.output())) return undefined
  const mean = roundedAway(node.input(0))
  const cast = mean && averaged(mean)?.producer
  if (cast?.operator !== 'Cast' || cast.input(0).type !== node.output().type) return undefined
  const codes = cast.input(0)
  const pixels = pixelsOf(codes)
  const nudge = pixels && nudgeForHalves(pixels)
  return nudge ? [average(node, b, { codes, scale: 1, zero: 0 }, { factor: 1 / pixels, nudge, zero: 0 })] : undefined
}

/** x of sign(x) · floor(|x| + 1/2). */
function roundedAway(value: Value): Value | undefined {
  const [sign, floor] = factorsOf(value)
  const add = floor?.producer?.operator === 'Floor' ? floor.producer.input(0).producer : undefined
  const [abs, half] = add?.operator === 'Add' ? [add.input(0), add.input(1)] : []
  const x = sign?.producer?.operator === 'Sign' ? sign.producer.input(0) : undefined
  const isAbs = abs?.producer?.operator === 'Abs' && abs.producer.input(0) === x
  return isAbs && half && numberOf(half) === 0.5 ? x : undefined
}

function factorsOf({ producer }: Value): readonly Value[] {
  return producer?.operator === 'Mul' ? [producer.input(0), producer.input(1)] : []
}

/** How far averages are moved away from 0 so that halves are, and nothing else: tried with every sum. */
function nudgeForHalves(pixels: number): number | undefined {
  if (pixels > 4096) return undefined
  const scale = Math.fround(1 / pixels)
  const isRight = (nudge: number): boolean => {
    for (let sum = 0; sum <= 255 * pixels; sum++) {
      const real = Math.fround(Math.fround(sum * scale) + nudge)
      // No half is left.
      if (Math.floor(real + 0.5) !== Math.floor((2 * sum + pixels) / (2 * pixels)) || real % 1 === 0.5) return false
    }
    return true
  }
  return [2 ** -12, 2 ** -14, 2 ** -10].find(isRight)
}

/** Sums and differences of two dequantised tensors, and what limits them. */
function sumOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const to = quantised(node)
  if (!to) return undefined
  const sides = sidesOf(node)
  if (!sides || !isStatic(sides.a.codes.dims) || !shapeEquals(sides.a.codes.dims, sides.b.codes.dims)) return undefined
  if (!shapeEquals(sides.a.codes.dims, node.output().dims)) return undefined
  return summedByTables(node, sides, to, b)
}

const BESIDE = new Set(['om.RoundTo', 'Div', 'Add', 'Sub', 'Mul', 'Sign', 'Relu', 'Clip'])

/** The two tensors of codes that a node is computed of, elementwise and else by constants of one element. */
function sidesOf(root: Node): Sides | undefined {
  const found = new Map<Node, Codes>()
  const nodes: Node[] = []
  const visit = (node: Node): boolean => {
    if (nodes.includes(node) || found.has(node)) return true
    const codes = dequantised(node.output())
    if (codes) return found.set(node, codes).size <= 2
    if (!BESIDE.has(node.operator) || nodes.length > 16) return false
    const isPlain = node.inputs.every(
      (input) => !input || numberOf(input) !== undefined || (input.producer && visit(input.producer)),
    )
    nodes.push(node)
    return isPlain
  }
  if (!visit(root) || found.size !== 2) return undefined
  const [a, other] = [...found].map(([node, codes]) => ({ node, ...codes }))
  return { a: a!, b: other!, nodes, isDifference: nodes.some(({ operator }) => operator === 'Sub') }
}

/** What is quantised of e to the power of differences of codes, over their sum. */
function softmaxOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const to = quantised(node)
  const softmax = to?.x.producer
  if (!to || softmax?.operator !== 'Softmax') return undefined
  const x = dequantised(softmax.input(0))
  const axis = softmax.int('axis', -1)
  const columns = x?.codes.dims.at(-1)
  const unit = digitsOf(to.scale)
  if (!x || (axis !== -1 && axis !== x.codes.rank - 1) || typeof columns !== 'number' || columns > 2 ** 16)
    return undefined
  if (unit.power < -40 || unit.power > 0) return undefined
  const powers = Array.from({ length: 256 }, (_, codes) => Math.round(Math.exp(-codes * x.scale) * 2 ** 23))
  const { type } = node.output()
  const attributes = { ...unit, zero: to.zero, to: elementTypes[type].code }
  return [b.op('SoftmaxBytes', [x.codes, b.constant(tensorFrom('uint32', [256], powers))], attributes, 'om')]
}

/** A float32 as digits · 2^power. */
function digitsOf(value: number): { readonly digits: number; readonly power: number } {
  const power = Math.floor(Math.log2(value)) - 23
  return { digits: value / 2 ** power, power }
}

import { type Dim, dimKey, isAtLeast, multiply } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { literal, storeElement } from '../../lowering/c-text.ts'
import { numbersOf } from '../../graph/fold.ts'
import { choiceOf } from '../../graph/choice.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { castTo, widenNarrowFloats } from '../../lowering/widen.ts'
import { pixelFields } from '../../lowering/window.ts'

const coordinates: Readonly<Record<string, string>> = {
  half_pixel: 'OM_HALF_PIXEL',
  half_pixel_symmetric: 'OM_HALF_PIXEL_SYMMETRIC',
  pytorch_half_pixel: 'OM_PYTORCH_HALF_PIXEL',
  align_corners: 'OM_ALIGN_CORNERS',
  asymmetric: 'OM_ASYMMETRIC',
  tf_crop_and_resize: 'OM_TF_CROP_AND_RESIZE',
  // Of Resize-11, which tf2onnx wrote.
  tf_half_pixel_for_nn: 'OM_TF_HALF_PIXEL_FOR_NN',
}

const roundings: Readonly<Record<string, string>> = {
  round_prefer_floor: 'OM_ROUND_PREFER_FLOOR',
  round_prefer_ceil: 'OM_ROUND_PREFER_CEIL',
  floor: 'OM_ROUND_FLOOR',
  ceil: 'OM_ROUND_CEIL',
}

/** What `nearest_mode` of a ResizeAxis may be beside those: as Resize-10, which has no such attribute. */
const axisRoundings: Readonly<Record<string, string>> = {
  ...roundings,
  ceil_where_smaller: 'scale < 1 ? OM_ROUND_CEIL : OM_ROUND_FLOOR',
}

/** Inputs of a Resize, wherever its version has them. */
interface Given {
  readonly roi: Value | undefined
  readonly scales: Value | undefined
  readonly sizes: Value | undefined
}

/** sizeof(om_resize_taps) of resize.h. */
const TAPS_BYTES = 48

/** Beyond, no size would be an address. */
const LARGEST_SCALE = 2 ** 26

function knownScales(node: Node, scales: Value | undefined): readonly number[] | undefined {
  const numbers = scales?.constant && Array.from(numbersOf(scales.constant) ?? [])
  const odd = numbers?.find((scale) => !(scale > 0 && scale <= LARGEST_SCALE))
  if (odd === undefined) return numbers
  throw node.error('MODEL_SHAPE', `a scale is ${odd}, but should be positive and at most ${LARGEST_SCALE}`)
}

/** Axes that a Resize is about. */
function axesOf(node: Node): readonly number[] {
  const { rank, dims } = node.input(0)
  const axes = node.ints('axes')?.map((axis) => normalizeAxis(node, axis, rank))
  if (axes && new Set(axes).size < axes.length) throw node.error('MODEL_ATTRIBUTE', 'axes names an axis twice')
  return axes ?? dims.map((_, axis) => axis)
}

/** One scale or size for each axis, and a region of as many beginnings and ends; empty ones are none (see `present`). */
function agreeAxes(node: Node): Agreement[] {
  const count = axesOf(node).length
  const entries = (input: number, expected: number): Agreement[] =>
    present(node.inputs[input]) ? [entriesPerAxis(input, expected, count)] : []
  return [...entries(2, count), ...entries(3, count), ...(crops(node) ? entries(1, 2 * count) : [])]
}

function entriesPerAxis(input: number, expected: number, count: number): Agreement {
  return { input, axis: 0, expected, as: `${count} axes need` }
}

/** The same for older versions, which have scales only. */
function agreeScales(node: Node): Agreement[] {
  const { rank } = node.input(0)
  return node.inputs[1] ? [entriesPerAxis(1, rank, rank)] : []
}

const policies = { stretch: 'stretch', not_larger: 'not_larger', not_smaller: 'not_smaller' } as const

function policyOf(node: Node): keyof typeof policies {
  return choiceOf<keyof typeof policies>(node, 'keep_aspect_ratio_policy', 'stretch', policies)
}

/** Whether only a region of the input is resized. */
function crops(node: Node): boolean {
  return node.string('coordinate_transformation_mode') === 'tf_crop_and_resize'
}

/** One ResizeAxis per axis that changes; linear and cubic modes are computed in floating point. */
function resizeAxes(node: Node, b: Builder, given: Given, more: Readonly<Record<string, string>> = {}): Value {
  const x = node.input(0)
  const mode = node.string('mode', 'nearest').replace(/^bi(?=linear|cubic)/, '')
  if (!['nearest', 'linear', 'cubic'].includes(mode))
    throw node.error('MODEL_ATTRIBUTE', `mode ${JSON.stringify(mode)} is not one of nearest, linear, cubic`)
  choiceOf(node, 'coordinate_transformation_mode', 'half_pixel', coordinates)
  choiceOf(node, 'nearest_mode', 'round_prefer_floor', roundings)
  const axes = axesOf(node)
  const scales = knownScales(node, given.scales)
  const original = b.dims(axes.map((axis) => x.dims[axis]!))
  const attributes = Object.fromEntries([...node.attributes].filter(([name]) => name !== 'axes' && name !== 'scales'))
  const real = mode === 'nearest' || x.type === 'float64' ? x.type : 'float32'
  const roi = given.roi && crops(node) ? castTo(b, given.roi, 'float64') : undefined
  if (!roi && crops(node)) throw node.error('MODEL_MISSING_INPUT', 'roi must be given to crop')
  let value = castTo(b, x, real)
  axes.forEach((axis, at) => {
    const size = given.sizes?.contents?.[at]
    const stays = scales?.[at] === 1 || (size !== undefined && dimKey(size) === dimKey(x.dims[axis]!))
    if (stays && !crops(node) && policyOf(node) === 'stretch') return
    const inputs = [value, roi, given.scales, given.sizes, original]
    value = b.op('ResizeAxis', inputs, { ...attributes, ...more, mode, axis, at, count: axes.length }, 'om')
  })
  // Integers are cut to whole numbers. A sum that is one but for float32's rounding should not become the one below.
  const cut = value.type === x.type ? value : b.op('Mul', [value, b.scalar(1 + 2 ** -21, value.type)])
  return castTo(b, cut, x.type)
}

/** An optional input that is there: exporters give empty tensors for inputs that they leave out. */
function present(value: Value | undefined): Value | undefined {
  return value?.dims[0] === 0 ? undefined : value
}

/** ONNX Resize-11 … 19. */
const Resize: LoweredOperator = {
  name: 'Resize',
  since: 11,
  rules: takes('X:any roi?:float[_] scales?:float32[_] sizes?:int64[_]', {}, agreeAxes),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const [scales, sizes] = [present(node.inputs[2]), present(node.inputs[3])]
    if (!scales === !sizes) throw node.error('MODEL_MISSING_INPUT', 'either scales or sizes must be given')
    return [resizeAxes(node, b, { roi: present(node.inputs[1]), scales, sizes })]
  },
}

/**
 * What Resize-10 and Upsample do: corners of elements coincide, and the left neighbour is the nearest, or the right one
 * where there are fewer elements than before (onnxruntime, and the examples of Resize-10's page).
 */
const asymmetric = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'ceil_where_smaller' }

const Resize10: LoweredOperator = {
  name: 'Resize',
  since: 10,
  rules: takes('X:any scales:float32[_]', {}, agreeScales),
  infer: (node) => [node.input(0)],
  decompose: (node, b) => [
    resizeAxes(node, b, { roi: undefined, scales: node.input(1), sizes: undefined }, asymmetric),
  ],
}

/** ONNX Upsample-7 (scales are an attribute) and 9. */
const Upsample: LoweredOperator = {
  name: 'Upsample',
  rules: takes('X:any scales?:float32[_]', {}, agreeScales),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const listed = node.floats('scales')
    const scales =
      node.inputs[1] ?? (listed && b.op('Constant', [], { value_floats: { kind: 'floats', value: listed } }))
    if (!scales) throw node.error('MODEL_MISSING_INPUT', 'scales must be given')
    if (listed && listed.length !== node.input(0).rank)
      throw node.error('MODEL_ATTRIBUTE', `${listed.length} scales are given for ${node.input(0).rank} axes`)
    return [resizeAxes(node, b, { roi: undefined, scales, sizes: undefined }, asymmetric)]
  },
}

/** Scale and output size of one axis: `undefined` where they are data. */
function knownSize(node: Node): { scale: number; size: Dim } | undefined {
  const at = node.int('at', 0)
  const dims = node.input(4).contents!
  const dim = dims[at]!
  const scale = knownScales(node, node.inputs[2])?.[at]
  // Scales are float32, and so is their product with a size: 3 times a third is 1.
  if (scale !== undefined && typeof dim === 'number') return { scale, size: Math.floor(Math.fround(dim * scale)) }
  if (scale !== undefined && Number.isInteger(scale)) return { scale, size: multiply(dim, scale) }
  const sizes = node.inputs[3]?.contents
  const size = sizes?.[at]
  if (typeof size === 'number' && size < 0) throw node.error('MODEL_SHAPE', `a size is ${size}, which is negative`)
  if (typeof dim !== 'number' || typeof size !== 'number') return undefined
  const policy = policyOf(node)
  if (policy === 'stretch') return { scale: size / dim, size }
  const scales = dims.map((other, i) => Number(sizes![i]) / Number(other))
  if (!scales.every(Number.isFinite)) return undefined
  const common = policy === 'not_larger' ? Math.min(...scales) : Math.max(...scales)
  return { scale: common, size: Math.floor(common * dim + 0.5) }
}

/** Whether the shape says how large the result of a ResizeAxis is: nothing has to be read from data. */
export function isSized(node: Node): boolean {
  return knownSize(node) !== undefined || listedSize(node) !== undefined
}

/** The size that is asked for, where that is known and no policy changes it. */
function listedSize(node: Node): Dim | undefined {
  return policyOf(node) === 'stretch' ? node.inputs[3]?.contents?.[node.int('at', 0)] : undefined
}

/** Declares `scale` in C, and `size` with it. */
function writeScale(node: Node, k: KernelWriter): void {
  const known = knownSize(node)
  if (known) {
    k.line(`const double scale = ${literal('float64', known.scale)};`)
    return
  }
  const at = node.int('at', 0)
  const dims = node.input(4).contents!.map((dim) => k.dim(dim))
  const policy = policyOf(node)
  if (node.inputs[2]) k.line(`const double scale = ${k.input(2)}[${at}];`)
  else if (policy === 'stretch') k.line(`const double scale = (double)${k.input(3)}[${at}] / (double)${dims[at]};`)
  else {
    const candidates = dims.map((dim, i) => `(double)${k.input(3)}[${i}] / (double)${dim}`)
    const pick = policy === 'not_larger' ? 'fmin' : 'fmax'
    k.line(`const double scale = ${candidates.reduce((a, c) => `${pick}(${a}, ${c})`)};`)
  }
}

/** Ends the call where the scale is none. */
function checkScale(node: Node, k: KernelWriter): void {
  if (knownSize(node)) return
  k.include('resize.h')
  k.line('{')
  writeScale(node, k)
  const tooLarge = `!(scale * (double)${k.dim(node.input(4).contents![node.int('at', 0)]!)} <= (double)OM_MAX_DIM)`
  k.failIf(`!(scale > 0) || ${tooLarge}`, 'a scale is not positive, or too large')
  k.line('}')
}

/** Ends the call where elements are asked for and there are none; `size`: how many along the axis. */
function checkSource(node: Node, k: KernelWriter, size: string): void {
  const [axis, from] = [node.int('axis', 0), node.input(0).dims]
  const [extent, others] = [from[axis]!, k.count(from.with(axis, 1))]
  if (isAtLeast(extent, 1)) return
  k.failIf(`${k.dim(extent)} == 0 && ${size} > 0 && ${others} > 0`, 'an axis without elements can not be resized')
}

/** The compiler's own: one axis of a Resize. Inputs: data, roi, scales, sizes, the dimensions that those are for. */
const ResizeAxis: LoweredOperator = {
  name: 'ResizeAxis',
  domain: 'om',
  rules: takes('x:any roi?:float64[_] scales?:float32[_] sizes?:int64[_] original:int64[_]'),
  sizedBy: [1, 2, 3],
  infer(node, context): ValueInfo[] {
    const { type, dims } = node.input(0)
    const size = knownSize(node)?.size ?? listedSize(node) ?? context.freshDim()
    return [{ type, shape: dims.with(node.int('axis', 0), size) }]
  },
  decompose: (node, b) => (node.string('mode') === 'nearest' ? undefined : widenNarrowFloats(node, b)),
  check(node, k) {
    checkScale(node, k)
    if (isSized(node)) checkSource(node, k, k.dim(node.output().dims[node.int('axis', 0)]!))
  },
  sizes(node, k) {
    const at = node.int('at', 0)
    const policy = policyOf(node)
    if (isSized(node)) return
    const target = k.symbol(node.output().dims[node.int('axis', 0)]!)
    k.include('resize.h')
    if (!node.inputs[2] && policy === 'stretch') k.line(`*${target} = ${k.input(3)}[${at}];`)
    else {
      writeScale(node, k)
      const size = `scale * (double)${k.dim(node.input(4).contents![at]!)}`
      k.line(`*${target} = (int64_t)floor(${node.inputs[2] ? `(float)(${size})` : `${size} + 0.5`});`)
    }
    checkSource(node, k, `*${target}`)
  },
  // Of the axis before the last, an element is a pixel.
  pixelsApart: (node) => (node.int('axis', 0) === node.output().rank - 2 ? [0] : undefined),
  lower(node, k) {
    const { type, dims } = node.input(0)
    const [axis, at, count] = [node.int('axis', 0), node.int('at', 0), node.int('count', 1)]
    const out = node.output().dims
    const roi = node.inputs[1] ? k.input(1) : undefined
    const extrapolation = node.float('extrapolation_value', 0)
    const { x_pixel = 0, y_pixel = 0 } = axis === out.length - 2 ? pixelFields(k, node.input(0), node.output()) : {}
    k.include('resize.h')
    if (!isAtLeast(dims[axis]!, 1)) k.line(`if (${k.count(out)} == 0) return;`)
    writeScale(node, k)
    k.line(
      `const om_resize r = {${k.count(dims.slice(0, axis))}, ${k.dim(dims[axis]!)}, ${k.dim(out[axis]!)}, ${k.count(dims.slice(axis + 1))}, ` +
        `${choiceOf(node, 'coordinate_transformation_mode', 'half_pixel', coordinates)}, scale, ${!node.inputs[2] && node.string('keep_aspect_ratio_policy', 'stretch') === 'stretch'}, ` +
        `${roi ? `${roi}[${at}], ${roi}[${at + count}]` : '0, 1'}, ${literal('float64', extrapolation)}, ${k.dim(x_pixel)}, ${k.dim(y_pixel)}};`,
    )
    if (node.string('mode') === 'nearest') {
      if (type === 'string' || type.startsWith('complex'))
        throw node.error('UNSUPPORTED_TYPE', `resizing of ${type} is not supported`)
      k.include('types.h')
      k.line(`__typeof__(*${k.output()}) filler;`)
      k.line(
        storeElement(
          type,
          'filler',
          literal(type, type.startsWith('float') || type === 'bfloat16' ? extrapolation : Math.trunc(extrapolation)),
        ),
      )
      const rounding = choiceOf(node, 'nearest_mode', 'round_prefer_floor', axisRoundings)
      const picks = k.scratch(multiply(out[axis]!, 8), 'int64_t')
      shareElements(k, out)
      k.line(`om_resize_nearest(${k.input(0)}, ${k.output()}, &r, ${rounding}, &filler, sizeof filler, ${picks});`)
      return
    }
    const antialias = Boolean(node.int('antialias', 0))
    const taps = antialias ? 'NULL' : k.scratch(multiply(out[axis]!, TAPS_BYTES), 'om_resize_taps')
    const ownBytes = antialias ? multiply(dims[axis]!, 8) : 0
    const weights = antialias ? k.scratch(ownBytes, 'double') : 'NULL'
    const support = node.string('mode') === 'cubic' ? 2 : 1
    // Along the last axis neighbours are no vectors.
    shareElements(k, out, axis === out.length - 1 ? 4 * support : 1, ownBytes)
    const flags = `${antialias}, ${Boolean(node.int('exclude_outside', 0))}`
    k.line(`const om_filter f = {${support}, ${literal('float64', node.float('cubic_coeff_a', -0.75))}, ${flags}};`)
    k.line(
      `om_resize_${type === 'float64' ? 'f64' : 'f32'}(${k.input(0)}, ${k.output()}, &r, &f, ${taps}, ${weights});`,
    )
  },
  flops: (node) => multiply(node.output().dims.reduce(multiply, 1), node.string('mode') === 'nearest' ? 0 : 4),
}

export const resizing: readonly LoweredOperator[] = [Resize, Resize10, Upsample, ResizeAxis]

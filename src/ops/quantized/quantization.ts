import type { IntName } from '../../graph/attributes.ts'
import { ceilDivide, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { broadcastTo } from '../../graph/demands.ts'
import { type Agreement, sameSize, sizeOrOne, takes } from '../../graph/rules.ts'
import { type ElementType, elementTypeOf, elementTypes, isFloat } from '../../onnx/element-type.ts'
import { foldElementwise } from '../../graph/fold.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { roundToEven } from '../../graph/rounding.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { castTo } from '../../lowering/widen.ts'

/** Types that are quantised, and types that they become. */
const FLOATS = 'float16|bfloat16|float32'
const QUANTIZED = 'byte|int16|uint16|small|float8|float4e2m1'

/** One element for all, known to be one. */
export function isSingle(parameter: Value): boolean {
  return parameter.rank === 0 || (parameter.rank === 1 && parameter.dims[0] === 1)
}

/**
 * Scale and zero point: one for all, one per index of `axis`, or one per block of `block_size` of them (ONNX
 * QuantizeLinear-21).
 */
function agreeParameters(node: Node): Agreement[] {
  const x = node.input(0)
  return [1, 2].flatMap((input) => {
    const parameter = node.inputs[input]
    if (!parameter || isSingle(parameter)) return []
    const axis = normalizeAxis(node, node.int('axis', 1), x.rank)
    const block = node.int('block_size', 0)
    if (parameter.rank !== (block === 0 ? 1 : x.rank)) {
      const [own, all] = [parameter, x].map(({ dims }) => `[${dims.join(', ')}]`)
      const as = block === 0 ? `axis ${axis} of ${all}` : `blocks of ${block} along axis ${axis} of ${all}`
      throw node.error('MODEL_SHAPE', `a scale or zero point of shape ${own} does not go with ${as}`)
    }
    if (block === 0) return [sizeOrOne(node, [input, 0], [0, axis])]
    return parameter.dims.map((_, i) =>
      i === axis
        ? { input, axis, expected: ceilDivide(x.dims[axis]!, block), as: `blocks of ${block} need` }
        : sameSize(node, [input, i], [0, i]),
    )
  })
}

/** Scale or zero point, shaped to broadcast to `x`. */
function aligned(node: Node, b: Builder, parameter: Value, x: Value): Value {
  if (isSingle(parameter)) return parameter
  const axis = normalizeAxis(node, node.int('axis', 1), x.rank)
  const block = node.int('block_size', 0)
  if (block === 0) {
    const behind = x.dims.slice(axis + 1).map((_, i) => i + 1)
    return behind.length > 0 ? b.op('Unsqueeze', [parameter, b.ints(behind)]) : parameter
  }
  const extent = x.dims[axis]!
  if (typeof extent !== 'number')
    throw node.error('UNSUPPORTED_DYNAMIC', `axis ${axis}, which is quantised in blocks, must have a known size`)
  const blockOfIndex = Array.from({ length: extent }, (_, i) => Math.floor(i / block))
  return b.op('Gather', [parameter, b.ints(blockOfIndex)], { axis })
}

/** The type that an attribute names by its number; `undefined` where it is absent or 0. */
function typeAttribute(node: Node, name: IntName): ElementType | undefined {
  const code = node.int(name, 0)
  const type = elementTypeOf(code)
  if (code !== 0 && !type) throw node.error('MODEL_ATTRIBUTE', `${name} is ${code}, which is no element type`)
  return code === 0 ? undefined : type
}

/** The same for types that are computed with. */
function floatAttribute(node: Node, name: IntName): ElementType | undefined {
  const type = typeAttribute(node, name)
  if (type === undefined || FLOATS.split('|').includes(type)) return type
  throw node.error('MODEL_ATTRIBUTE', `${name} is ${type}, but should be one of ${FLOATS.replaceAll('|', ', ')}`)
}

function quantizedType(node: Node): ElementType {
  const [given, asked] = [node.inputs[2]?.type, typeAttribute(node, 'output_dtype')]
  if (given && asked && given !== asked)
    throw node.error('MODEL_TYPES', `output_dtype is ${asked}, but the zero point is of type ${given}`)
  const type = given ?? asked ?? 'uint8'
  if (elementTypes[type].bits > 16 || type === 'bool' || type === 'string')
    throw node.error('MODEL_TYPES', `numbers can't be quantised to ${type}`)
  return type
}

/** ONNX QuantizeLinear-10 … 25: saturate(round(x / scale) + zero point). Floats of few bits take no rounding but their own. */
const QuantizeLinear: LoweredOperator = {
  name: 'QuantizeLinear',
  rules: takes(`x:${FLOATS}|int32 y_scale:${FLOATS}|int32|float8e8m0 y_zero_point?:${QUANTIZED}`, {}, agreeParameters),
  infer: (node) => [{ type: quantizedType(node), shape: node.input(0).shape }],
  decompose(node, b) {
    const [x, scale, zeroPoint] = [node.input(0), node.input(1), node.inputs[2]]
    const to = quantizedType(node)
    const precision = floatAttribute(node, 'precision') ?? 'float32'
    // A Cast and not castTo: what the attribute asks for is to be rounded to.
    const rounded = (value: Value): Value => {
      const wide = castTo(b, value, 'float32')
      if (precision === 'float32') return wide
      return castTo(b, b.op('Cast', [wide], { to: elementTypes[precision].code }), 'float32')
    }
    const ratio = rounded(b.op('Div', [rounded(x), rounded(aligned(node, b, scale, x))]))
    if (isFloat(to)) return [b.op('Cast', [ratio], { to: elementTypes[to].code, saturate: node.int('saturate', 1) })]
    const offset = zeroPoint && castTo(b, aligned(node, b, zeroPoint, x), 'float32')
    return [b.op('RoundTo', [castTo(b, ratio, 'float32'), offset], { to: elementTypes[to].code }, 'om')]
  },
}

/** Least and greatest number of an integer type, at most 16 bits wide. */
function rangeOf(type: ElementType): readonly [number, number] {
  const span = 2 ** elementTypes[type].bits
  return type.startsWith('u') ? [0, span - 1] : [-span / 2, span / 2 - 1]
}

/** The compiler's own: a float rounded to an integer type, moved by a zero point (a float, too), saturating. */
const RoundTo: LoweredOperator = {
  name: 'RoundTo',
  domain: 'om',
  rules: takes('x:float32 zero_point?:float32', {}, (node) => {
    const [x, zeroPoint] = [node.input(0), node.inputs[1]]
    return zeroPoint ? [...broadcastTo(node, x.dims, [{ input: 1, from: 0, dims: zeroPoint.dims }])] : []
  }),
  infer(node): ValueInfo[] {
    return [{ type: elementTypeOf(node.int('to', 0))!, shape: node.input(0).shape }]
  },
  fold(node) {
    const type = elementTypeOf(node.int('to', 0))!
    const [low, high] = rangeOf(type)
    // As om_quantize: NaN gives the least number.
    const onNumbers = (x: number, offset = 0): number => {
      const moved = Math.fround(roundToEven(x) + offset)
      return moved > low ? Math.min(high, moved) : low
    }
    return foldElementwise(node, type, { onNumbers })
  },
  scalar(node, [x, zeroPoint], k) {
    const { type } = node.output()
    const [low, high] = rangeOf(type)
    k.include('quantize.h')
    return `(${elementTypes[type].c})om_quantize(${x}, ${zeroPoint || '0.0f'}, ${low}.0f, ${high}.0f)`
  },
}

/** ONNX DequantizeLinear-10 … 25: (x - zero point) * scale, computed in float32 and given in the scale's type. */
const DequantizeLinear: LoweredOperator = {
  name: 'DequantizeLinear',
  rules: takes(`x:T x_scale:${FLOATS}|float8e8m0 x_zero_point?:T`, { T: `${QUANTIZED}|int32` }, agreeParameters),
  infer: (node) => [{ type: floatAttribute(node, 'output_dtype') ?? node.input(1).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const [x, scale, zeroPoint] = [node.input(0), node.input(1), node.inputs[2]]
    const to = floatAttribute(node, 'output_dtype') ?? scale.type
    const wide = (value: Value): Value => castTo(b, value, 'float32')
    if (!isFloat(x.type)) {
      const parameters = [wide(aligned(node, b, scale, x)), zeroPoint && aligned(node, b, zeroPoint, x)]
      return [castTo(b, b.op('Dequantize', [x, ...parameters], {}, 'om'), to)]
    }
    const moved = zeroPoint ? b.op('Sub', [wide(x), wide(aligned(node, b, zeroPoint, x))]) : wide(x)
    return [castTo(b, b.op('Mul', [moved, wide(aligned(node, b, scale, x))]), to)]
  },
}

/** The compiler's own: (x - zero point) * scale of integers, as float32. The rules of qdq.ts look for it. */
const Dequantize: LoweredOperator = {
  name: 'Dequantize',
  domain: 'om',
  rules: takes('x:T scale:float32 zero_point?:T', { T: 'byte|int16|uint16|small|int32' }, (node) => {
    const parameters = [1, 2].flatMap((input) => {
      const parameter = node.inputs[input]
      return parameter ? [{ input, from: 0, dims: parameter.dims }] : []
    })
    return [...broadcastTo(node, node.input(0).dims, parameters)]
  }),
  infer: (node) => [{ type: 'float32', shape: node.input(0).shape }],
  fold(node) {
    const onNumbers = (x: number, scale: number, zeroPoint = 0): number =>
      Math.fround(Math.fround(x) - Math.fround(zeroPoint)) * scale
    return foldElementwise(node, 'float32', { onNumbers, mixes: true })
  },
  scalar: (_node, [x, scale, zeroPoint]) =>
    `(((float)${x} - ${zeroPoint ? `(float)${zeroPoint}` : '0.0f'}) * ${scale})`,
}

/** ONNX DynamicQuantizeLinear-11, its function body; a tensor of zeros has scale 1 instead of a division by zero. */
const DynamicQuantizeLinear: LoweredOperator = {
  name: 'DynamicQuantizeLinear',
  rules: takes('x:float32'),
  infer: (node) => [
    { type: 'uint8', shape: node.input(0).shape },
    { type: 'float32', shape: [] },
    { type: 'uint8', shape: [] },
  ],
  decompose(node, b) {
    const x = node.input(0)
    const zero = b.scalar(0, 'float32')
    const [low, high] = b.ops('RangeWithZero', [x], 2, {}, 'om') as [Value, Value]
    const span = b.op('Div', [b.op('Sub', [high, low]), b.scalar(255, 'float32')])
    const scale = b.op('Where', [b.op('Equal', [span, zero]), b.scalar(1, 'float32'), span])
    const zeroPoint = b.op('RoundTo', [b.op('Div', [b.op('Neg', [low]), scale])], { to: elementTypes.uint8.code }, 'om')
    return [b.op('QuantizeLinear', [x, scale, zeroPoint]), scale, zeroPoint]
  },
}

/** OM_RANGE_PARTS of quantize.h. */
const RANGE_PARTS = 32

/** The compiler's own: the smallest and the largest of all elements and 0. */
const RangeWithZero: LoweredOperator = {
  name: 'RangeWithZero',
  domain: 'om',
  rules: takes('x:float32'),
  infer: () => [
    { type: 'float32', shape: [] },
    { type: 'float32', shape: [] },
  ],
  lower(node, k) {
    k.include('quantize.h')
    shareElements(k, node.input(0).dims, 0.5)
    const sizes = `${k.input(0)}, ${k.count(node.input(0).dims)}`
    k.line(`om_range_f32(${sizes}, ${k.output(0)}, ${k.output(1)}, ${k.scratch(8 * RANGE_PARTS, 'float')});`)
  },
  flops: (node) => product(node.input(0).dims),
}

export const quantizations: readonly LoweredOperator[] = [
  QuantizeLinear,
  RoundTo,
  DequantizeLinear,
  Dequantize,
  DynamicQuantizeLinear,
  RangeWithZero,
]

import type { IntName } from '../graph/attributes.ts'
import { type Dim, dimEquals } from '../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import { type ElementType, elementTypeOf, elementTypes, isFloat } from '../onnx/element-type.ts'
import { numbersOf, tensorOrDecline } from './fold.ts'
import type { LoweredOperator } from './lowering.ts'
import { normalizeAxis } from './shape-contents.ts'
import { castTo } from './widen.ts'

/**
 * Scale or zero point, shaped to broadcast to `x`: one for all, one per index of `axis`, or one per block of
 * `block_size` of them (ONNX QuantizeLinear-21).
 */
function aligned(node: Node, b: Builder, parameter: Value, x: Value): Value {
  if (parameter.rank === 0 || (parameter.rank === 1 && parameter.dims[0] === 1)) return parameter
  const axis = normalizeAxis(node, node.int('axis', 1), x.rank)
  const block = node.int('block_size', 0)
  if (block === 0) {
    if (parameter.rank !== 1 || mayDiffer(parameter.dims[0]!, x.dims[axis]!)) {
      throw node.error(
        'MODEL_SHAPE',
        `a scale or zero point of shape [${parameter.dims.join(', ')}] does not go with axis ${axis} of [${x.dims.join(', ')}]`,
      )
    }
    const behind = x.dims.slice(axis + 1).map((_, i) => i + 1)
    return behind.length > 0 ? b.op('Unsqueeze', [parameter, b.ints(behind)]) : parameter
  }
  const extent = x.dims[axis]!
  if (typeof extent !== 'number')
    throw node.error('UNSUPPORTED_DYNAMIC', `axis ${axis}, which is quantised in blocks, must have a known size`)
  if (block < 0 || parameter.rank !== x.rank || mayDiffer(parameter.dims[axis]!, Math.ceil(extent / block))) {
    throw node.error(
      'MODEL_SHAPE',
      `scales of shape [${parameter.dims.join(', ')}] are not one per ${block} along axis ${axis} of [${x.dims.join(', ')}]`,
    )
  }
  const blockOfIndex = Array.from({ length: extent }, (_, i) => Math.floor(i / block))
  return b.op('Gather', [parameter, b.ints(blockOfIndex)], { axis })
}

function mayDiffer(a: Dim, b: Dim): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a !== b : !dimEquals(a, b) && typeof a === typeof b
}

/** The type that an attribute names by its number; `undefined` where it is absent or 0. */
function typeAttribute(node: Node, name: IntName): ElementType | undefined {
  const code = node.int(name, 0)
  const type = elementTypeOf(code)
  if (code !== 0 && !type) throw node.error('MODEL_ATTRIBUTE', `${name} is ${code}, which is no element type`)
  return code === 0 ? undefined : type
}

function quantizedType(node: Node): ElementType {
  const type = node.inputs[2]?.type ?? typeAttribute(node, 'output_dtype') ?? 'uint8'
  if (elementTypes[type].bits > 16 || type === 'bool' || type === 'string')
    throw node.error('MODEL_TYPES', `numbers can't be quantised to ${type}`)
  return type
}

/** ONNX QuantizeLinear-10 … 25: saturate(round(x / scale) + zero point). Floats of few bits take no rounding but their own. */
const QuantizeLinear: LoweredOperator = {
  name: 'QuantizeLinear',
  infer: (node) => [{ type: quantizedType(node), shape: node.input(0).shape }],
  decompose(node, b) {
    const [x, scale, zeroPoint] = [node.input(0), node.input(1), node.inputs[2]]
    const to = quantizedType(node)
    const precision = typeAttribute(node, 'precision') ?? 'float32'
    const ratio = b.op('Div', [castTo(b, x, precision), castTo(b, aligned(node, b, scale, x), precision)])
    if (isFloat(to)) return [b.op('Cast', [ratio], { to: elementTypes[to].code, saturate: node.int('saturate', 1) })]
    const offset = zeroPoint && aligned(node, b, zeroPoint, x)
    return [b.op('RoundTo', [castTo(b, ratio, 'float32'), offset], { to: elementTypes[to].code }, 'om')]
  },
}

/** Least and greatest number of an integer type, at most 16 bits wide. */
function rangeOf(type: ElementType): readonly [number, number] {
  const span = 2 ** elementTypes[type].bits
  return type.startsWith('u') ? [0, span - 1] : [-span / 2, span / 2 - 1]
}

/** The compiler's own: a float rounded to an integer type, moved by a zero point of that type, saturating. */
const RoundTo: LoweredOperator = {
  name: 'RoundTo',
  domain: 'om',
  infer(node): ValueInfo[] {
    return [{ type: elementTypeOf(node.int('to', 0))!, shape: node.input(0).shape }]
  },
  fold(node) {
    const { dims } = node.input(0).constant!
    const zeroPoint = node.inputs[1]?.constant
    const [numbers, offsets] = [numbersOf(node.input(0).constant!), zeroPoint ? numbersOf(zeroPoint) : [0]]
    const values = Array.from(numbers ?? [NaN])
    if (offsets?.length !== 1 || values.some(Number.isNaN)) return undefined
    const type = elementTypeOf(node.int('to', 0))!
    const [low, high] = rangeOf(type)
    return tensorOrDecline(
      type,
      dims,
      values.map((value) => Math.min(high, Math.max(low, roundToEven(value) + offsets[0]!))),
    )
  },
  scalar(node, [x, zeroPoint], k) {
    const { type } = node.output()
    const [low, high] = rangeOf(type)
    k.include('quantize.h')
    return `(${elementTypes[type].c})om_quantize(${x}, ${zeroPoint ? `(float)${zeroPoint}` : '0.0f'}, ${low}.0f, ${high}.0f)`
  },
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

/** ONNX DequantizeLinear-10 … 25: (x - zero point) * scale, computed in float32 and given in the scale's type. */
const DequantizeLinear: LoweredOperator = {
  name: 'DequantizeLinear',
  infer: (node) => [{ type: typeAttribute(node, 'output_dtype') ?? node.input(1).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const [x, scale, zeroPoint] = [node.input(0), node.input(1), node.inputs[2]]
    const to = typeAttribute(node, 'output_dtype') ?? scale.type
    const wide = (value: Value): Value => castTo(b, value, 'float32')
    const moved = zeroPoint ? b.op('Sub', [wide(x), wide(aligned(node, b, zeroPoint, x))]) : wide(x)
    return [castTo(b, b.op('Mul', [moved, wide(aligned(node, b, scale, x))]), to)]
  },
}

/** ONNX DynamicQuantizeLinear-11, its function body; a tensor of zeros has scale 1 instead of a division by zero. */
const DynamicQuantizeLinear: LoweredOperator = {
  name: 'DynamicQuantizeLinear',
  infer: (node) => [
    { type: 'uint8', shape: node.input(0).shape },
    { type: 'float32', shape: [] },
    { type: 'uint8', shape: [] },
  ],
  decompose(node, b) {
    const x = node.input(0)
    const zero = b.scalar(0, 'float32')
    const extreme = (name: 'Min' | 'Max'): Value => b.op(name, [zero, b.op(`Reduce${name}`, [x], { keepdims: 0 })])
    const [low, high] = [extreme('Min'), extreme('Max')]
    const span = b.op('Div', [b.op('Sub', [high, low]), b.scalar(255, 'float32')])
    const scale = b.op('Where', [b.op('Equal', [span, zero]), b.scalar(1, 'float32'), span])
    const zeroPoint = b.op('RoundTo', [b.op('Div', [b.op('Neg', [low]), scale])], { to: elementTypes.uint8.code }, 'om')
    return [b.op('QuantizeLinear', [x, scale, zeroPoint]), scale, zeroPoint]
  },
}

export const quantizations: readonly LoweredOperator[] = [
  QuantizeLinear,
  RoundTo,
  DequantizeLinear,
  DynamicQuantizeLinear,
]

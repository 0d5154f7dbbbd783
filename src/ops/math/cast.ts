import { elementOf } from '../../graph/contents.ts'
import type { Dim } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { absolute, wrapTo } from '../../graph/integer.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, elementTypeOf, elementTypes, isFloat, isInteger } from '../../onnx/element-type.ts'
import { decodeFloat, encodeFloat, isSmallFloat, type ScaleRounding } from '../../onnx/float-formats.ts'
import type { Tensor } from '../../onnx/model.ts'
import { lazyTensor, type TensorArray, tensorArray, tensorFrom, tensorValues } from '../../onnx/tensor.ts'
import { isNarrowFloat } from '../../lowering/c-text.ts'
import { bytesOf } from '../../graph/data.ts'
import { foldsWell } from '../../graph/fold.ts'
import type { LoweredOperator, Scalar } from '../../lowering/lowering.ts'

/** How a conversion treats what its target can't hold (attributes of ONNX Cast-19 and Cast-24). */
interface Rounding {
  /** float8: out of range becomes the largest number; otherwise infinity or NaN. */
  readonly saturate: boolean
  /** float8e8m0, which has powers of two only. */
  readonly scale: ScaleRounding
}

export function roundingOf(node: Node): Rounding {
  const scale = node.string('round_mode', 'up')
  if (scale !== 'up' && scale !== 'down' && scale !== 'nearest') {
    throw node.error(
      'MODEL_ATTRIBUTE',
      `round_mode is ${JSON.stringify(scale)}, but should be "up", "down" or "nearest"`,
    )
  }
  return { saturate: node.int('saturate', 1) !== 0, scale }
}

export function targetType(node: Node): ElementType {
  // Cast-1 named the type in words.
  const words = node.attributes.get('to')
  if (words?.kind === 'string') return typeNamed(node, words.value)
  const code = node.int('to')
  const type = code === undefined ? undefined : elementTypeOf(code)
  if (!type) throw node.error('MODEL_ATTRIBUTE', `to is ${code}, which is no element type`)
  return type
}

function typeNamed(node: Node, words: string): ElementType {
  const name = words.toLowerCase()
  const type = name === 'float' ? 'float32' : name === 'double' ? 'float64' : name
  if (type in elementTypes) return type as ElementType
  throw node.error('MODEL_ATTRIBUTE', `to is ${JSON.stringify(words)}, which is no element type`)
}

/** C expression that converts one element of type `from` to the compute type of `to`. */
export function convert(from: ElementType, to: ElementType, x: string, rounding: Rounding): string {
  if (from === to) return x
  if (to === 'bool') return `${x} != 0`
  // A number first, and not by a conversion, which keeps GCC 12 from vectorising.
  if (from === 'bool') return convert('uint8', to, `(${x} ? 1 : 0)`, rounding)
  if (isNarrowFloat(to)) return roundTrip(to, roundedOnce(from, x), rounding)
  if (isFloat(to)) return `(${elementTypes[to].c})${x}`
  return isFloat(from) ? truncated(to, x) : wrap(to, x)
}

/** C expression of a float cut to an integer of type `to`. */
export function truncated(to: ElementType, x: string): string {
  return wrap(to, truncate(to, x))
}

/** C expression of a float that rounds to what `x` rounds to in any narrower format. */
function roundedOnce(type: ElementType, x: string): string {
  const { bits } = elementTypes[type]
  if (isInteger(type) && bits === 64) return `om_odd_${type}(${x})`
  return type === 'float64' || (isInteger(type) && bits === 32) ? `om_round_to_odd((double)${x})` : x
}

/** What is left of a float once it has been stored in a narrower type: elements stay in registers where nodes are fused. */
function roundTrip(to: ElementType, x: string, { saturate, scale }: Rounding): string {
  return `om_load_${to}(${storeRounded(to, x, saturate, scale)})`
}

/** The `threshold` of om_encode_scale: how much of the next power of two rounds up. */
const THRESHOLDS: Readonly<Record<ScaleRounding, string>> = { up: '1u', nearest: '1u << 22', down: '1u << 23' }

function storeRounded(to: ElementType, x: string, saturate: boolean, scale: ScaleRounding): string {
  if (to === 'float8e8m0') return `om_encode_scale(${x}, ${THRESHOLDS[scale]}, ${saturate})`
  return `${saturate && to.startsWith('float8') ? 'om_saturate' : 'om_store'}_${to}(${x})`
}

function truncate(to: ElementType, x: string): string {
  if (to === 'int64' || to === 'uint64') return `om_to_${to}(${x})`
  return to === 'uint32' ? `om_to_int64(${x})` : `om_to_int32(${x})`
}

/** Integers wrap; those narrower than a byte keep their low bits. */
function wrap(to: ElementType, x: string): string {
  const { bits, c } = elementTypes[to]
  if (bits >= 8) return `(${c})${x}`
  const low = `((int)${x} & ${2 ** bits - 1})`
  return to.startsWith('u') ? low : `(${low} ^ ${2 ** (bits - 1)}) - ${2 ** (bits - 1)}`
}

const scalar: Scalar = (node, [x]) => convert(node.input(0).type, node.output().type, x!, roundingOf(node))

/** ONNX Cast-1 … 25. */
const Cast: LoweredOperator = {
  name: 'Cast',
  rules: takes('input:any'),
  infer(node): ValueInfo[] {
    const { type, shape, contents } = node.input(0)
    const to = targetType(node)
    if ([type, to].some((side) => side.startsWith('complex'))) {
      throw node.error('MODEL_TYPES', `${type} can't be cast to ${to}: complex numbers have no cast`)
    }
    return [{ type: to, shape, contents: castContents(contents, to) }]
  },
  fold: (node) => foldCast(node.input(0).constant!, targetType(node), roundingOf(node)),
  decompose(node, b) {
    const { type } = node.input(0)
    const to = targetType(node)
    if (type === to) return [node.input(0)]
    if (type === 'string')
      return [b.op('ParseNumbers', [node.input(0)], { to: elementTypes[to].code, ...attributesOf(node) }, 'om')]
    return to === 'string' ? [b.op('FormatNumbers', [node.input(0)], {}, 'om')] : undefined
  },
  scalar,
}

/** Only int32 and int64 are followed; int32 wraps. */
function castContents(contents: readonly Dim[] | undefined, to: ElementType): readonly Dim[] | undefined {
  if (to !== 'int64' && to !== 'int32') return undefined
  const elements = contents?.map((dim) => elementOf(to, dim))
  return elements?.every((dim) => dim !== undefined) ? elements : undefined
}

function attributesOf(node: Node): { saturate: number; round_mode: string } {
  return { saturate: node.int('saturate', 1), round_mode: node.string('round_mode', 'up') }
}

/** The conversion at compile time, to what `convert` gives; declines text, and complex numbers, which have none. */
function foldCast(tensor: Tensor, to: ElementType, rounding: Rounding): Tensor[] | undefined {
  const { type, dims } = tensor
  if (type === to) return [tensor]
  if ([type, to].some((side) => side === 'string' || side.startsWith('complex'))) return undefined
  if (!foldsWell([tensor], dims)) return undefined
  if (to === 'float32' && elementTypes[type].bits < 64) return [lazyTensor(to, dims, () => bytesOf(toFloats(tensor)))]
  const values = tensorValues(tensor) as readonly (number | bigint)[]
  const numbers = isFloat(type) ? values : values.map(BigInt)
  return [
    tensorFrom(
      to,
      dims,
      numbers.map((value) => castNumber(value, to, rounding)),
    ),
  ]
}

/** Weights of half precision are many, so these go from one typed array to another. */
function toFloats(tensor: Tensor): Float32Array {
  const elements = tensorArray(tensor) as Exclude<TensorArray, BigInt64Array | BigUint64Array>
  const { type } = tensor
  if (!isSmallFloat(type)) return new Float32Array(elements)
  const numbers = Float32Array.from({ length: 2 ** elementTypes[type].bits }, (_, code) => decodeFloat(type, code))
  const floats = new Float32Array(elements.length)
  for (let i = 0; i < floats.length; i++) floats[i] = numbers[elements[i]!]!
  return floats
}

/** `value`: a bigint is an integer of the model, a number a float. */
function castNumber(value: number | bigint, to: ElementType, { saturate, scale }: Rounding): number | bigint {
  if (to === 'bool') return Number(value !== 0 && value !== 0n)
  if (isInteger(to)) return wrapTo(to, typeof value === 'bigint' ? value : truncatedNumber(value, to))
  if (to === 'float64') return Number(value)
  const odd = typeof value === 'bigint' ? oddNumber(value) : value
  return isSmallFloat(to) ? decodeFloat(to, encodeFloat(to, odd, saturate, scale)) : odd
}

/** As `truncate` has it: what is out of range becomes the lowest number of the type that C converts through. */
function truncatedNumber(value: number, to: ElementType): bigint {
  const whole = Math.trunc(value)
  const [bits, highest] =
    to === 'uint64' ? [64, 2 ** 64] : elementTypes[to].bits === 64 || to === 'uint32' ? [64, 2 ** 63] : [32, 2 ** 31]
  return whole >= -(2 ** (bits - 1)) && whole < highest ? BigInt(whole) : -(2n ** BigInt(bits - 1))
}

/** A number that rounds to what the integer rounds to in every format below float64: the last of its bits tells of all that follow. */
function oddNumber(value: bigint): number {
  const magnitude = absolute(value)
  const dropped = BigInt(Math.max(0, magnitude.toString(2).length - 53))
  const kept = magnitude >> dropped
  const odd = kept << dropped === magnitude ? kept : kept | 1n
  return Number(value < 0n ? -(odd << dropped) : odd << dropped)
}

/** The compiler's own: Cast to float16 or bfloat16 of what was computed in float32 in their place, see narrow-floats.ts. */
const Narrow: LoweredOperator = {
  name: 'Narrow',
  domain: 'om',
  rules: takes('x:float32'),
  infer: (node) => [{ type: targetType(node), shape: node.input(0).shape }],
  fold: (node) => foldCast(node.input(0).constant!, targetType(node), roundingOf(node)),
  scalar,
}

/** ONNX CastLike-15 … 25: the type comes from a second input, of which nothing else matters. */
const CastLike: LoweredOperator = {
  name: 'CastLike',
  rules: takes('input:any target_type:any'),
  infer: (node) => [{ type: node.input(1).type, shape: node.input(0).shape }],
  decompose: (node, b: Builder) => [
    b.op('Cast', [node.input(0)], { to: elementTypes[node.input(1).type].code, ...attributesOf(node) }),
  ],
}

/** ONNX BitCast-26: the same bits read as another type of the same width. */
const BitCast: LoweredOperator = {
  name: 'BitCast',
  rules: takes('input:any'),
  infer(node) {
    const { type, shape } = node.input(0)
    const to = targetType(node)
    if (elementTypes[type].bits !== elementTypes[to].bits || type === 'string') {
      throw node.error('MODEL_TYPES', `the bits of ${type} are not as many as those of ${to}`)
    }
    return [{ type: to, shape }]
  },
  decompose: (node, b) =>
    elementTypes[targetType(node)].bits < 8
      ? [b.op('BitCastPacked', [node.input(0)], { to: node.int('to')! }, 'om')]
      : undefined,
  alias: 0,
}

/** The compiler's own: bits of elements that take a byte each in memory, where signed integers are extended. */
const BitCastPacked: LoweredOperator = {
  name: 'BitCastPacked',
  domain: 'om',
  rules: takes('input:small|float4e2m1'),
  infer: (node) => [{ type: targetType(node), shape: node.input(0).shape }],
  lower(node, k) {
    const { type, dims } = node.output()
    k.include('types.h')
    k.line(
      `for (int64_t i = 0; i < ${k.count(dims)}; i++) ${k.output()}[i] = ${wrap(type.startsWith('float') ? 'uint4' : type, `${k.input(0)}[i]`)};`,
    )
  },
}

export const casts: readonly LoweredOperator[] = [Cast, Narrow, CastLike, BitCast, BitCastPacked]

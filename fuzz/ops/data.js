import { elementTypes } from '../../dist/onnx/element-type.js'
import { tensorFrom } from '../../dist/onnx/tensor.js'

// Contents of tensors: what operators are fed with.

export const floatTypes = ['float32', 'float64', 'float16']
export const integerTypes = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']
export const numberTypes = [...floatTypes, ...integerTypes]
export const allTypes = [...numberTypes, 'bool', 'string']

const words = ['', 'a', 'b', 'ab', 'A B', 'ünï', '日本', 'a,b,c', ' x ', '12', '-3.5', 'the quick fox']

/** Ways to fill a tensor of numbers; each gives a function from the element's type to one value. */
export const styles = {
  /** Around zero, as activations are. */
  normal: (random) => (type) =>
    isFloatType(type) ? float(random) * 3 : type.startsWith('u') ? random.between(0, 9) : random.between(-6, 9),
  positive: (random) => (type) => (isFloatType(type) ? 0.1 + random.unit() * 3 : random.between(1, 9)),
  /** From -1 to 1. */
  unit: (random) => (type) => (isFloatType(type) ? random.unit() * 2 - 1 : random.between(0, 1)),
  /** Whole numbers and halves, which are equal often: ties. */
  ties: (random) => (type) => (isFloatType(type) ? random.between(-4, 4) / 2 : random.between(0, 4)),
  /** Ends of the type among ordinary numbers. */
  extreme: (random) => (type) => (random.chance(0.3) ? extreme(type, random) : styles.normal(random)(type)),
}

function float(random) {
  return random.unit() + random.unit() + random.unit() - 1.5
}

function extreme(type, random) {
  if (type === 'float16') return random.pick([NaN, Infinity, -Infinity, -0, 65504, 6e-8])
  if (isFloatType(type)) return random.pick([NaN, Infinity, -Infinity, -0, 3e38, -3e38, 1e-40, 1e30])
  const bits = BigInt(elementTypes[type].bits)
  const isUnsigned = type.startsWith('u')
  const high = isUnsigned ? 2n ** bits - 1n : 2n ** (bits - 1n) - 1n
  return random.pick([high, isUnsigned ? 0n : -(2n ** (bits - 1n)), high - 1n])
}

export function isFloatType(type) {
  return type.startsWith('float') || type === 'bfloat16'
}

/** A tensor of a type and dimensions; `style` is one of `styles`, or a function that gives each value. */
export function randomTensor(type, dims, style, random) {
  const count = dims.reduce((product, size) => product * size, 1)
  if (type === 'string')
    return tensorFrom(
      type,
      dims,
      Array.from({ length: count }, () => random.pick(words)),
    )
  if (type === 'bool')
    return tensorFrom(
      type,
      dims,
      Array.from({ length: count }, () => random.below(2)),
    )
  const value = typeof style === 'function' ? style : styles[style](random)
  const is64 = type === 'int64' || type === 'uint64'
  return tensorFrom(
    type,
    dims,
    Array.from({ length: count }, (_, i) => (is64 ? BigInt(value(type, i)) : numeric(type, value(type, i)))),
  )
}

function numeric(type, value) {
  return isFloatType(type) ? Number(value) : Math.trunc(Number(value))
}

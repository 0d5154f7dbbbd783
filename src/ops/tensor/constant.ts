import type { Node } from '../../graph/graph.ts'
import { product } from '../../graph/dim.ts'
import { takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { elementsOf, packSubBytes, tensorFrom, tensorValues, unpackSubBytes } from '../../onnx/tensor.ts'
import { literal, storeElement, stringLiteral } from '../../lowering/c-text.ts'
import { saturatedNumbers } from '../../graph/fold.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shapeFromContents } from '../../graph/shape-contents.ts'

/** ONNX Constant-1 … 25: the value is in one of several attributes. */
function constantValue(node: Node): Tensor {
  const tensor = node.tensor('value')
  if (tensor) return tensor
  const int = node.attributes.get('value_int')
  if (int?.kind === 'int') return tensorFrom('int64', [], [int.value])
  const ints = node.attributes.get('value_ints')
  if (ints?.kind === 'ints') return tensorFrom('int64', [ints.value.length], ints.value)
  const float = node.float('value_float')
  if (float !== undefined) return tensorFrom('float32', [], [float])
  const floats = node.floats('value_floats')
  if (floats) return tensorFrom('float32', [floats.length], floats)
  const text = node.string('value_string')
  if (text !== undefined) return tensorFrom('string', [], [text])
  const texts = node.strings('value_strings')
  if (texts) return tensorFrom('string', [texts.length], texts)
  throw node.error('MODEL_ATTRIBUTE', 'one of the attributes value, value_int, value_float … is required')
}

/**
 * Filled tensors up to this many elements become constants: the weights of ONNX's light models are such fills, and only
 * constant weights can be packed. A few bytes in a file ask for any size, so there is a limit.
 */
const LARGEST_FILL = 1 << 24

/** The fill value of ConstantOfShape: one element, by default a float 0. */
function fillTensor(node: Node): Tensor {
  const fill = node.tensor('value') ?? tensorFrom('float32', [1], [0])
  if (elementsOf(fill.dims) === 1 && !fill.type.startsWith('complex')) return fill
  const given = `${fill.type}[${fill.dims.join(', ')}]`
  throw node.error('MODEL_ATTRIBUTE', `value is ${given}, but should be a single element that is not complex`)
}

export const constants: readonly LoweredOperator[] = [
  {
    name: 'Constant',
    rules: takes(''),
    infer: (node) => [{ type: constantValue(node).type, shape: constantValue(node).dims }],
    fold: (node) => [constantValue(node)],
  },
  {
    name: 'ConstantOfShape',
    rules: takes('input:int64[_]'),
    infer: (node, context) => [{ type: fillTensor(node).type, shape: shapeFromContents(node, node.input(0), context) }],
    fold(node) {
      const dims = saturatedNumbers(node.input(0).constant!)
      const fill = fillTensor(node)
      if (fill.type === 'string' || dims.some((dim) => dim < 0) || elementsOf(dims) > LARGEST_FILL) return undefined
      return [filled(fill, dims)]
    },
    sizes: (node, k) => {
      if (node.input(0).contents) return
      node.output().dims.forEach((dim, axis) => {
        if (typeof dim !== 'number') k.line(`*${k.symbol(dim)} = ${k.input(0)}[${axis}];`)
      })
    },
    lower(node, k) {
      const fill = fillTensor(node)
      const [value] = tensorValues(fill)
      const { type, dims } = node.output()
      k.include('types.h')
      const element = typeof value === 'string' ? stringLiteral(value) : literal(type, value as number | bigint)
      k.line(`for (int64_t i = 0; i < ${k.dim(product(dims))}; i++) ${storeElement(type, `${k.output()}[i]`, element)}`)
    },
  },
  {
    name: 'Identity',
    rules: takes('input:anything'),
    infer: (node) => [node.input(0)],
    alias: 0,
    fold: (node) => [node.input(0).constant!],
    decompose: (node) => (node.input(0).kind === 'tensor' && !node.input(0).map ? undefined : [node.input(0)]),
  },
]

function filled(fill: Tensor, dims: readonly number[]): Tensor {
  const { type } = fill
  const { bits } = elementTypes[type]
  const count = elementsOf(dims)
  const data = bits < 8 ? packSubBytes(repeat(unpackSubBytes(fill), count), bits) : repeat(fill.data, count)
  return { type, dims, data }
}

function repeat(element: Uint8Array, count: number): Uint8Array {
  const data = new Uint8Array(element.length * count)
  if (count > 0 && element.some((byte) => byte !== 0)) {
    data.set(element)
    for (let filled = element.length; filled < data.length; filled *= 2)
      data.copyWithin(filled, 0, data.length - filled)
  }
  return data
}

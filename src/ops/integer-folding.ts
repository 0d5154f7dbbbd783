import { shapeEquals } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../graph/rewrite.ts'
import { elementTypes } from '../onnx/element-type.ts'

/**
 * What quantisers write behind a product of integers, a Cast to float32, a factor (the product of both scales) and a bias,
 * goes into the product: its sums are floats as soon as they leave the registers.
 */
export const integerFolding: readonly Rewrite[] = [scaleSums, addToFloats]

const PRODUCTS: readonly string[] = ['MatMulIntegers', 'ConvIntegers']

/** The product of integers that alone makes `value` for this one use, with a result of type `to`. */
function productOf(value: Value | undefined, to: 'int32' | 'float32', b: RewriteContext): Node | undefined {
  const node = value?.producer
  if (node?.domain !== 'om' || !PRODUCTS.includes(node.op) || !b.isUsedOnce(node.output())) return undefined
  return node.output().type === to ? node : undefined
}

/** The operands of a commutative node, each as the first. */
function orders(node: Node): (readonly [Value, Value])[] {
  const [x, y] = [node.input(0), node.input(1)]
  return [
    [x, y],
    [y, x],
  ]
}

/** `value` as one number, or one per column of the last axis; `undefined` where it is neither. */
function perColumn(value: Value, columns: Node, b: RewriteContext): Value | undefined {
  const { dims } = columns.output()
  if (value.rank > dims.length || value.type !== 'float32') return undefined
  if (value.dims.every((dim) => dim === 1)) return value.rank === 0 ? value : b.reshape(value, [])
  const width = dims.at(-1)
  if (width === undefined || !shapeEquals(value.dims, [...value.dims.slice(1).map(() => 1), width])) return undefined
  return value.rank === 1 ? value : b.reshape(value, [width])
}

/** Cast(sums) * factor */
function scaleSums(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Mul' || node.domain !== '') return undefined
  for (const [cast, factor] of orders(node)) {
    const { producer } = cast
    if (producer?.op !== 'Cast' || producer.domain !== '' || cast.type !== 'float32' || !b.isUsedOnce(cast)) continue
    const product = productOf(producer.input(0), 'int32', b)
    const scale = product && perColumn(factor, product, b)
    if (!product || !scale) continue
    const inputs = [...product.inputs.slice(0, 4), scale]
    const attributes = { ...Object.fromEntries(product.attributes), to: elementTypes.float32.code }
    return [b.op(product.op, inputs, attributes, 'om')]
  }
  return undefined
}

/** floats + bias */
function addToFloats(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Add' || node.domain !== '') return undefined
  for (const [floats, other] of orders(node)) {
    const product = productOf(floats, 'float32', b)
    if (!product || product.inputs[5] || typeof product.output().dims.at(-1) !== 'number') continue
    const bias = perColumn(other, product, b)
    if (bias?.rank !== 1) continue
    const inputs = [...Array.from({ length: 5 }, (_, i) => product.inputs[i]), bias]
    return [b.op(product.op, inputs, Object.fromEntries(product.attributes), 'om')]
  }
  return undefined
}

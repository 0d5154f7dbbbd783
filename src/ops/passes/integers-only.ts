import { shapeEquals } from '../../graph/dim.ts'
import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { isByte } from '../../onnx/element-type.ts'
import { byteLoops } from '../quantized/byte-loops.ts'
import { byteAverages } from './byte-averages.ts'
import { codesByNodes, pairedByLines, type Side, type Sides } from './byte-pairs.ts'
import { productsRoundedTwice } from './byte-products.ts'
import { byteResizes } from './byte-resizes.ts'
import { byteRows } from './byte-rows.ts'
import { dequantised, quantised } from './codes.ts'
import { dequantiseBelowMovement, isMovement } from './qdq.ts'
import { arithmeticOfConstants, functionOfConstants } from './true-tables.ts'

/**
 * For microcontrollers: what stands between codes and codes, in integers, as floats take four times the memory and some compute
 * them by calls into a library (a keyword spotter's arena: 39 to 17 kB). Products are of integers already, and functions of
 * one tensor are tables (byte-tables.ts); here are averages, resized images, sums, products and quotients of two tensors, and rows
 * that are normalised.
 */
export const integersOnly: readonly Rewrite[] = [
  functionOfConstants,
  arithmeticOfConstants,
  dequantiseBelowMovement,
  castBelowMovement,
  ...byteAverages,
  ...byteResizes,
  pairOfDequantised,
  ...byteRows,
]

/** move(floats of codes) = floats of move(codes) */
function castBelowMovement(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const cast = isMovement(node) ? node.input(0).producer : undefined
  if (cast?.operator !== 'Cast' || !isByte(cast.input(0).type)) return undefined
  const [moved] = b.retyped(node, [cast.input(0), ...node.inputs.slice(1)], [cast.input(0).type]) as [Value]
  return [b.op('Cast', [moved], Object.fromEntries(cast.attributes))]
}

/** Sums, differences, products and quotients of two dequantised tensors, and what limits them. */
function pairOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const to = quantised(node)
  const sides = to && sidesOf(node)
  if (!sides || !byteLoops(sides.a.codes.dims, sides.b.codes.dims)) return undefined
  const { type } = node.output()
  const twice = productsRoundedTwice(to.x, sides, { ...to, type }, b)
  const codes = twice?.codes ?? codesByNodes(node, sides, b)
  const wanted = { zero: to.zero, type, nudge: twice?.nudge ?? 0 }
  const result = codes && pairedByLines(sides, codes, wanted, b)
  const { dims } = node.output()
  return result && [shapeEquals(result.dims, dims) ? result : b.reshape(result, dims)]
}

const BESIDE = new Set(['om.RoundTo', 'Div', 'Add', 'Sub', 'Mul', 'Sign', 'Relu', 'Clip', 'PRelu'])

/** The two tensors of codes that a node is computed of, elementwise and else by constants of one element. */
function sidesOf(root: Node): Sides | undefined {
  const found = new Map<Value, Side>()
  const nodes: Node[] = []
  const visit = (value: Value): boolean => {
    const node = value.madeBy
    if (!node || nodes.includes(node) || found.has(value)) return node !== undefined
    const codes = dequantised(value)
    if (codes) return found.set(value, { real: value, node, ...codes }).size <= 2
    if (!BESIDE.has(node.operator) || value.constant || nodes.length > 16) return false
    const isPlain = node.inputs.every((input) => !input || numberOf(input) !== undefined || visit(input))
    nodes.push(node)
    return isPlain
  }
  if (!visit(root.output()) || found.size !== 2) return undefined
  const [a, other] = [...found.values()]
  return { a: a!, b: other!, nodes }
}

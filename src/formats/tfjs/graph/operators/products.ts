import { type Dim, broadcast, shown, type Value } from '../../value.ts'
import type { Convert, NodeCall, Operators } from '../call.ts'
import { fused } from './convolution.ts'

function product(call: NodeCall, turnA: boolean, turnB: boolean): Value {
  const { b, x } = call
  const y = call.input(1)
  const ranks = [b.rank(x), b.rank(y)]
  if (ranks.some((rank) => rank < 2)) b.wrong(`multiplies tensors ${shown(x.shape)} and ${shown(y.shape)}`)
  const turned = (value: Value, turns: boolean): Value => {
    if (!turns) return value
    const axes = b.shape(value).map((_, axis) => axis)
    return b.transpose(value, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!])
  }
  const [p, q] = [turned(x, turnA), turned(y, turnB)]
  const [depth, other] = [p.shape!.at(-1), q.shape!.at(-2)]
  const batch = broadcast(p.shape!.slice(0, -2), q.shape!.slice(0, -2))
  if (!batch || (depth !== undefined && other !== undefined && depth !== other)) b.wrong(`multiplies tensors ${shown(p.shape)} and ${shown(q.shape)}`) // prettier-ignore
  return b.value(b.op('MatMul', [b.get(p), b.get(q)]), x.type, [...batch!, p.shape!.at(-2), q.shape!.at(-1)])
}

const matMul: Convert = (call) => fused(call, product(call, call.attributes.bool('transpose_a'), call.attributes.bool('transpose_b')), 2) // prettier-ignore

const batchMatMul: Convert = (call) => product(call, call.attributes.bool('adj_x'), call.attributes.bool('adj_y'))

const einsum: Convert = ({ b, inputs, attributes }) => {
  const equation = attributes.text('equation').replace(/\s/g, '')
  const [terms = '', result] = equation.split('->')
  const sizes = new Map<string, Dim>()
  const isPlain = /^[A-Za-z,]*->[A-Za-z]*$/.test(equation)
  terms.split(',').forEach((term, i) => {
    if (isPlain && inputs[i]?.shape?.length === term.length)
      for (const [axis, label] of [...term].entries()) sizes.set(label, sizes.get(label) ?? inputs[i].shape[axis])
  })
  const shape = isPlain ? [...(result ?? '')].map((label) => sizes.get(label)) : undefined
  return b.value(b.op('Einsum', inputs.map((value) => b.get(value)), { equation }), inputs[0]?.type ?? 'float32', shape) // prettier-ignore
}

const transpose: Convert = (call) => call.b.transpose(call.x, call.list(1, 'an order of axes'))

/** √Σ x² over some axes. */
const euclideanNorm: Convert = (call) => {
  const { b, x, attributes } = call
  const rank = b.rank(x)
  const axes = call.list(1, 'axes').map((axis) => b.axis(axis, rank)) // prettier-ignore
  const keeps = attributes.bool('keep_dims')
  const shape = keeps ? x.shape!.map((size, i) => (axes.includes(i) ? 1 : size)) : x.shape!.filter((_, i) => !axes.includes(i)) // prettier-ignore
  return b.value(b.op('ReduceL2', [b.get(x), b.writer.ints(axes)], { keepdims: keeps ? 1n : 0n }), x.type, shape)
}

export const products: Operators = {
  MatMul: matMul,
  _FusedMatMul: matMul,
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  Einsum: einsum,
  Transpose: transpose,
  EuclideanNorm: euclideanNorm,
}

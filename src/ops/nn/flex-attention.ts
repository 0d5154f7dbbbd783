import { type Dim, floorDivide } from '../../graph/dim.ts'
import { multipleOf, takes } from '../../graph/rules.ts'
import { elementTypeOf, elementTypes } from '../../onnx/element-type.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'

/** ai.onnx.preview FlexAttention-1: attention whose scores and probabilities pass through subgraphs of the model. */
const FlexAttention: LoweredOperator = {
  name: 'FlexAttention',
  domain: 'ai.onnx.preview',
  rules: takes('Q:T[b, _, _, d] K:T[b, g, k, d] V:T[b, g, k, _]', { T: 'float' }, (node) => {
    const heads = node.input(1).dims[1]!
    return [multipleOf(node, [0, 1], heads, `${heads} heads of K need`)]
  }),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const [query, key, value] = [node.input(0), node.input(1), node.input(2)]
    const [batch, heads, , size] = query.dims as [Dim, Dim, Dim, Dim]
    const [groups, keys] = key.dims.slice(1, 3) as [Dim, Dim]
    const repeats = floorDivide(heads, groups)
    if (typeof size !== 'number') throw node.error('UNSUPPORTED_DYNAMIC', 'the head size must be known at compile time')
    const repeated = [key, value].map((x) => {
      if (repeats === 1) return x
      const wide = b.op('Expand', [
        b.op('Unsqueeze', [x, b.ints([2])]),
        b.dims([batch, groups, repeats, keys, x.dims[3]!]),
      ])
      return b.reshape(wide, [batch, heads, keys, x.dims[3]!])
    })
    const [k, v] = repeated as [typeof key, typeof value]
    const root = b.scalar(Math.sqrt(node.float('scale') ?? 1 / Math.sqrt(size)), query.type)
    const transposed = b.op('Transpose', [b.op('Mul', [k, root])], { perm: [0, 1, 3, 2] })
    const score = b.op('MatMul', [b.op('Mul', [query, root]), transposed])
    const otherwise = query.type === 'float64' ? 'float64' : 'float32'
    const precision = elementTypeOf(node.int('softmax_precision', elementTypes[otherwise].code)) ?? otherwise
    const modified = (attribute: string, x: typeof score): typeof score =>
      node.has(attribute) ? b.inline(attribute, [x])[0]! : x
    const scores = modified('score_mod', castTo(b, score, precision))
    const weights = modified('prob_mod', b.op('Softmax', [scores], { axis: 3 }))
    return [b.op('MatMul', [castTo(b, weights, v.type), v])]
  },
}

export const flexAttention: readonly LoweredOperator[] = [FlexAttention]

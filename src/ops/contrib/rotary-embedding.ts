import { type Dim, floorDivide, maximum, multiply } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { multipleOf, type Rules, takes } from '../../graph/rules.ts'
import { counting, joinHeads, splitHeads } from '../nn/attend.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT, refuseAttributes } from './domain.ts'
import { fromFront } from './rows.ts'

/** Positions are those of each token, or that of the first. */
function rules(node: Node): Rules {
  const isSplit = node.inputs[0]?.rank === 4
  const steps = isSplit ? 'b, _, s, _' : 'b, s, _'
  const positions = node.inputs[1]?.rank === 2 ? '[b, s]' : '[.]'
  const text = `input:T[${steps}] position_ids:int64${positions} cos_cache:T[m, r] sin_cache:T[m, r]`
  return takes(text, { T: 'float16|bfloat16|float32' }, () => {
    if (isSplit) return []
    const stated = node.int('num_heads', 0)
    return [
      stated > 0
        ? multipleOf(node, [0, 2], stated, `${stated} heads need`)
        : multipleOf(node, [0, 2], headSize(node), 'heads as the caches have them need'),
    ]
  })
}

/** Features of a head where all are turned: two for each angle. */
function headSize(node: Node): Dim {
  if (node.int('rotary_embedding_dim', 0) > 0)
    throw node.error('MODEL_ATTRIBUTE', 'rotary_embedding_dim needs num_heads')
  return maximum(1, multiply(2, node.input(2).dims[1]!))
}

/** com.microsoft.RotaryEmbedding, which ONNX took over as RotaryEmbedding-23 with its inputs in another order. */
const RotaryEmbedding: LoweredOperator = {
  name: 'RotaryEmbedding',
  domain: MICROSOFT,
  rules,
  infer: sameAsFirst,
  decompose(node, b) {
    refuseAttributes(node, ['is_packed_batching'])
    const x = node.input(0)
    const heads = node.int('num_heads', 0) || (x.rank === 3 ? floorDivide(x.dims[2]!, headSize(node)) : 0)
    const split = x.rank === 3 ? splitHeads(b, x, heads) : x
    const turned = b.op('RotaryEmbedding', [split, node.input(2), node.input(3), positionsOf(node, b)], {
      interleaved: node.int('interleaved', 0),
      rotary_embedding_dim: node.int('rotary_embedding_dim', 0),
    })
    return [x.rank === 3 ? joinHeads(b, turned) : turned]
  },
}

/** [batch, sequence] */
function positionsOf(node: Node, b: Builder): Value {
  const [x, given] = [node.input(0), fromFront(b, node.input(1))]
  if (given.rank === 2) return given
  const [batch, sequence] = [x.dims[0]!, x.dims[x.rank === 4 ? 2 : 1]!] as [Dim, Dim]
  const first = b.op('Reshape', [given, b.ints([1])])
  return b.op('Expand', [b.op('Add', [counting(b, sequence), first]), b.dims([batch, sequence])])
}

export const rotaryEmbedding: readonly LoweredOperator[] = [RotaryEmbedding]

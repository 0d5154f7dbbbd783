import type { Dim } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Rules, takes } from '../../graph/rules.ts'
import { counting } from '../attend.ts'
import type { LoweredOperator } from '../lowering.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT, refuseAttributes } from './domain.ts'
import { fromFront } from './rows.ts'

/** Positions are those of each token, or that of the first. */
function rules(node: Node): Rules {
  const steps = node.inputs[0]?.rank === 4 ? 'b, _, s, _' : 'b, s, _'
  const positions = node.inputs[1]?.rank === 2 ? '[b, s]' : '[.]'
  return takes(`input:T[${steps}] position_ids:int64${positions} cos_cache:T[m, r] sin_cache:T[m, r]`, {
    T: 'float16|bfloat16|float32',
  })
}

/** Heads of an input of rank 3: stated, or as the caches make them where all features are turned. */
function headsOf(node: Node): number {
  const stated = node.int('num_heads', 0)
  if (stated > 0) return stated
  if (node.int('rotary_embedding_dim', 0) > 0)
    throw node.error('MODEL_ATTRIBUTE', 'rotary_embedding_dim needs num_heads')
  const [features, half] = [node.input(0).dims[2]!, node.input(2).dims[1]!]
  if (typeof features !== 'number' || typeof half !== 'number')
    throw node.error(
      'UNSUPPORTED_DYNAMIC',
      'the number of features must be known at compile time, or num_heads be given',
    )
  const size = 2 * half
  if (size > 0 && features % size === 0) return features / size
  throw node.error('MODEL_SHAPE', `${features} features are no heads of ${size}, as the caches have them`)
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
    return [
      b.op('RotaryEmbedding', [x, node.input(2), node.input(3), positionsOf(node, b)], {
        interleaved: node.int('interleaved', 0),
        rotary_embedding_dim: node.int('rotary_embedding_dim', 0),
        num_heads: x.rank === 3 ? headsOf(node) : undefined,
      }),
    ]
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

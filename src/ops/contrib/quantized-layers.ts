import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, sameSize, takes } from '../../graph/rules.ts'
import { counting } from '../nn/attend.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'
import { MICROSOFT, together } from './domain.ts'
import { lengthsOf } from './normalization.ts'
import { asInput, real } from './quantized-elementwise.ts'
import { rowsOf } from './rows.ts'

const LSTM = { scales: { W: 8, R: 10 }, zeros: { W: 9, R: 11 } } as const

/** Scales and zero points of an LSTM's weights: one per direction, or one per direction and column. */
function agreeWays(node: Node): Agreement[] {
  return [8, 9, 10, 11].flatMap((input): Agreement[] => {
    const [parameter, weights] = [node.input(input), input < 10 ? 1 : 2]
    if (parameter.rank !== 1 && parameter.rank !== 2)
      throw node.error('MODEL_SHAPE', `input ${input} is of rank ${parameter.rank}, but should be of rank 1 or 2`)
    const ways = sameSize(node, [input, 0], [weights, 0])
    return parameter.rank === 1 ? [ways] : [ways, sameSize(node, [input, 1], [weights, 2])]
  })
}

/**
 * LSTM with weights of 8 bits, stored [directions, input, 4 hidden]. onnxruntime quantises what they are multiplied with,
 * too, step by step; here that stays float32, which is nearer to what was quantised.
 */
const DynamicQuantizeLSTM: LoweredOperator = {
  name: 'DynamicQuantizeLSTM',
  domain: MICROSOFT,
  rules: takes(
    'X:float32[s, b, i] W:T[d, i, g] R:T[d, _, g] B?:float32[d, _] sequence_lens?:int32[b] ' +
      'initial_h?:float32[d, b, _] initial_c?:float32[d, b, _] P?:float32[d, _] W_scale:float32 W_zero_point:T ' +
      'R_scale:float32 R_zero_point:T',
    { T: 'byte' },
    agreeWays,
  ),
  infer: asInput(0),
  decompose(node, b) {
    const weights = (x: Value, scale: Value, zero: Value): Value => {
      const aligned = (parameter: Value): Value =>
        b.op('Unsqueeze', [parameter, b.ints(parameter.rank === 1 ? [1, 2] : [1])])
      const moved = b.op('Sub', [castTo(b, x, 'float32'), castTo(b, aligned(zero), 'float32')])
      return b.op('Transpose', [b.op('Mul', [moved, aligned(scale)])], { perm: [0, 2, 1] })
    }
    const w = weights(node.input(1), node.input(LSTM.scales.W), node.input(LSTM.zeros.W))
    const r = weights(node.input(2), node.input(LSTM.scales.R), node.input(LSTM.zeros.R))
    const rest = [3, 4, 5, 6, 7].map((input) => node.inputs[input])
    return b.ops('LSTM', [node.input(0), w, r, ...rest], node.outputCount, Object.fromEntries(node.attributes))
  },
}

/** Embeddings of words, positions and segments, of which only the rows that are asked for become floats; normalised. */
const QEmbedLayerNormalization: LoweredOperator = {
  name: 'QEmbedLayerNormalization',
  domain: MICROSOFT,
  rules: takes(
    'input_ids:int32[b, s] segment_ids?:int32[b, s] word_embedding:T[_, h] position_embedding:T[_, h] ' +
      'segment_embedding?:T[_, h] gamma:T[h] beta:T[h] mask?:int32[b, s] word_embedding_scale:float32[.] ' +
      'position_embedding_scale:float32[.] segment_embedding_scale?:float32[.] gamma_scale:float32[.] ' +
      'beta_scale:float32[.] word_embedding_zero_point:T[.] position_embedding_zero_point:T[.] ' +
      'segment_embedding_zero_point?:T[.] gamma_zero_point:T[.] beta_zero_point:T[.]',
    { T: 'byte' },
    (node) => {
      together(node, {
        1: 'segment_ids',
        4: 'segment_embedding',
        10: 'segment_embedding_scale',
        15: 'segment_embedding_zero_point',
      })
      return []
    },
  ),
  infer: (node) => [{ type: 'float32', shape: node.input(0).shape }],
  decompose(node, b) {
    const ids = node.input(0)
    const rows = (table: number, indices: Value, scale: number): Value =>
      real(b, rowsOf(b, node.input(table), indices), node.input(scale), node.input(scale + 5))
    const steps = counting(b, ids.dims[1]!)
    const parts = [rows(2, ids, 8), rows(3, steps, 9), ...(node.inputs[1] ? [rows(4, node.inputs[1], 10)] : [])]
    const sum = parts.reduce((a, part) => b.op('Add', [a, part]))
    const y = b.op('LayerNormalization', [sum, vector(node, b, 5, 11), vector(node, b, 6, 12)], {
      axis: -1,
      epsilon: { kind: 'float', value: node.float('epsilon', 1e-12) },
    })
    return [y, lengthsOf(node, b, node.inputs[7])]
  },
}

function vector(node: Node, b: Builder, input: number, scale: number): Value {
  return real(b, node.input(input), node.input(scale), node.input(scale + 5))
}

export const quantizedLayers: readonly LoweredOperator[] = [DynamicQuantizeLSTM, QEmbedLayerNormalization]

import { float, floats, int } from '../build.js'
import { mapped } from './elementwise.js'

/** Gates, and activations per direction. */
const layers = { RNN: [1, ['Tanh']], GRU: [3, ['Sigmoid', 'Tanh']], LSTM: [4, ['Sigmoid', 'Tanh', 'Tanh']] }
const activations = [
  'Tanh',
  'Sigmoid',
  'Relu',
  'HardSigmoid',
  'Softsign',
  'Softplus',
  'LeakyRelu',
  'Elu',
  'Affine',
  'ScaledTanh',
  'ThresholdedRelu',
]

export const recurrent = mapped(layers, (op, [gates, usual]) => async (g) => {
  const { random } = g
  const direction = random.pick(['forward', 'reverse', 'bidirectional'])
  const d = direction === 'bidirectional' ? 2 : 1
  const [steps, batch, size, hidden] = [
    random.between(1, 4),
    random.between(1, 3),
    random.between(1, 5),
    random.between(1, 5),
  ]
  const isBatchFirst = g.opset >= 14 && random.chance(0.1)
  const weights = (dims) => g.tensor('float32', dims, { isParameter: random.chance(0.8), style: 'unit' })
  const lengths = g.maybe(
    () =>
      g.list(
        Array.from({ length: batch }, () => random.between(1, steps)),
        { type: 'int32' },
      ),
    0.4,
  )
  const state = () =>
    g.maybe(() => g.tensor('float32', isBatchFirst ? [batch, d, hidden] : [d, batch, hidden], { style: 'unit' }))
  const inputs = [
    g.operand({
      types: ['float32'],
      dims: isBatchFirst ? [batch, steps, size] : [steps, batch, size],
      style: 'normal',
    }),
    weights([d, gates * hidden, size]),
    weights([d, gates * hidden, hidden]),
    g.maybe(() => weights([d, 2 * gates * hidden])),
    lengths,
    state(),
  ]
  if (op === 'LSTM')
    inputs.push(
      state(),
      g.maybe(() => weights([d, 3 * hidden]), 0.3),
    )
  const chosen = random.chance(0.3)
    ? Array.from({ length: d * usual.length }, () => random.pick(activations))
    : undefined
  await g.node(
    op,
    inputs,
    {
      hidden_size: int(hidden),
      direction: direction === 'forward' ? g.maybe(() => direction) : direction,
      clip: g.maybe(() => float(0.8), 0.15),
      activations: chosen,
      activation_alpha:
        chosen &&
        alphas(chosen, {
          LeakyRelu: 0.02,
          Elu: 0.9,
          Affine: 0.7,
          ScaledTanh: 1.1,
          ThresholdedRelu: 0.4,
          HardSigmoid: 0.2,
        }),
      activation_beta: chosen && alphas(chosen, { Affine: 0.1, ScaledTanh: 0.7, HardSigmoid: 0.5 }),
      layout: isBatchFirst ? int(1) : undefined,
      linear_before_reset: op === 'GRU' ? g.maybe(() => int(random.below(2))) : undefined,
      input_forget: op === 'LSTM' ? g.maybe(() => int(1), 0.1) : undefined,
    },
    { outputs: random.between(1, op === 'LSTM' ? 3 : 2) },
  )
})

/** Parameters stand in one list, for those activations that take one. */
function alphas(chosen, table) {
  const list = chosen.flatMap((name) => (name in table ? [table[name]] : []))
  return list.length > 0 ? floats(list) : undefined
}

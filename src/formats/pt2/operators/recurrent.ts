import { type Call, type Convert, type Operators, refuse, type Value } from '../call.ts'

/** Gates of PyTorch's weights in the order of ONNX's. */
const gates = {
  /** i, f, g, o → i, o, f, c. */
  LSTM: [0, 3, 1, 2],
  /** r, z, n → z, r, h. */
  GRU: [1, 0, 2],
  RNN: [0],
} as const

type Kind = keyof typeof gates

/**
 * Layers of LSTM, GRU or RNN, each one ONNX node; both directions are one. Weights lie as W_ih, W_hh, b_ih, b_hh per layer and
 * direction.
 */
const recurrent =
  (kind: Kind, attributes: Readonly<Record<string, bigint | readonly string[]>> = {}): Convert =>
  (call) => {
    const { w } = call
    const input = call.tensor('input')
    if (input.sizes.length !== 3) return refuse('its input has no batch')
    if (call.bool('train', false) && call.float('dropout', 0) !== 0)
      return refuse('it is exported for training; call model.eval() before')
    const directions = call.bool('bidirectional', false) ? 2 : 1
    const layers = call.int('num_layers')
    const hasBias = call.bool('has_biases', true)
    const params = call.allTensors('params')
    const each = hasBias ? 4 : 2
    if (layers < 1 || params.length !== layers * directions * each)
      return refuse('it has a projection, or weights missing')
    const states = kind === 'LSTM' ? call.allTensors('hx').map(({ name }) => name) : [call.tensor('hx').name]
    const isBatchFirst = call.bool('batch_first', false)

    let x = isBatchFirst ? w.transpose(input.name, [1, 0, 2]) : input.name
    const finals: string[][] = states.map(() => [])
    for (let layer = 0; layer < layers; layer++) {
      const at = layer * directions
      const [weights, recurrence, bias] = weightsOf(call, kind, params.slice(at * each, (at + directions) * each), each)
      const initial = states.map((state) => w.slice(state, 0, at, at + directions))
      const made = w.ops(kind, [x, weights, recurrence, bias, '', ...initial], 1 + states.length, {
        hidden_size: BigInt(params[1]?.sizes[1] ?? refuse('its weights have no fixed size')),
        direction: directions === 2 ? 'bidirectional' : 'forward',
        ...(kind === 'GRU' && { linear_before_reset: 1n }),
        ...Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [
            name,
            Array.isArray(value) ? Array<string>(directions).fill(value[0]!) : value,
          ]),
        ),
      })
      finals.forEach((list, i) => list.push(made[i + 1]!))
      // [steps, directions, batch, size] → [steps, batch, directions · size]
      x = w.op('Reshape', [w.transpose(made[0]!, [0, 2, 1, 3]), w.ints([0, 0, -1])])
    }
    return [isBatchFirst ? w.transpose(x, [1, 0, 2]) : x, ...finals.map((list) => w.concat(list, 0))]
  }

/** W, R and B of a layer: one of each per direction, of biases both kinds in a row. */
function weightsOf(call: Call, kind: Kind, params: readonly Value[], each: number): [string, string, string] {
  const { w } = call
  const ordered = (value: Value): string => {
    const order = gates[kind]
    if (order.length === 1) return value.name
    const parts = w.ops('Split', [value.name], order.length, { axis: 0n, num_outputs: BigInt(order.length) })
    return w.concat(
      order.map((gate) => parts[gate]!),
      0,
    )
  }
  const perDirection = (make: (of: readonly Value[]) => string): string =>
    w.concat(
      Array.from({ length: params.length / each }, (_, i) =>
        w.unsqueeze(make(params.slice(i * each, (i + 1) * each)), 0),
      ),
      0,
    )
  const biases = each === 4 ? perDirection(([, , b, c]) => w.concat([ordered(b!), ordered(c!)], 0)) : ''
  return [perDirection(([a]) => ordered(a!)), perDirection(([, b]) => ordered(b!)), biases]
}

/** Recurrent networks; all make fresh memory. */
export const recurrents: Operators = {
  'aten.lstm.input': recurrent('LSTM'),
  'aten.gru.input': recurrent('GRU'),
  'aten.rnn_tanh.input': recurrent('RNN', { activations: ['Tanh'] }),
  'aten.rnn_relu.input': recurrent('RNN', { activations: ['Relu'] }),
}

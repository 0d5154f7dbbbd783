import { tensorFrom, tensorNumbers } from '../../../onnx/tensor.ts'
import type { Dim, Value } from '../value.ts'
import { activationName, type Layer, type LayerCall, type Layers } from './call.ts'

type Kind = 'LSTM' | 'GRU' | 'RNN'

/** Gates of Keras' weights in the order of ONNX's: i, f, c, o → i, o, f, c; z, r, h stay. */
const gates: Readonly<Record<Kind, readonly number[]>> = { LSTM: [0, 3, 1, 2], GRU: [0, 1, 2], RNN: [0] }

/** Activations that ONNX's operators have built in, by the names of Keras. */
const builtIn: Readonly<Record<string, string>> = {
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  relu: 'Relu',
  hardSigmoid: 'HardSigmoid',
  hard_sigmoid: 'HardSigmoid',
  softsign: 'Softsign',
  softplus: 'Softplus',
  elu: 'Elu',
}

export interface Recurrence {
  /** [batch, steps, units], in the order of the input's steps. */
  readonly sequence: Value
  /** After the last step, [batch, units]. */
  readonly states: readonly Value[]
}

export const kinds: Readonly<Record<string, Kind>> = { LSTM: 'LSTM', GRU: 'GRU', SimpleRNN: 'RNN' }

/** A weight whose last axis is that of gates, as ONNX has it: gates in its order, axes turned, one direction. */
function ordered(call: LayerCall, weight: Value, kind: Kind, units: number): string {
  const order = gates[kind]
  const values = tensorNumbers(weight.known!)
  const rows = values.length / (order.length * units)
  const out = new Float32Array(values.length)
  // [rows, gates · units] → [gates · units, rows]
  order.forEach((gate, place) => {
    for (let unit = 0; unit < units; unit++)
      for (let row = 0; row < rows; row++)
        out[(place * units + unit) * rows + row] = values[row * order.length * units + gate * units + unit]!
  })
  return call.b.tensor(tensorFrom('float32', [1, order.length * units, rows], out))
}

/**
 * One direction of a recurrent layer.
 *
 * @param states initial ones, [batch, units] each; none: zeros
 */
export function recurrence(
  call: LayerCall,
  kind: Kind,
  x: Value,
  reverse: boolean,
  states: readonly Value[] = [],
): Recurrence {
  const { b, config } = call
  call.refuseUnless(!config.at('stateful').truth(false), 'states that live on between runs (stateful)')
  call.refuseUnless(!config.at('time_major').truth(false), 'time_major')
  if (b.rank(x) !== 3) b.wrong(`takes a tensor [batch, steps, features], and is given one of rank ${b.rank(x)}`)
  const units = config.at('units').integer()
  const width = gates[kind].length * units
  const kernel = call.weight('kernel', 0, [b.size(x, 2), width])
  const recurrent = call.weight('recurrent_kernel', 1, [units, width])
  const resetsAfter = kind === 'GRU' && config.at('reset_after').truth(false)
  const list = states.length > 0 && states.length !== (kind === 'LSTM' ? 2 : 1) ? b.wrong(`is given ${states.length} states`) : states // prettier-ignore
  const names = b.writer.ops(
    kind,
    [
      b.writer.transpose(b.get(x), [1, 0, 2]),
      ordered(call, kernel, kind, units),
      ordered(call, recurrent, kind, units),
      biases(call, kind, units, resetsAfter),
      '',
      ...list.map((state) => b.writer.unsqueeze(b.get(state), 0)),
    ],
    kind === 'LSTM' ? 3 : 2,
    {
      hidden_size: BigInt(units),
      direction: reverse ? 'reverse' : 'forward',
      activations: activationsOf(call, kind),
      ...(kind === 'GRU' && { linear_before_reset: resetsAfter ? 1n : 0n }),
    },
  )
  const [batch, steps] = x.shape as [Dim, Dim]
  // [steps, 1, batch, units] → [batch, steps, units]
  const sequence = b.writer.transpose(b.writer.squeeze(names[0]!, 1), [1, 0, 2])
  return {
    sequence: b.value(sequence, 'float32', [batch, steps, units]),
    states: names.slice(1).map((name) => b.value(b.writer.squeeze(name, 0), 'float32', [batch, units])),
  }
}

/** Of the inputs, then of the states: only a GRU that resets after its product has two of its own. */
function biases(call: LayerCall, kind: Kind, units: number, isTwice: boolean): string {
  const { b, config } = call
  if (!config.at('use_bias').truth(true)) return ''
  const width = gates[kind].length * units
  const bias = call.weight('bias', 2, isTwice ? [2, width] : [width])
  const values = tensorNumbers(bias.known!)
  const place = (from: number): number[] =>
    gates[kind].flatMap((gate) => values.slice(from + gate * units, from + (gate + 1) * units))
  const none = Array.from({ length: width }, () => 0)
  return b.tensor(tensorFrom('float32', [1, 2 * width], [...place(0), ...(isTwice ? place(width) : none)]))
}

function activationsOf(call: LayerCall, kind: Kind): readonly string[] {
  const named = (key: string, fallback: string): string => {
    const config = call.config.at(key)
    const name = config.isThere ? activationName(config) : fallback
    return (Object.hasOwn(builtIn, name) ? builtIn[name] : undefined) ?? call.b.fail(`has ${key} ${JSON.stringify(name)} in a recurrence`) // prettier-ignore
  }
  const own = named('activation', 'tanh')
  if (kind === 'RNN') return [own]
  const gate = named('recurrent_activation', 'hardSigmoid')
  return kind === 'LSTM' ? [gate, own, own] : [gate, own]
}

/** Steps from the last to the first. */
export function flipped({ b }: LayerCall, x: Value): Value {
  return b.value(b.writer.slice(b.get(x), 1, -1, -(2 ** 31), -1), x.type, x.shape)
}

/** Further inputs are initial states. */
function layer(kind: Kind): Layer {
  return (call) => {
    const { b, config, inputs } = call
    const [x, ...states] = inputs
    if (!x) return b.wrong('takes a tensor, and is given none')
    const backwards = config.at('go_backwards').truth(false)
    const made = recurrence(call, kind, backwards ? flipped(call, x) : x, false, states)
    const result = config.at('return_sequences').truth(false) ? made.sequence : made.states[0]!
    return config.at('return_state').truth(false) ? [result, ...made.states] : result
  }
}

export const recurrent: Layers = { LSTM: layer('LSTM'), GRU: layer('GRU'), SimpleRNN: layer('RNN') }

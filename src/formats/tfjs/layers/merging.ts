import { named } from '../ops/elementwise.ts'
import { concat } from '../ops/moving.ts'
import { batchNorm } from '../ops/normalization.ts'
import type { Shape, Value } from '../value.ts'
import type { Builder } from '../builder.ts'
import type { Layer, LayerCall, Layers } from './call.ts'

// Layers that join several tensors, and those that normalise.

/** One operator on all inputs, two at a time. */
function merge(op: string): Layer {
  return ({ b, inputs }) => {
    const [first, ...rest] = inputs
    if (!first || rest.length === 0) return b.wrong('joins several tensors, and is given fewer')
    // Of different ranks, Keras fills axes up behind the batch.
    if (rest.some((value) => b.rank(value) !== b.rank(first))) b.fail('joins tensors of different ranks')
    return rest.reduce((sum, value) => named(b, op, [sum, value]), first)
  }
}

const average: Layer = (call) => {
  const sum = merge('Add')(call) as Value
  return named(call.b, 'Div', [sum, call.b.numbers('float32', [], [call.inputs.length])])
}

const subtract: Layer = (call) => {
  if (call.inputs.length !== 2) call.b.wrong(`takes two tensors, and is given ${call.inputs.length}`)
  return merge('Sub')(call)
}

/** Products of vectors along one axis of each, per element of the batch. */
const dot: Layer = (call) => {
  const { b, config, inputs } = call
  const [x, y] = inputs
  if (!x || !y || inputs.length !== 2) return b.wrong(`takes two tensors, and is given ${inputs.length}`)
  const ranks = [b.rank(x), b.rank(y)]
  if (ranks.some((rank) => rank !== 2 && rank !== 3)) b.fail(`has tensors of ranks ${ranks.join(' and ')}`)
  const axes = config.at('axes').integers(2).map((axis, i) => b.axis(axis, ranks[i]!)) // prettier-ignore
  if (axes.includes(0)) b.wrong('has products along the batch')
  const normalized = config.at('normalize').truth(false)
  const [p, q] = inputs.map((value, i) => (normalized ? unit(b, value, axes[i]!) : b.get(value))) as [string, string]
  // [batch, m, k] · [batch, k, n]
  const left = ranks[0] === 2 ? b.writer.unsqueeze(p, 1) : axes[0] === 2 ? p : b.writer.transpose(p, [0, 2, 1])
  const right = ranks[1] === 2 ? b.writer.unsqueeze(q, 2) : axes[1] === 1 ? q : b.writer.transpose(q, [0, 2, 1])
  const product = b.op('MatMul', [left, right])
  const rows = ranks[0] === 2 ? [] : [x.shape![3 - axes[0]!]]
  const columns = ranks[1] === 2 ? [] : [y.shape![3 - axes[1]!]]
  const gone = [...(rows.length === 0 ? [1] : []), ...(columns.length === 0 ? [2] : [])]
  // Two vectors give one number, which keeps an axis.
  const squeezed = gone.length === 2 ? [2] : gone
  const shape: Shape = [x.shape![0], ...(gone.length === 2 ? [1] : [...rows, ...columns])]
  return b.value(squeezed.length > 0 ? b.writer.squeeze(product, ...squeezed) : product, x.type, shape)
}

/** x / √max(Σ x², ε), where ε is Keras' fuzz factor (tfjs-layers losses.ts, `l2Normalize`). */
function unit(b: Builder, x: Value, axis: number): string {
  const name = b.get(x)
  const squares = b.op('ReduceSumSquare', [name, b.writer.ints([axis])], { keepdims: 1n })
  return b.op('Div', [name, b.op('Sqrt', [b.op('Max', [squares, b.scalar(1e-7, 'float32')])])])
}

function optional(call: LayerCall, flag: string, name: string, index: number, shape: Shape): Value | undefined {
  return call.config.at(flag).truth(true) ? call.weight(name, index, shape) : undefined
}

/** Weights gamma and beta, where there are any, then the mean and the variance that training saw. */
const batchNormalization: Layer = (call) => {
  const { b, x, config } = call
  const rank = b.rank(x)
  const given = config.at('axis')
  const axis = b.axis(given.isList ? given.integers(1)[0]! : given.integer(-1), rank)
  const channels = b.size(x, axis)
  const scale = optional(call, 'scale', 'gamma', 0, [channels])
  const offset = optional(call, 'center', 'beta', scale ? 1 : 0, [channels])
  const before = (scale ? 1 : 0) + (offset ? 1 : 0)
  const mean = call.weight('moving_mean', before, [channels])
  const variance = call.weight('moving_variance', before + 1, [channels])
  const parts = { mean, variance, ...(scale && { scale }), ...(offset && { offset }) }
  const epsilon = config.at('epsilon').number(1e-3)
  if (axis === rank - 1) return batchNorm(b, x, parts, epsilon)
  const last = [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis), axis]
  const back = last.map((_, i) => last.indexOf(i))
  return b.transpose(batchNorm(b, b.transpose(x, last), parts, epsilon), back)
}

/** Along the last axes. */
const layerNormalization: Layer = (call) => {
  const { b, x, config } = call
  const rank = b.rank(x)
  const given = config.at('axis')
  const axes = (given.isList ? given.list().map((axis) => axis.integer()) : [given.integer(-1)]).map((axis) => b.axis(axis, rank)) // prettier-ignore
  const first = Math.min(...axes)
  call.refuseUnless(
    axes.length === rank - first && axes.every((axis, i) => axis === first + i),
    'axes that are not the last ones in order',
  )
  const shape = axes.map((axis) => b.size(x, axis))
  const ones = (): Value => b.numbers('float32', shape, new Float32Array(shape.reduce((count, size) => count * size, 1)).fill(1)) // prettier-ignore
  const scale = optional(call, 'scale', 'gamma', 0, shape)
  const offset = optional(call, 'center', 'beta', scale ? 1 : 0, shape)
  const operands = [b.get(x), b.get(scale ?? ones()), ...(offset ? [b.get(offset)] : [])]
  const attributes = { axis: BigInt(first), epsilon: config.at('epsilon').number(1e-3) }
  return b.value(b.op('LayerNormalization', operands, attributes), x.type, x.shape)
}

export const merging: Layers = {
  Add: merge('Add'),
  Subtract: subtract,
  Multiply: merge('Mul'),
  Average: average,
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Concatenate: ({ b, inputs, config }) => concat(b, inputs, config.at('axis').integer(-1)),
  Dot: dot,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
}

/** How results of two directions become one (`merge_mode`). */
export const joinedBy: Readonly<Record<string, (b: Builder, x: Value, y: Value) => Value>> = {
  concat: (b, x, y) => concat(b, [x, y], -1),
  sum: (b, x, y) => named(b, 'Add', [x, y]),
  mul: (b, x, y) => named(b, 'Mul', [x, y]),
  ave: (b, x, y) => named(b, 'Mul', [named(b, 'Add', [x, y]), b.numbers('float32', [], [0.5])]),
}

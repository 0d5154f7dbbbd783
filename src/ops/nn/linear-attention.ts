import { type Dim, floorDivide, multiply } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, multipleOf, takes } from '../../graph/rules.ts'
import { choiceOf } from '../../graph/choice.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'

const updates = { linear: [], gated: ['decay'], delta: ['beta'], gated_delta: ['decay', 'beta'] } as const

/** What the update of the state reads. */
function updateOf(node: Node): readonly ('decay' | 'beta')[] {
  return choiceOf<readonly ('decay' | 'beta')[]>(node, 'update_rule', 'gated_delta', updates)
}

function headsOf(node: Node, attribute: 'q_num_heads' | 'kv_num_heads'): number {
  const heads = node.int(attribute, 0)
  if (heads > 0) return heads
  throw node.error('MODEL_ATTRIBUTE', `${attribute} must be a positive number`)
}

/** Heads of queries for each head of keys. */
function sharedBy(node: Node): number {
  const [heads, groups] = [headsOf(node, 'q_num_heads'), headsOf(node, 'kv_num_heads')]
  if (heads % groups === 0) return heads / groups
  throw node.error('MODEL_ATTRIBUTE', `${heads} heads of queries can't share ${groups} heads of keys`)
}

/** Keys as large as queries, a state for each pair of key and value, a decay for each head of keys or element of one. */
function agree(node: Node): Agreement[] {
  const groups = headsOf(node, 'kv_num_heads')
  const heads = groups * sharedBy(node)
  const [keys, values] = [node.input(1).dims[2]!, node.input(2).dims[2]!]
  const update = updateOf(node)
  for (const [i, name] of [
    [4, 'decay'],
    [5, 'beta'],
  ] as const)
    if (update.includes(name) && !node.inputs[i])
      throw node.error('MODEL_MISSING_INPUT', `the update needs input ${name}`)
  const perHead = (input: number, otherwise: Dim): Agreement[] => {
    const given = node.inputs[input]?.dims[2]
    if (given === undefined || given === groups) return []
    return [{ input, axis: 2, expected: otherwise, as: `${groups} heads need` }]
  }
  return [
    ...[1, 2].map((input) => multipleOf(node, [input, 2], groups, `${groups} heads need`)),
    {
      input: 0,
      axis: 2,
      expected: multiply(floorDivide(keys, groups), heads),
      as: 'heads as large as those of the keys need',
    },
    ...(node.inputs[3]
      ? [
          { input: 3, axis: 1, expected: groups, as: 'kv_num_heads says' },
          { input: 3, axis: 2, expected: floorDivide(keys, groups), as: 'the keys need' },
          { input: 3, axis: 3, expected: floorDivide(values, groups), as: 'the values need' },
        ]
      : []),
    ...perHead(4, keys),
    ...perHead(5, node.inputs[5]?.dims[2] === 1 ? 1 : groups),
  ]
}

/** [batch, steps, heads × size] as float32[steps, batch, heads, size], so that a loop can take one step at a time. */
function stepsOf(b: Builder, x: Value, heads: number): Value {
  const [batch, steps, hidden] = x.dims as [Dim, Dim, Dim]
  const size = floorDivide(hidden, heads)
  return b.op('Transpose', [b.reshape(castTo(b, x, 'float32'), [batch, steps, heads, size])], {
    perm: [1, 0, 2, 3],
  })
}

/**
 * ONNX LinearAttention-27: a state per head, float32[batch, groups, key size, value size], is faded (`gated`), told what
 * is new of each key's value (`delta`: the difference to what it recalls), and read with each query.
 */
const LinearAttention: LoweredOperator = {
  name: 'LinearAttention',
  rules: takes(
    'query:float[b, s, _] key:float[b, s, _] value:float[b, s, _] past_state?:float[b, _, _, _] decay?:float[b, s, _] ' +
      'beta?:float[b, s, _]',
    {},
    agree,
  ),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const update = updateOf(node)
    const [heads, groups] = [headsOf(node, 'q_num_heads'), headsOf(node, 'kv_num_heads')]
    const shared = sharedBy(node)
    const query = stepsOf(b, node.input(0), heads)
    const [key, value] = [stepsOf(b, node.input(1), groups), stepsOf(b, node.input(2), groups)]
    const decay = update.includes('decay') ? stepsOf(b, node.input(4), groups) : undefined
    const beta = update.includes('beta') ? stepsOf(b, node.input(5), sharedBeta(node.input(5), groups)) : undefined
    const [steps, batch] = query.dims as [Dim, Dim]
    const [keySize, valueSize] = [key.dims[3]!, value.dims[3]!]
    if (typeof keySize !== 'number')
      throw node.error('UNSUPPORTED_DYNAMIC', 'the head size must be known at compile time')
    const scale = b.scalar(node.float('scale', 0) || 1 / Math.sqrt(keySize), 'float32')
    const initial = node.inputs[3]
      ? castTo(b, node.inputs[3], 'float32')
      : b.op('ConstantOfShape', [b.dims([batch, groups, keySize, valueSize])])
    const last = b.ints([-1])

    const count = b.op('Reshape', [b.dims([steps]), b.ints([])])
    const [state, outputs] = b.loop(count, [initial], 2, (inner, i, [before]) => {
      const step = (x: Value): Value => inner.op('Gather', [x, i], { axis: 0 })
      const column = inner.op('Unsqueeze', [step(key), last])
      const faded = decay
        ? inner.op('Mul', [before, inner.op('Unsqueeze', [inner.op('Exp', [step(decay)]), last])])
        : before!
      const news = beta
        ? inner.op('Mul', [step(beta), inner.op('Sub', [step(value), recall(inner, faded, column)])])
        : step(value)
      const after = inner.op('Add', [
        faded,
        inner.op('MatMul', [column, inner.op('Unsqueeze', [news, inner.ints([-2])])]),
      ])
      const rows = inner.reshape(step(query), [batch, groups, shared, keySize])
      return [after, inner.op('Mul', [inner.op('MatMul', [rows, after]), scale])]
    })
    // [steps, batch, groups, shared, size] → [batch, steps, heads × size]
    const batchFirst = b.op('Transpose', [outputs!], { perm: [1, 0, 2, 3, 4] })
    const flat = typeof valueSize === 'number' ? heads * valueSize : -1
    const output = b.reshape(batchFirst, [batch, steps, flat])
    return [castTo(b, output, node.input(0).type), castTo(b, state!, node.input(0).type)]
  },
}

/** Beta is one number per head, or one for all of them. */
function sharedBeta(beta: Value, groups: number): number {
  return beta.dims[2] === 1 ? 1 : groups
}

/** What the state holds under a key: stateᵀ · key. */
function recall(b: Builder, state: Value, column: Value): Value {
  return b.op('Squeeze', [b.op('MatMul', [b.op('Transpose', [state], { perm: [0, 1, 3, 2] }), column]), b.ints([-1])])
}

export const linearAttention: readonly LoweredOperator[] = [LinearAttention]

import { type Dim, dimEquals, floorDivide, multiply, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, multipleOf, takes } from '../../graph/rules.ts'
import { literal } from '../../lowering/c-text.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { castTo, widenNarrowFloats } from '../../lowering/widen.ts'

function sameAsInput(node: Node): ValueInfo[] {
  return [{ type: node.input(0).type, shape: node.input(0).shape }]
}

/** A vector with one number per channel (axis 1), shaped to broadcast to x. */
function perChannel(b: Builder, value: Value, x: Value): Value {
  const axes = b.ints(x.dims.slice(2).map((_, i) => i + 1))
  return x.rank > 2 ? b.op('Unsqueeze', [value, axes]) : value
}

/** The size of axis 1, which these operators treat apart. */
function channelsOf(node: Node): Dim {
  return node.input(0).dims[1]!
}

const perChannelRules = 'X:T[_, c, ...] scale:T[c] bias:T[c]'

function wholeGroups(node: Node): Agreement[] {
  const groups = groupsOf(node)
  return [multipleOf(node, [0, 1], groups, `${groups} groups need`)]
}

/** How channels are normalised in so many groups. */
function byGroups(groupsOf: (node: Node) => Dim): Pick<LoweredOperator, 'decompose' | 'lower' | 'flops'> {
  return {
    decompose: (node, b) =>
      widenNarrowFloats(node, b) ??
      (node.input(0).type === 'float32' ? undefined : [normaliseGroups(node, b, groupsOf(node))]),
    lower(node, k) {
      const { dims } = node.input(0)
      const groups = groupsOf(node)
      k.include('normalize.h')
      const sizes = [dims[0]!, groups, groupSize(node, groups), product(dims.slice(2))].map((dim) => k.dim(dim))
      shareElements(k, dims)
      const operands = [k.input(0), k.input(1), k.input(2), k.output(), ...sizes]
      k.line(`om_groupnorm_f32(${operands.join(', ')}, ${literal('float32', node.float('epsilon', 1e-5))});`)
    },
    flops: (node) => product([8, ...node.input(0).dims]),
  }
}

/**
 * ONNX GroupNormalization-21 (scale and bias per channel): each group of channels is normalised over itself and all
 * pixels.
 */
const GroupNormalization: LoweredOperator = {
  name: 'GroupNormalization',
  since: 21,
  rules: takes(perChannelRules, { T: 'float' }, wholeGroups),
  infer: sameAsInput,
  ...byGroups(groupsOf),
}

function groupsOf(node: Node): number {
  const groups = node.int('num_groups')
  if (groups === undefined) throw node.error('MODEL_ATTRIBUTE', 'num_groups is required')
  return groups
}

/** Channels of a group. */
function groupSize(node: Node, groups: Dim): Dim {
  return dimEquals(channelsOf(node), groups) ? 1 : floorDivide(channelsOf(node), groups)
}

/** The same with simpler operators, in the input's own type. */
function normaliseGroups(node: Node, b: Builder, groups: Dim): Value {
  const [x, scale, bias] = [node.input(0), node.input(1), node.input(2)]
  const rows = b.reshape(x, [x.dims[0]!, groups, multiply(groupSize(node, groups), product(x.dims.slice(2)))])
  const axes = b.ints([2])
  const centred = b.op('Sub', [rows, b.op('ReduceMean', [rows, axes])])
  const variance = b.op('ReduceMean', [b.op('Mul', [centred, centred]), axes])
  const deviation = b.op('Sqrt', [b.op('Add', [variance, b.scalar(node.float('epsilon', 1e-5), x.type)])])
  const normalised = b.reshape(b.op('Div', [centred, deviation]), x.dims)
  return b.op('Add', [b.op('Mul', [normalised, perChannel(b, scale, x)]), perChannel(b, bias, x)])
}

/** Up to opset 20 scale and bias were given per group. */
const GroupNormalizationByGroup: LoweredOperator = {
  name: 'GroupNormalization',
  since: 18,
  rules: takes('X:T[_, _, ...] scale:T[g] bias:T[g]', { T: 'float' }, (node) => [
    ...wholeGroups(node),
    { input: 1, axis: 0, expected: groupsOf(node), as: 'num_groups says' },
  ]),
  infer: sameAsInput,
  decompose(node, b) {
    // Each group's number once for each of its channels.
    const spread = (i: number): Value => {
      const repeated = b.op('Expand', [
        b.op('Unsqueeze', [node.input(i), b.ints([1])]),
        b.dims([groupsOf(node), groupSize(node, groupsOf(node))]),
      ])
      return b.reshape(repeated, [channelsOf(node)])
    }
    return [b.op('GroupNormalization', [node.input(0), spread(1), spread(2)], Object.fromEntries(node.attributes))]
  },
}

/** ONNX InstanceNormalization-1 … 22: every channel is a group of its own. */
const InstanceNormalization: LoweredOperator = {
  name: 'InstanceNormalization',
  rules: takes(perChannelRules, { T: 'float' }),
  infer: sameAsInput,
  ...byGroups(channelsOf),
}

/** ONNX LRN-1 … 13. Doubles are computed as floats: the operator is of a time that had no others. */
const LRN: LoweredOperator = {
  name: 'LRN',
  rules: takes('X:float[_, _, ...]'),
  infer: sameAsInput,
  decompose(node, b) {
    const { type } = node.input(0)
    if (type !== 'float64') return widenNarrowFloats(node, b)
    const narrow = castTo(b, node.input(0), 'float32')
    return [castTo(b, b.op('LRN', [narrow], Object.fromEntries(node.attributes)), type)]
  },
  lower(node, k) {
    const { dims } = node.input(0)
    const size = node.int('size')
    if (size === undefined || size < 1)
      throw node.error('MODEL_ATTRIBUTE', `size is ${size}, but should be a number of channels`)
    k.include('normalize.h')
    const factors = [node.float('alpha', 1e-4), node.float('beta', 0.75), node.float('bias', 1)].map((value) =>
      literal('float32', value),
    )
    const sizes = [k.dim(dims[0]!), k.dim(channelsOf(node)), k.count(dims.slice(2)), size]
    shareElements(k, dims, 32)
    k.line(`om_lrn_f32(${k.input(0)}, ${k.output()}, ${[...sizes, ...factors].join(', ')});`)
  },
  flops: (node) => product([2 * node.int('size', 1), ...node.input(0).dims]),
}

/** ONNX MeanVarianceNormalization-9 … 13; the 1e-9 is that of its function body. */
const MeanVarianceNormalization: LoweredOperator = {
  name: 'MeanVarianceNormalization',
  rules: takes('X:float'),
  infer: sameAsInput,
  decompose(node, b) {
    const x = node.input(0)
    const axes = b.ints(node.ints('axes') ?? [0, 2, 3])
    const centred = b.op('Sub', [x, b.op('ReduceMean', [x, axes])])
    const deviation = b.op('Sqrt', [b.op('ReduceMean', [b.op('Mul', [centred, centred]), axes])])
    return [b.op('Div', [centred, b.op('Add', [deviation, b.scalar(1e-9, x.type)])])]
  },
}

/** ONNX LpNormalization-1 … 22; where the norm is 0, so is the result. */
const LpNormalization: LoweredOperator = {
  name: 'LpNormalization',
  rules: takes('X:float'),
  infer: sameAsInput,
  decompose(node, b) {
    const x = node.input(0)
    const p = node.int('p', 2)
    if (p !== 1 && p !== 2) throw node.error('MODEL_ATTRIBUTE', `p is ${p}, but should be 1 or 2`)
    const axis = normalizeAxis(node, node.int('axis', -1), x.rank)
    const norm = b.op(p === 1 ? 'ReduceL1' : 'ReduceL2', [x, b.ints([axis])])
    const isZero = b.op('Equal', [norm, b.scalar(0, x.type)])
    return [b.op('Div', [x, b.op('Where', [isZero, b.scalar(1, x.type), norm])])]
  },
}

export const normalizations: readonly LoweredOperator[] = [
  GroupNormalization,
  GroupNormalizationByGroup,
  InstanceNormalization,
  LRN,
  MeanVarianceNormalization,
  LpNormalization,
]

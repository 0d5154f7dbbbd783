import type { GraphSource } from '../../../onnx/build.ts'
import { tensorType } from '../../../onnx/build.ts'
import { type Call, type Convert, type Operators, refuse, type Value } from '../call.ts'
import type { GraphWriter } from '../../graph-writer.ts'

/** cond(predicate, true graph, false graph, inputs) */
const cond: Convert = (call) => {
  const [predicate, inputs] = [call.valueOf(call.at(0)), call.valuesOf(call.at(3))]
  const branch = (index: number): GraphSource => {
    const writer = call.w.inner()
    const outputs = call.inline(call.graph(index), inputs, writer)
    if (outputs.length !== call.outputs.length) refuse('its graphs give another number of values than it does')
    return writer.graph(outputs.map(({ name }) => ({ name })))
  }
  if (predicate.type !== 'bool') return refuse('its condition is no bool')
  const condition =
    predicate.sizes.length === 0 ? predicate.name : call.w.op('Reshape', [predicate.name, call.w.ints([])])
  return call.w.ops('If', [condition], call.outputs.length, { then_branch: branch(1), else_branch: branch(2) })
}

/** while_loop(condition graph, body graph, carried, additional): the condition is computed before, and at each step's end. */
const whileLoop: Convert = (call) => {
  const { w } = call
  const [carried, additional] = [call.valuesOf(call.at(2)), call.valuesOf(call.at(3))]
  const holds = (values: readonly Value[], writer: GraphWriter): string => {
    const [first] = call.inline(call.graph(0), [...values, ...additional], writer)
    return first ? writer.cast(first.name, first.type, 'bool') : refuse('its condition gives nothing')
  }
  const first = holds(carried, w)
  const writer = w.inner()
  const [step, condition] = [w.names.fresh('step'), w.names.fresh('condition')]
  const inside = carried.map((value) => ({ ...value, name: w.names.fresh('carried') }))
  const next = call.inline(call.graph(1), [...inside, ...additional], writer)
  if (next.length !== carried.length || next.some(({ type }, i) => type !== carried[i]!.type))
    return refuse('its body gives other values than it takes')
  const body = writer.graph(
    [holds(next, writer), ...next.map(({ name }) => name)].map((name) => ({ name })),
    {
      [step]: tensorType('int64', []),
      [condition]: tensorType('bool', []),
      ...Object.fromEntries(inside.map(({ name, type, sizes }) => [name, tensorType(type, sizes)])),
    },
  )
  return w.ops('Loop', ['', first, ...carried.map(({ name }) => name)], carried.length, { body })
}

/** The nodes of a graph that is only wrapped: its place is found by what it is given. */
const wrapped: Convert = (call) => {
  const at = call.node.inputs.findIndex(({ value }) => value.kind === 'graph')
  if (at < 0) return refuse('it has no graph')
  const inputs = call.node.inputs
    .slice(at + 1)
    .flatMap(({ value }) => (value.kind === 'list' ? call.valuesOf(value) : [call.valueOf(value)]))
  return call.inline(call.graph(at), inputs, call.w).map(({ name }) => name)
}

/** Checks of what the exporter assumed. Their sizes hold in every run that gets past the checks of its inputs. */
const nothing: Convert = () => []

const size: Convert = (call) => {
  const self = call.tensor('self')
  const axis = call.axis('dim', self.sizes.length)
  const known = self.sizes[axis]
  return known === undefined
    ? call.w.op('Squeeze', [call.w.sizes(self.name, axis, axis + 1)])
    : call.w.scalar(BigInt(known), 'int64')
}

const elements: Convert = (call) => call.w.op('Size', [call.tensor('self').name])

/** A value of a tensor as a number of the program: `u0` where it is a size. */
const item: Convert = (call) => {
  const self = call.tensor('self')
  return call.w.op('Reshape', [call.cast(self, call.out.type), call.w.ints([])])
}

/** Arithmetic of sizes, int64 scalars. */
const ofSizes =
  (op: string, isRounded = false): Convert =>
  (call) => {
    const { w } = call
    const [a, b] = [0, 1].map((i) => operandOf(call, i))
    if (!isRounded) return w.op(op, [a!, b!])
    // Rounded down, where Div truncates: -(-n // 2) is how Python rounds up. Mod has the divisor's sign.
    return w.op('Div', [w.op('Sub', [a!, w.op('Mod', [a!, b!])]), b!])
  }

function operandOf(call: Call, index: number): string {
  const value = call.valueOf(call.at(index))
  return value.type === 'int64' || value.type === 'bool' ? value.name : refuse('it computes with floats')
}

/** Graphs inside nodes, and sizes that are values. */
export const control: Operators = {
  'higher_order.cond': cond,
  'higher_order.while_loop': whileLoop,
  'higher_order.wrap_with_set_grad_enabled': wrapped,
  'higher_order.wrap_with_autocast': refuseAutocast,
  'aten._assert_scalar.default': nothing,
  'aten._assert_async.msg': nothing,
  'aten._assert_tensor_metadata.default': nothing,
  'aten.sym_constrain_range_for_size.default': nothing,
  'aten.sym_constrain_range.default': nothing,
  'aten.sym_size.int': size,
  'aten.sym_numel.default': elements,
  'aten.item.default': item,
  'aten._local_scalar_dense.default': item,
  '_operator.add': ofSizes('Add'),
  '_operator.sub': ofSizes('Sub'),
  '_operator.mul': ofSizes('Mul'),
  '_operator.mod': ofSizes('Mod'),
  '_operator.floordiv': ofSizes('Div', true),
  'math.floor': (call) => operandOf(call, 0),
  '_operator.eq': ofSizes('Equal'),
  '_operator.ne': (call) => call.w.op('Not', [ofSizes('Equal')(call) as string]),
  '_operator.lt': ofSizes('Less'),
  '_operator.le': ofSizes('LessOrEqual'),
  '_operator.gt': ofSizes('Greater'),
  '_operator.ge': ofSizes('GreaterOrEqual'),
  '_operator.neg': (call) => call.w.op('Neg', [operandOf(call, 0)]),
  'torch.sym_max': ofSizes('Max'),
  'torch.sym_min': ofSizes('Min'),
}

/** Its own precision decides what the operators inside compute in. */
function refuseAutocast(call: Call): string | readonly string[] {
  // (device, type, enabled, cache, graph, …)
  const enabled = call.at(2)
  return enabled.kind === 'bool' && !enabled.value ? wrapped(call) : refuse('autocast is enabled in it')
}

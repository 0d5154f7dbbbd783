import { dimEquals, dimKey, symbolName } from '../graph/dim.ts'
import type { Graph, Node, Value, ValueInfo } from '../graph/graph.ts'
import type { InferContext } from '../graph/operator.ts'
import type { ControlWriter, LoweredOperator } from './lowering.ts'

/** What is known of a value that is `a` on one path and `b` on another: dimensions that differ get fresh symbols. */
function merge(node: Node, a: ValueInfo, b: ValueInfo, context: InferContext): ValueInfo {
  if (a.type !== b.type || a.shape?.length !== b.shape?.length) {
    throw node.error('UNSUPPORTED_RANK', `paths give ${describe(a)} and ${describe(b)}; type and rank must agree`)
  }
  return {
    type: a.type,
    shape: a.shape?.map((dim, axis) => (dimEquals(dim, b.shape![axis]!) ? dim : context.freshDim())),
  }
}

function describe({ type, shape }: ValueInfo): string {
  return `${type}[${shape?.join(', ') ?? '?'}]`
}

/** Sets those symbols of `to`'s shape that `from` can tell; dimensions are read before any is set. */
function assignShape(c: ControlWriter, from: Value, to: Value): void {
  const assignments: string[] = []
  to.dims.forEach((dim, axis) => {
    if (symbolName(dim) === undefined || dimEquals(dim, from.dims[axis]!)) return
    const kept = c.name()
    c.line(`const int64_t ${kept} = ${c.dim(from.dims[axis]!)};`)
    assignments.push(`${c.symbol(dim)} = ${kept};`)
  })
  assignments.forEach((line) => c.line(line))
}

/** ONNX If-1 … 25. */
const If: LoweredOperator = {
  name: 'If',
  infer(node, context) {
    const then = context.subgraph('then_branch', [])
    const otherwise = context.subgraph('else_branch', [])
    if (then.outputs.length !== otherwise.outputs.length) {
      throw node.error('MODEL_BRANCHES', 'the branches give different numbers of outputs')
    }
    return then.outputs.map((output, i) => merge(node, output, otherwise.outputs[i]!, context))
  },
  control(node, c) {
    c.line(`if (*${c.pointer(node.input(0))}) {`)
    writeBranch(node, node.graphs.get('then_branch')!, c)
    c.line('} else {')
    writeBranch(node, node.graphs.get('else_branch')!, c)
    c.line('}')
  },
}

function writeBranch(node: Node, branch: Graph, c: ControlWriter): void {
  c.graph(branch)
  node.outputs.forEach((output, i) => {
    assignShape(c, branch.outputs[i]!, output)
    c.allocate(output)
    c.copy(branch.outputs[i]!, output)
  })
}

/** Imports a loop body, widening carried dimensions that an iteration changes until nothing changes any more. */
function loopBody(node: Node, context: InferContext, initial: readonly ValueInfo[]): Graph {
  const widened = new Set<string>()
  const widen = (info: ValueInfo, next: ValueInfo): ValueInfo => {
    if (info.type !== next.type || info.shape?.length !== next.shape?.length) {
      throw node.error(
        'UNSUPPORTED_RANK',
        `a carried value changes from ${describe(info)} to ${describe(next)}; type and rank must stay`,
      )
    }
    const shape = info.shape?.map((dim, axis) => {
      if (dimEquals(dim, next.shape![axis]!) || widened.has(dimKey(dim))) return dim
      const fresh = context.freshDim()
      widened.add(dimKey(fresh))
      return fresh
    })
    return { type: info.type, shape }
  }
  let carried: ValueInfo[] = initial.map(({ type, shape }) => ({ type, shape }))
  for (;;) {
    const body = context.subgraph('body', [{ type: 'int64', shape: [] }, { type: 'bool', shape: [] }, ...carried])
    const next = body.outputs.slice(1, 1 + carried.length)
    if (next.length < carried.length) throw node.error('MODEL_LOOP', 'the body gives fewer values than it carries')
    const before = widened.size
    carried = carried.map((info, i) => widen(info, next[i]!))
    if (widened.size === before) return body
  }
}

/** ONNX Loop-1 … 25: a `for` with an optional bound and an optional condition. */
const Loop: LoweredOperator = {
  name: 'Loop',
  infer(node, context) {
    const initial = node.inputs.slice(2).map((_, i) => node.input(i + 2))
    const body = loopBody(node, context, initial)
    body.outputs = body.outputs.map((output) => context.copy(body, output))
    const iterations = context.freshDim()
    return [
      ...initial.map((_, i): ValueInfo => ({ type: body.inputs[i + 2]!.type, shape: body.inputs[i + 2]!.shape })),
      ...body.outputs.slice(1 + initial.length).map(({ type, dims }) => ({ type, shape: [iterations, ...dims] })),
    ]
  },
  control(node, c) {
    const body = node.graphs.get('body')!
    const carried = body.inputs.slice(2)
    const scans = node.outputs.slice(carried.length)
    const [trip, go, i] = [c.name(), c.name(), c.name()]
    c.line(`const int64_t ${trip} = ${node.inputs[0] ? `*${c.pointer(node.inputs[0])}` : 'INT64_MAX'};`)
    c.line(`bool ${go} = ${node.inputs[1] ? `*${c.pointer(node.inputs[1])}` : 'true'};`)
    c.line(`int64_t ${i} = 0;`)
    carried.forEach((value, k) => {
      assignShape(c, node.input(k + 2), value)
      c.allocate(value)
      c.copy(node.input(k + 2), value)
    })
    c.line(`for (; ${i} < ${trip} && ${go}; ${i}++) {`)
    c.line(`*${c.pointer(body.inputs[0]!)} = ${i};`)
    c.line(`*${c.pointer(body.inputs[1]!)} = ${go};`)
    c.graph(body)
    c.line(`${go} = *${c.pointer(body.outputs[0]!)};`)
    scans.forEach((scan, k) => c.append(body.outputs[1 + carried.length + k]!, scan, i))
    carried.forEach((value, k) => {
      assignShape(c, body.outputs[k + 1]!, value)
      c.move(body.outputs[k + 1]!, value)
    })
    c.line('}')
    if (scans[0]) c.line(`${c.symbol(scans[0].dims[0]!)} = ${i};`)
    carried.forEach((value, k) => {
      c.allocate(node.output(k))
      c.move(value, node.output(k))
    })
    for (const scan of scans) c.allocate(scan)
  },
}

/** The compiler's own: the same elements in memory of their own. */
const Copy: LoweredOperator = {
  name: 'Copy',
  domain: 'om',
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  scalar: (_node, [x]) => x!,
}

export const controlFlow: readonly LoweredOperator[] = [If, Loop, Copy]

import { type Dim, dimEquals, dimKey, symbolName, symbolsOf } from '../../graph/dim.ts'
import { allNodes, type Graph, type Node, type Value, type ValueInfo } from '../../graph/graph.ts'
import { describeValue, isNested } from '../../graph/list.ts'
import { isSameList, mergeLists } from '../../graph/list-info.ts'
import type { InferContext } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { introducedSymbols, symbolsOfValue } from '../../graph/symbols.ts'
import type { ControlWriter, LoweredOperator } from '../../lowering/lowering.ts'

/** What is known of a value that is `a` on one path and `b` on another: dimensions that differ get fresh symbols. */
function merge(node: Node, a: ValueInfo, b: ValueInfo, context: InferContext): ValueInfo {
  if (!isOfOneKind(a, b)) {
    const problem = `paths give ${describeValue(a)} and ${describeValue(b)}`
    throw node.error('UNSUPPORTED_RANK', `${problem}; type and rank must agree`)
  }
  if (a.list && b.list) return { ...carriedInfo(a), list: mergeLists(a.list, b.list) }
  return {
    type: a.type,
    shape: a.shape?.map((dim, axis) => (dimEquals(dim, b.shape![axis]!) ? dim : context.freshDim())),
  }
}

/** Whether two values can be one: tensors of one type and rank, or sequences or optionals that hold the same kind of thing. */
function isOfOneKind(a: ValueInfo, b: ValueInfo): boolean {
  return a.kind === b.kind && a.type === b.type && a.shape?.length === b.shape?.length && isNested(a) === isNested(b)
}

/** What a graph is told of a value that comes in from another. */
function carriedInfo({ kind, type, shape, list }: ValueInfo): ValueInfo {
  return kind === 'tensor' ? { kind, type, shape } : { kind, type, shape: undefined, list }
}

/** Sets those symbols of the shapes of `to` that `from` can tell; all dimensions are read before any is set. */
function assignShapes(c: ControlWriter, pairs: readonly (readonly [from: Value, to: Value])[]): void {
  const assignments = new Map<string, string>()
  for (const [from, to] of pairs) {
    to.shape?.forEach((dim, axis) => {
      if (symbolName(dim) === undefined || dimEquals(dim, from.dims[axis]!)) return
      const kept = c.name()
      c.line(`const int64_t ${kept} = ${c.dim(from.dims[axis]!)};`)
      assignments.set(c.symbol(dim), kept)
    })
  }
  for (const [variable, kept] of assignments) c.line(`${variable} = ${kept};`)
}

/** Conditions and counts hold one element, of whatever rank. */
function agreeSingle(node: Node, inputs: readonly number[]): Agreement[] {
  return inputs.flatMap((input) =>
    (node.inputs[input]?.dims ?? []).map((_, axis) => ({ input, axis, expected: 1, as: 'a single element needs' })),
  )
}

function checkGoesOn(node: Node, { type, dims }: Value): void {
  if (type === 'bool' && dims.every((dim) => dim === 1)) return
  throw node.error(
    'MODEL_LOOP',
    `the body's condition should be a single truth value, but is ${type}[${dims.join(', ')}]`,
  )
}

/** ONNX If-1 … 25. */
const If: LoweredOperator = {
  name: 'If',
  rules: takes('cond:bool', {}, (node) => agreeSingle(node, [0])),
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
    assignShapes(c, [[branch.outputs[i]!, output]])
    c.allocate(output)
    c.copy(branch.outputs[i]!, output)
  })
}

/** Imports a loop body, widening carried dimensions that an iteration changes until nothing changes any more. */
function loopBody(node: Node, context: InferContext, initial: readonly ValueInfo[]): Graph {
  const widened = new Set<string>()
  let hasChanged = false
  const widen = (info: ValueInfo, next: ValueInfo): ValueInfo => {
    if (!isOfOneKind(info, next)) {
      const change = `a carried value changes from ${describeValue(info)} to ${describeValue(next)}`
      throw node.error('UNSUPPORTED_RANK', `${change}; type and rank must stay`)
    }
    if (info.list && next.list) {
      const list = mergeLists(info.list, next.list)
      hasChanged ||= !isSameList(info.list, list)
      return { ...info, list }
    }
    const shape = info.shape?.map((dim, axis) => {
      if (dimEquals(dim, next.shape![axis]!) || widened.has(dimKey(dim))) return dim
      const fresh = context.freshDim()
      widened.add(dimKey(fresh))
      hasChanged = true
      return fresh
    })
    return { ...info, shape }
  }
  // The next value of an optional may come as what it holds.
  const asCarried = (output: Value, body: Graph, to: ValueInfo | undefined): Value =>
    to?.kind !== 'optional' || output.kind === 'optional'
      ? output
      : context.inside(body, (b) => b.atRun(b.collection('optional', output.type, [output])))
  let carried = initial.map(carriedInfo)
  for (;;) {
    const body = context.subgraph('body', [{ type: 'int64', shape: [] }, { type: 'bool', shape: [] }, ...carried])
    if (body.outputs.length < 1 + carried.length)
      throw node.error('MODEL_LOOP', 'the body gives fewer values than it carries')
    body.outputs = body.outputs.map((output, i) => asCarried(output, body, carried[i - 1]))
    const next = body.outputs.slice(1, 1 + carried.length)
    hasChanged = false
    carried = carried.map((info, i) => widen(info, next[i]!))
    if (!hasChanged) return body
  }
}

/** A body's outputs in memory that nothing else has: what is carried changes places with what the next iteration begins with. */
function withOwnMemory(body: Graph, context: InferContext): Value[] {
  const seen = new Set<Value>()
  return body.outputs.map((output) => {
    const isOwn =
      output.kind !== 'tensor' && output.producer && body.nodes.includes(output.producer) && !seen.has(output)
    seen.add(output)
    const copy = output.kind === 'tensor' ? 'Copy' : 'ListCopy'
    return isOwn ? output : context.inside(body, (b) => b.op(copy, [output], {}, 'om'))
  })
}

/** Symbols that may have another value in each iteration of a body. */
function varyingSymbols(body: Graph, initial: readonly Value[]): Set<string> {
  const varying = new Set<string>()
  for (const input of body.inputs.slice(2)) symbolsOfValue(input, varying)
  for (const input of initial) for (const name of symbolsOfValue(input)) varying.delete(name)
  for (const node of allNodes(body)) for (const name of introducedSymbols(node)) varying.add(name)
  return varying
}

/** ONNX Loop-1 … 25: a `for` with an optional bound and an optional condition. */
const Loop: LoweredOperator = {
  name: 'Loop',
  rules: takes('M?:int64 cond?:bool v_initial*:value', {}, (node) => agreeSingle(node, [0, 1])),
  infer(node, context) {
    const initial = node.inputs.slice(2).map((_, i) => node.input(i + 2))
    const body = loopBody(node, context, initial)
    checkGoesOn(node, body.outputs[0]!)
    body.outputs = withOwnMemory(body, context)
    const iterations = context.freshDim()
    const varying = varyingSymbols(body, initial)
    // Elements of a scan must all be of one shape, which the first iteration tells.
    const elementDim = (dim: Dim): Dim =>
      [...symbolsOf(dim)].some((name) => varying.has(name)) ? context.freshDim() : dim
    return [
      ...initial.map((_, i) => carriedInfo(body.inputs[i + 2]!)),
      ...body.outputs
        .slice(1 + initial.length)
        .map(({ type, dims }) => ({ type, shape: [iterations, ...dims.map(elementDim)] })),
    ]
  },
  control(node, c) {
    const body = node.graphs.get('body')!
    const carried = body.inputs.slice(2)
    const results = body.outputs.slice(1, 1 + carried.length)
    const scans = node.outputs.slice(carried.length)
    const elements = body.outputs.slice(1 + carried.length)
    const [trip, go, i] = [c.name(), c.name(), c.name()]
    c.line(`const int64_t ${trip} = ${node.inputs[0] ? `*${c.pointer(node.inputs[0])}` : 'INT64_MAX'};`)
    c.line(`bool ${go} = ${node.inputs[1] ? `*${c.pointer(node.inputs[1])}` : 'true'};`)
    c.line(`int64_t ${i} = 0;`)
    assignShapes(
      c,
      carried.map((value, k) => [node.input(k + 2), value]),
    )
    carried.forEach((value, k) => {
      c.allocate(value)
      c.copy(node.input(k + 2), value)
    })
    for (const [scan, element] of zip(scans, elements)) {
      for (const [to] of elementSymbols(scan, element)) c.line(`${c.symbol(to)} = 0;`)
    }
    for (const counter of body.inputs.slice(0, 2)) c.allocate(counter)
    c.line(`for (; ${i} < ${trip} && ${go}; ${i}++) {`)
    c.line(`*${c.pointer(body.inputs[0]!)} = ${i};`)
    c.line(`*${c.pointer(body.inputs[1]!)} = ${go};`)
    c.graph(body)
    c.line(`${go} = *${c.pointer(body.outputs[0]!)};`)
    for (const [scan, element] of zip(scans, elements)) {
      for (const [to, from] of elementSymbols(scan, element)) {
        c.line(`if (${i} == 0) ${c.symbol(to)} = ${c.dim(from)};`)
        c.failIf(`${c.symbol(to)} != ${c.dim(from)}`, 'the shape of a scan output changes between iterations')
      }
      c.append(element, scan, i)
    }
    assignShapes(c, zip(results, carried))
    for (const [result, value] of zip(results, carried)) c.move(result, value)
    c.line('}')
    if (scans[0]) c.line(`${c.symbol(scans[0].dims[0]!)} = ${i};`)
    carried.forEach((value, k) => {
      c.allocate(node.output(k))
      c.move(value, node.output(k))
    })
    for (const scan of scans) c.allocate(scan)
  },
}

/** Dimensions of a scan output that the first iteration sets, with those of its element. */
function elementSymbols(scan: Value, element: Value): [to: Dim, from: Dim][] {
  return zip(scan.dims.slice(1), element.dims).filter(([to, from]) => !dimEquals(to, from))
}

function zip<A, B>(a: readonly A[], b: readonly B[]): [A, B][] {
  return a.slice(0, b.length).map((item, i) => [item, b[i]!])
}

/** The compiler's own: the same elements in memory of their own. */
const Copy: LoweredOperator = {
  name: 'Copy',
  domain: 'om',
  rules: takes('x:any'),
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  scalar: (_node, [x]) => x!,
}

export const controlFlow: readonly LoweredOperator[] = [If, Loop, Copy]

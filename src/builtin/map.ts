import { type Dim, dimEquals, isStatic, multiply, product } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import type { ElementType } from '../onnx/element-type.ts'
import { tensorValues } from '../onnx/tensor.ts'
import { computeType, literal, loadElement, storeElement } from '../lowering/c-text.ts'
import { operatorOf } from '../ops/index.ts'
import type { Bounded, KernelWriter, Scalar } from '../lowering/lowering.ts'
import { shareElements } from '../lowering/sharing.ts'

/** How an input's axis goes with the output's: stepped along, repeated, or known only at run time. */
type Step = 'full' | 'one' | 'runtime'

interface Operand {
  readonly value: Value
  /** One per output axis. */
  readonly steps: readonly Step[]
  /** Dimensions aligned with the output's axes. */
  readonly dims: readonly Dim[]
  /** Elements between neighbouring pixels, see `Slice`. */
  readonly pixel: Dim
}

interface Axis {
  readonly extent: Dim
  /** Output axes that this loop walks; several where all operands are dense over them. */
  readonly axes: readonly number[]
}

/**
 * Writes the loop nest of an elementwise group: inputs are read once, intermediate results stay in registers,
 * adjacent axes that all operands walk alike become one loop.
 */
export function writeMap(nodes: readonly Node[], k: KernelWriter): void {
  const output = nodes.at(-1)!.output()
  const inner = new Set(nodes.flatMap((node) => node.outputs))
  const operands = new Map<Value, Operand>()
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input && !inner.has(input) && !scalarLiteral(input)) operands.set(input, operandOf(input, output.dims, k))
    }
  }
  k.include('types.h')
  const [list, written] = [[...operands.values()], operandOf(output, output.dims, k)]
  const isShared = output.dims.some((dim) => dim !== 1) && shareElements(k, output.dims)
  const equal = equalSizes(list, output.dims, k)
  if (equal.length === 0) return writeLoops(nodes, list, written, isShared, k)
  k.line(`if (${equal.join(' && ')}) {`)
  const dense = list.map((operand) => asDense(operand, output.dims))
  writeLoops(nodes, dense, written, isShared, k)
  k.line('} else {')
  writeLoops(nodes, list, written, isShared, k)
  k.line('}')
}

/**
 * What must hold for nothing to be repeated that only the run knows. Then operands go along with the result: offsets that depend
 * on sizes keep loops from vectorising, and took ten times as long.
 */
function equalSizes(operands: readonly Operand[], shape: readonly Dim[], k: KernelWriter): string[] {
  const conditions = operands.flatMap(({ steps, dims }) =>
    steps.flatMap((step, axis) => (step === 'runtime' ? [`${k.dim(dims[axis]!)} == ${k.dim(shape[axis]!)}`] : [])),
  )
  return [...new Set(conditions)]
}

/** The same operand where sizes that only the run knows are those of the result. */
function asDense({ value, steps, dims, pixel }: Operand, shape: readonly Dim[]): Operand {
  const whole = dims.map((dim, axis) => (steps[axis] === 'runtime' ? shape[axis]! : dim))
  const isClose = pixel === (dims.at(-1) ?? 1)
  return {
    value,
    steps: steps.map((step) => (step === 'runtime' ? 'full' : step)),
    dims: whole,
    pixel: isClose ? (whole.at(-1) ?? 1) : pixel,
  }
}

/** A nest of loops over the result, `written`. */
function writeLoops(
  nodes: readonly Node[],
  operands: readonly Operand[],
  written: Operand,
  isShared: boolean,
  k: KernelWriter,
): void {
  const output = nodes.at(-1)!.output()
  const axes = collapse([...operands, written], output.dims)
  const counts = axes.map((axis) => k.count(axis.axes.map((a) => output.dims[a]!)))
  const [count, ...inner] = counts
  const [first, last] = isShared ? ['first', 'last'] : ['0', count]
  const loops = counts.map((count, depth) => {
    const [from, to] = depth === 0 ? [first, last] : ['0', count]
    return `for (int64_t i${depth} = ${from}; i${depth} < ${to}; i${depth}++) {`
  })
  const nest: Nest = { nodes, operands, axes, loops }
  if (isShared) {
    // Threads share the outermost loop in parts: elements, or rows.
    k.include('vector.h')
    k.include('parallel.h')
    k.line(`const int64_t part = om_part_rows(${inner.join(' * ') || '1'});`)
    k.line(`for (int64_t first = 0; first < ${count}; first += part) {`)
    k.line('if (!om_is_mine()) continue;')
    k.line(`const int64_t last = om_min(first + part, ${count});`)
  }
  const place = `${k.output()}[${index(written, axes, k)}]`
  const stored = beforeRounding(nodes.at(-1)!)
  const store: Finish = (element) => [storeElement(output.type, place, element(stored))]
  const bounds = boundsIn(nodes)
  if (bounds.size === 0) writeNest(nest, k, scalarOf, store)
  else {
    // A pass over what is bounded decides which of two loops runs.
    k.line('{ int beyond = 0;')
    writeNest(leadingTo(bounds, nest), k, scalarOf, (element) =>
      [...bounds].map(([node, { limit }]) => `beyond |= fabsf(${element(node.input(0))}) >= ${limit};`),
    )
    k.line('if (!beyond) {')
    writeNest(nest, k, (node) => bounds.get(node)?.scalar ?? scalarOf(node), store)
    k.line('} else {')
    writeNest(nest, k, scalarOf, store)
    k.line('} }')
  }
  if (isShared) k.line('}')
}

interface Nest {
  readonly nodes: readonly Node[]
  readonly operands: readonly Operand[]
  readonly axes: readonly Axis[]
  /** Heads of the loops, outermost first. */
  readonly loops: readonly string[]
}

/** Statements that end a loop's body; `element` names a value's element in C. */
type Finish = (element: (value: Value) => string) => readonly string[]

/** Loops that compute the nodes' results for each element, and end with what `finish` says. */
function writeNest(
  { nodes, operands, axes, loops }: Nest,
  k: KernelWriter,
  scalar: (node: Node) => Scalar,
  finish: Finish,
): void {
  loops.forEach((loop, depth) => k.line('  '.repeat(depth) + loop))
  const indent = '  '.repeat(loops.length)
  const names = new Map<Value, string>()
  const element = (value: Value): string => names.get(value) ?? scalarLiteral(value)!
  const write = (text: string): void => k.line(indent + text)
  for (const operand of operands) {
    const name = `a${names.size}`
    write(
      `${constantType(operand.value.type)} ${name} = ${loadElement(operand.value.type, `${k.value(operand.value)}[${index(operand, axes, k)}]`)};`,
    )
    names.set(operand.value, name)
  }
  for (const node of nodes) {
    const elements = node.inputs.map((input) => (input ? element(input) : ''))
    const name = `v${names.size}`
    write(`${constantType(node.output().type)} ${name} = ${scalar(node)(node, elements, k)};`)
    names.set(node.output(), name)
  }
  for (const text of finish(element)) write(text)
  for (let depth = loops.length - 1; depth >= 0; depth--) k.line(`${'  '.repeat(depth)}}`)
}

/** What a cast of floats to halves is given: storing a half rounds as the cast does, and once is enough. */
function beforeRounding(node: Node): Value {
  const [source, output] = [node.inputs[0], node.output()]
  const rounds =
    (node.op === 'Cast' || node.op === 'Narrow') && (output.type === 'float16' || output.type === 'bfloat16')
  return rounds && source && computeType(source.type) === 'float' ? source : output
}

function scalarOf(node: Node): Scalar {
  return operatorOf(node).scalar!
}

/** Nodes that are quicker where their input is bounded, if that doesn't depend on another such. */
function boundsIn(nodes: readonly Node[]): Map<Node, Bounded> {
  const [bounds, behind] = [new Map<Node, Bounded>(), new Set<Value>()]
  for (const node of nodes) {
    const follows = node.inputs.some((input) => input && behind.has(input))
    const bounded = follows ? undefined : operatorOf(node).bounded?.(node)
    if (bounded) bounds.set(node, bounded)
    if (follows || bounded) behind.add(node.output())
  }
  return bounds
}

/** Of a nest, what the inputs of some of its nodes are made by. */
function leadingTo(some: ReadonlyMap<Node, unknown>, nest: Nest): Nest {
  const needed = new Set([...some.keys()].flatMap((node) => node.inputs))
  const nodes: Node[] = []
  for (const node of nest.nodes.toReversed()) {
    if (!needed.has(node.output())) continue
    for (const input of node.inputs) needed.add(input)
    nodes.unshift(node)
  }
  return { ...nest, nodes, operands: nest.operands.filter(({ value }) => needed.has(value)) }
}

/** C type of an element in a variable that isn't written again. */
function constantType(type: ElementType): string {
  const c = computeType(type)
  return c.startsWith('const ') ? `${c}const` : `const ${c}`
}

function operandOf(value: Value, shape: readonly Dim[], k: KernelWriter): Operand {
  const missing = shape.length - value.rank
  const dims = shape.map((_, axis) => value.dims[axis - missing] ?? 1)
  const steps = dims.map((dim, axis): Step => {
    if (dimEquals(dim, shape[axis]!)) return 'full'
    return dim === 1 ? 'one' : 'runtime'
  })
  return { value, steps, dims, pixel: k.slice(value).pixel }
}

/** A single constant element is written into the code. */
function scalarLiteral(value: Value): string | undefined {
  const tensor = value.constant
  if (!tensor || tensor.type === 'string' || tensor.type.startsWith('complex')) return undefined
  if (tensor.dims.some((dim) => dim !== 1)) return undefined
  const [element] = tensorValues(tensor)
  return typeof element === 'number' || typeof element === 'bigint' ? literal(tensor.type, element) : undefined
}

function collapse(operands: readonly Operand[], shape: readonly Dim[]): Axis[] {
  const axes: { extent: Dim; axes: number[] }[] = []
  const lieApart = operands.some(({ dims, pixel }) => pixel !== (dims.at(-1) ?? 1))
  shape.forEach((extent, axis) => {
    if (extent === 1) return
    const last = axes.at(-1)
    const previous = last?.axes.at(-1)
    const joins =
      previous !== undefined &&
      !(lieApart && axis === shape.length - 1) &&
      operands.every(({ steps }) => steps[axis] === steps[previous] && steps[axis] !== 'runtime')
    if (last && joins) last.axes.push(axis)
    else axes.push({ extent, axes: [axis] })
  })
  return axes
}

/** C expression of an operand's offset in elements. */
function index(operand: Operand, axes: readonly Axis[], k: KernelWriter): string {
  const terms: string[] = []
  axes.forEach(({ axes: walked }, depth) => {
    const step = operand.steps[walked[0]!]
    if (step === 'one') return
    const last = walked.at(-1)!
    const isPixel = last === operand.dims.length - 1
    const stride = isPixel ? 1 : multiply(product(operand.dims.slice(last + 1, -1)), operand.pixel)
    const factor = isStatic([stride]) && stride === 1 ? '' : ` * ${k.dim(stride)}`
    const position = step === 'runtime' ? `(${k.dim(operand.dims[walked[0]!]!)} == 1 ? 0 : i${depth})` : `i${depth}`
    terms.push(position + factor)
  })
  return terms.join(' + ') || '0'
}

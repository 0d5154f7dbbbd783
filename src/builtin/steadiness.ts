import { isGrowing, product, saturatedOf, symbolsOf } from '../graph/dim.ts'
import type { Graph, Node, Value } from '../graph/graph.ts'
import { introducedSymbols } from '../graph/symbols.ts'
import { operatorOf } from '../ops/index.ts'
import { nodeFlops } from '../report/flops.ts'
import { MOST_DECIDING, type Steadiness } from '../runtime/steadiness.ts'

/**
 * Operations and elements that branches may differ by, whichever is taken: a few microseconds, were each of them alone. What
 * does so little decides nothing.
 */
const LITTLE = 2000

/** What each node is counted at least: finding its memory, beginning its loops. */
const LEAST = 10

/**
 * What the time of a run depends on beside the sizes of the inputs; `undefined` where that is more than can be looked at before
 * the run: text, nobody knows how long, somebody's own C, elements of large tensors.
 */
export function steadinessOf(graph: Graph): Steadiness | undefined {
  if (!graph.inputs.every((input) => input.kind === 'tensor' && input.type !== 'string')) return undefined
  const decisions = new Decisions(graph)
  const inputs = graph.inputs.flatMap((_, i) => (decisions.hang(1n << BigInt(i)) ? [i] : []))
  const isLong = (i: number): boolean => {
    const { staticShape } = graph.inputs[i]!
    return staticShape !== undefined && Number(product(staticShape)) > MOST_DECIDING
  }
  if (decisions.areUnknown || inputs.some(isLong)) return undefined
  return { ...(inputs.length > 0 && { inputs }), ...(inputs.length === 0 && growsWithSizes(graph) && { grows: true }) }
}

/** Whether larger inputs are never less work: no path is another's, and no size is unforeseen or falls where others rise. */
function growsWithSizes(graph: Graph): boolean {
  const given = new Set<string>()
  for (const { shape } of graph.inputs) for (const dim of shape ?? []) symbolsOf(dim, given)
  const isGiven = ({ kind, shape }: Value): boolean =>
    kind === 'tensor' &&
    shape?.every((dim) => isGrowing(dim) && [...symbolsOf(dim)].every((name) => given.has(name))) === true
  return (
    graph.inputs.every(isGiven) && graph.nodes.every((node) => node.graphs.size === 0 && node.outputs.every(isGiven))
  )
}

/**
 * Follows elements of the graph's inputs to where they decide how much there is to do: a size, a branch, how often a loop goes
 * round. Sizes need not be followed: what they depend on has decided by then.
 */
class Decisions {
  /** Bits of the inputs whose elements a value depends on; other values on none. */
  readonly #sources = new Map<Value, bigint>()
  /** Of what nobody can look at before the run, random numbers for one. */
  readonly #unknown: bigint
  #deciding = 0n

  constructor(graph: Graph) {
    graph.inputs.forEach((input, i) => this.#sources.set(input, 1n << BigInt(i)))
    this.#unknown = 1n << BigInt(graph.inputs.length)
    this.#follow(graph)
  }

  /** Whether anything hangs on these inputs. */
  hang(inputs: bigint): boolean {
    return (this.#deciding & inputs) !== 0n
  }

  get areUnknown(): boolean {
    return this.hang(this.#unknown)
  }

  #follow(graph: Graph): void {
    for (const node of graph.nodes) {
      if (node.operator === 'If') this.#branch(node)
      else if (node.operator === 'Loop') this.#loop(node)
      else this.#plain(node)
    }
  }

  #plain(node: Node): void {
    const { worksByData, varies, sizedBy } = operatorOf(node)
    for (const body of node.graphs.values()) {
      body.inputs.forEach((input, i) => this.#add(input, this.#of([node.inputs[i]])))
      this.#follow(body)
    }
    const inside = [...node.graphs.values()].flatMap(({ outputs }) => outputs)
    const sources = this.#of([...node.inputs, ...inside]) | (varies || node.operator === 'om.Call' ? this.#unknown : 0n)
    if (node.operator === 'om.Call' || node.outputs.some(isUnshaped)) this.#deciding |= this.#unknown
    if (worksByData?.(node)) this.#deciding |= sources
    if (isSizedByRun(node))
      this.#deciding |= varies || !sizedBy ? sources : this.#of(sizedBy.map((i) => node.inputs[i]))
    for (const output of node.outputs) this.#add(output, sources)
  }

  #branch(node: Node): void {
    const sides = [...node.graphs.values()]
    for (const side of sides) this.#follow(side)
    const condition = this.#ofPath(node, node.inputs)
    node.outputs.forEach((output, i) => this.#add(output, condition | this.#of(sides.map(({ outputs }) => outputs[i]))))
  }

  #loop(node: Node): void {
    const body = node.graphs.get('body')!
    const initial = node.inputs.slice(2)
    const carry = (from: readonly (Value | undefined)[]): boolean =>
      from.map((value, i) => this.#add(body.inputs[2 + i]!, this.#of([value]))).includes(true)
    carry(initial)
    do this.#follow(body)
    while (carry(body.outputs.slice(1, 1 + initial.length)))
    const turns = this.#ofPath(node, [node.inputs[0], node.inputs[1], body.outputs[0]])
    node.outputs.forEach((output, i) => this.#add(output, turns | this.#of([initial[i], body.outputs[1 + i]])))
  }

  /** What the path through a node depends on. It decides, unless even the longest one is little. */
  #ofPath(node: Node, by: readonly (Value | undefined)[]): bigint {
    const sources = this.#of(by)
    if (node.outputs.some(isUnshaped)) this.#deciding |= this.#unknown
    if (mostWork(node) > LITTLE || isSizedByRun(node)) this.#deciding |= sources
    return sources
  }

  #of(values: readonly (Value | undefined)[]): bigint {
    return values.reduce((all, value) => all | ((value && this.#sources.get(value)) ?? 0n), 0n)
  }

  /** Whether anything was added. Contents that are expressions of sizes depend on no elements. */
  #add(value: Value, sources: bigint): boolean {
    const before = this.#sources.get(value) ?? 0n
    if (value.contents || (before | sources) === before) return false
    this.#sources.set(value, before | sources)
    return true
  }
}

function isUnshaped({ kind, shape }: Value): boolean {
  return kind === 'tensor' && shape === undefined
}

/** Whether only the run knows how large the outputs are. */
function isSizedByRun(node: Node): boolean {
  return introducedSymbols(node).size > 0 || node.outputs.some(({ kind }) => kind !== 'tensor')
}

/** Operations and elements of a node at most: of the longer branch, of all turns; Infinity where only the run knows. */
function mostWork(node: Node): number {
  const inside = [...node.graphs.values()].map(({ nodes }) => nodes.reduce((sum, inner) => sum + mostWork(inner), 0))
  if (node.operator === 'If') return LEAST + Math.max(...inside)
  if (node.operator === 'Loop') return LEAST + mostTurns(node) * (LEAST + inside[0]!)
  const { worksByData } = operatorOf(node)
  const isOpen = isSizedByRun(node) || node.operator === 'om.Call' || worksByData?.(node) === true
  if (isOpen || node.outputs.some(({ type }) => type === 'string')) return Infinity
  const sizes = [nodeFlops(node), ...node.outputs.map(({ shape }) => product(shape!))]
  return sizes.reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : Infinity), LEAST)
}

/** How often a loop goes round at most. */
function mostTurns({ inputs: [count] }: Node): number {
  const turns = count?.contents?.[0]
  return Math.max(0, (turns === undefined ? undefined : saturatedOf(turns)) ?? Infinity)
}

import { memoryBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { type Dim, isStatic, multiply, product } from '../graph/dim.ts'
import type { Graph, Node, Value } from '../graph/graph.ts'
import { usedBy } from '../graph/uses.ts'
import type { Slice } from '../lowering/slice.ts'
import { operatorOf } from '../ops/index.ts'
import type { Scratch } from './kernel.ts'
import type { LoweredGraphs, LoweredGroup } from './lower.ts'
import { placeInArena, placeInSlots } from './place.ts'

/** Where a value's elements are while the model runs. */
export type Storage =
  /** The caller's memory. */
  | { readonly kind: 'input' | 'output'; readonly index: number }
  /** A fixed place in the arena that the caller gives for one call. */
  | { readonly kind: 'arena'; readonly offset: number }
  /** Allocated when its size is known, kept in slot `slot` until the call ends or the slot is filled anew. */
  | { readonly kind: 'slot'; readonly slot: number }
  /** Inside of another value. */
  | { readonly kind: 'slice'; readonly whole: Value; readonly bytes: number }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  /** A fixed place in the memory of what is made when the model is loaded. */
  | { readonly kind: 'loaded'; readonly offset: number }
  /** A sequence or optional, emptied when the call ends or it is filled anew. */
  | { readonly kind: 'list'; readonly list: number }

/** What takes memory: values, and scratch of one kernel. */
export type Tenant = Value | Scratch

export interface Plan {
  readonly storage: ReadonlyMap<Tenant, Storage>
  readonly arenaBytes: number
  /** Who is in the arena, and when. */
  readonly inArena: readonly ArenaTenant[]
  readonly slots: number
  /** Memory for the outputs of a graph that runs when the model is loaded. */
  readonly loadedBytes: number
  readonly lists: number
}

export interface ArenaTenant {
  readonly tenant: Tenant
  /** Positions of the run, both inclusive. */
  readonly from: number
  readonly to: number
  readonly bytes: number
}

/** Cache-line and widest-vector alignment, in bytes. */
export const ALIGNMENT = 64

/** Life of a value in positions of the flattened group order; both ends are inclusive. */
interface Interval {
  from: number
  to: number
  /** `undefined`: known only at run time. */
  readonly bytes: number | undefined
}

/**
 * Decides where every value lives. Static values share one arena by liveness: the largest are placed first, each
 * at the lowest offset free over its whole life (greedy by size; Pisarchyk & Lee, "Efficient Memory Management for
 * Deep Neural Net Inference", 2020, §5.2). Values whose size is known only at run time share slots by liveness.
 */
export function planGraph(graph: Graph, lowered: LoweredGraphs, options: PlanOptions = {}): Plan {
  return new Planner(graph, lowered, options).run()
}

export interface PlanOptions {
  /** Every value has a slot to itself, whatever is known of its size: memory that a sanitizer can tell from others'. */
  readonly apart?: boolean
  /** The graph runs when the model is loaded: its outputs stay. */
  readonly loads?: boolean
  /** Where values are that such a graph has computed. */
  readonly loaded?: ReadonlyMap<Value, Storage>
}

class Planner {
  private readonly main: Graph
  private readonly lowered: LoweredGraphs
  private readonly roots = new Map<Value, Value>()
  private readonly slices: Map<Value, Slice>
  private readonly lives = new Map<Tenant, Interval>()
  /** Of sequences and optionals. */
  private readonly listLives = new Map<Value, Pick<Interval, 'from' | 'to'>>()
  private readonly storage = new Map<Tenant, Storage>()
  private readonly apart: boolean
  private readonly loads: boolean
  private loadedBytes = 0
  private position = 0

  constructor(main: Graph, lowered: LoweredGraphs, { apart = false, loads = false, loaded = new Map() }: PlanOptions) {
    for (const [value, storage] of loaded) this.storage.set(value, storage)
    this.main = main
    this.lowered = lowered
    this.slices = new Map([...lowered.values()].flat().flatMap(({ slices }) => [...slices]))
    this.apart = apart
    this.loads = loads
  }

  run(): Plan {
    for (const [value, { whole }] of this.slices) this.roots.set(value, whole)
    this.main.inputs.forEach((value, index) => this.storage.set(value, { kind: 'input', index }))
    this.visit(this.main)
    this.main.outputs.forEach((value, index) => this.claimOutput(value, index))
    const slots = this.placeUnsized()
    const lists = this.placeLists()
    const { arenaBytes, inArena } = this.placeSized()
    for (const value of this.roots.keys()) {
      const root = this.root(value)
      const storage = root.constant ? ({ kind: 'constant', tensor: root.constant } as const) : this.storage.get(root)
      if (storage) this.storage.set(value, storage)
    }
    for (const [value, { whole, offset }] of this.slices)
      this.storage.set(value, { kind: 'slice', whole, bytes: offset * memoryBytes(value.type) })
    return { storage: this.storage, arenaBytes, inArena, slots, lists, loadedBytes: this.loadedBytes }
  }

  /** The value whose memory `value` shares. */
  private root(value: Value): Value {
    return this.roots.get(value) ?? value
  }

  private visit(graph: Graph): void {
    const start = this.position++
    for (const group of this.lowered.get(graph) ?? []) this.visitGroup(group)
    const end = this.position++
    for (const output of graph.outputs) this.extend(output, end, end)
    if (graph === this.main) return
    // What a subgraph takes and gives is handed over at its ends, and a loop may come round again.
    for (const value of [...graph.inputs, ...graph.outputs]) this.extend(value, start, end)
  }

  private visitGroup(group: LoweredGroup): void {
    const start = this.position++
    for (const node of group.nodes) {
      this.shareMemory(node)
      for (const subgraph of node.graphs.values()) this.visit(subgraph)
    }
    const end = this.position++
    for (const node of group.nodes) {
      for (const used of usedBy(node)) {
        const insideGroup = used.producer && group.nodes.includes(used.producer)
        if (!insideGroup && !this.bornAfter(used, start)) this.extend(used, start, end)
      }
    }
    for (const output of group.outputs) this.extend(output, start, end)
    for (const call of [group.sizes, group.call]) {
      for (const scratch of call?.scratch ?? []) {
        this.lives.set(scratch, {
          from: start,
          to: end,
          bytes: typeof scratch.bytes === 'number' ? roundUp(scratch.bytes) : undefined,
        })
      }
    }
  }

  /** Values of a node's own subgraphs have shorter lives than the node. */
  private bornAfter(value: Value, position: number): boolean {
    const root = this.root(value)
    return ((this.lives.get(root) ?? this.listLives.get(root))?.from ?? -1) > position
  }

  private shareMemory(node: Node): void {
    const alias = operatorOf(node).alias
    if (alias === undefined) return
    this.roots.set(node.output(), this.root(node.input(alias)))
    const slice = this.slices.get(node.input(alias))
    if (slice) this.slices.set(node.output(), slice)
  }

  private extend(value: Value, from: number, to: number): void {
    const root = this.root(value)
    if (root.constant || this.storage.has(root)) return
    const life = this.lives.get(root) ?? this.listLives.get(root)
    if (life) {
      life.from = Math.min(life.from, from)
      life.to = Math.max(life.to, to)
      return
    }
    if (root.kind !== 'tensor') {
      this.listLives.set(root, { from, to })
      return
    }
    // An empty value takes room, too: kernels may say that no two of their pointers are equal.
    const bytes = isStatic(root.dims) ? roundUp(Math.max(1, Number(bytesOf(root)))) : undefined
    this.lives.set(root, { from, to, bytes })
  }

  /**
   * A static graph output that is computed (not an input, constant, or another output) is written where the caller
   * wants it. Strings are not: the caller gets copies of its own.
   */
  private claimOutput(value: Value, index: number): void {
    // What lies in a Concat's result is copied out of it: the room of an output is no room for the whole.
    if (this.slices.has(value)) return
    const root = this.root(value)
    if (root.type === 'string' || root.kind !== 'tensor') return
    if (root.constant || this.storage.has(root) || !isStatic(root.dims) || !isStatic(value.dims)) return
    if (this.loads) {
      this.storage.set(root, { kind: 'loaded', offset: this.loadedBytes })
      this.loadedBytes += roundUp(Math.max(1, Number(bytesOf(root))))
    } else this.storage.set(root, { kind: 'output', index })
  }

  private placeUnsized(): number {
    // The memory of an output is given away: whoever shared it would have to ask for it anew in each run, and the caller would
    // get as much as the largest of them needs.
    const given = new Set<Tenant>(this.main.outputs.map((value) => this.root(value)))
    const wanting = [...this.lives].flatMap(([tenant, life]) => {
      if (this.apart && !this.storage.has(tenant)) return { tenant, ...life, to: Infinity }
      if (life.bytes !== undefined) return []
      return given.has(tenant) ? { tenant, ...life, from: 0, to: Infinity } : { tenant, ...life }
    })
    const { slots, count } = placeInSlots(wanting)
    for (const [{ tenant }, slot] of slots) this.storage.set(tenant, { kind: 'slot', slot })
    return count
  }

  private placeLists(): number {
    const wanting = [...this.listLives].map(([value, { from, to }]) => ({ value, from, to }))
    const { slots, count } = placeInSlots(wanting)
    for (const [{ value }, list] of slots) this.storage.set(value, { kind: 'list', list })
    return count
  }

  private placeSized(): Pick<Plan, 'arenaBytes' | 'inArena'> {
    const wanting = [...this.lives].flatMap(([tenant, { from, to, bytes }]) =>
      bytes !== undefined && !this.storage.has(tenant) ? { tenant, from, to, bytes } : [],
    )
    const { offsets, bytes } = placeInArena(wanting)
    for (const [{ tenant }, offset] of offsets) this.storage.set(tenant, { kind: 'arena', offset })
    return { arenaBytes: bytes, inArena: wanting }
  }
}

/** Bytes of a value in memory. */
export function bytesOf(value: Value): Dim {
  return multiply(product(value.dims), memoryBytes(value.type))
}

export function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

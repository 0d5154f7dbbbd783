import { type GraphSource, type ModelSource, type NodeSource, tensorType } from '../../../src/onnx/build.ts'
import type { ElementType } from '../../../src/onnx/element-type.ts'
import type { OnnxDim, Tensor, TypeInfo } from '../../../src/onnx/model.ts'
import { elementsOf, tensorFrom } from '../../../src/onnx/tensor.ts'
import type { Random } from './random.ts'

// Random valid graphs. The generator follows every value's real shape, so that what it writes is always legal, while the
// file states some dimensions by name only, or not at all.

/** A value of the graph under construction. */
export interface Item {
  readonly name: string
  readonly type: ElementType
  /** The sizes that it has in the run. */
  readonly dims: readonly number[]
  /** Every element is a small multiple of 1/4 in any implementation: comparisons and roundings of it can't differ. */
  readonly exact: boolean
}

/** Values beyond this many elements are not made: graphs shall stay small. */
const MOST_ELEMENTS = 600

type Rules = readonly ((graph: RandomGraph) => void)[]

/** A graph that grows node by node; rules add to it, which rules.ts has. */
export class RandomGraph {
  readonly random: Random
  private readonly rules: Rules
  readonly nodes: NodeSource[] = []
  readonly items: Item[] = []
  private readonly outer: RandomGraph | undefined
  private readonly shared: {
    prefix: string
    names: number
    inputs: Map<string, TypeInfo>
    initializers: Record<string, Tensor>
    feeds: Map<string, Tensor>
    /** Size → symbol, for dimensions that share one. */
    symbols: Map<number, string>
  }

  constructor(random: Random, prefix: string, rules: Rules, outer?: RandomGraph) {
    this.random = random
    this.rules = rules
    this.outer = outer
    this.shared = outer?.shared ?? {
      prefix,
      names: 0,
      inputs: new Map(),
      initializers: {},
      feeds: new Map(),
      symbols: new Map(),
    }
    if (outer) this.items.push(...outer.items)
  }

  /** Whether this is the body of a control-flow node. */
  get isInner(): boolean {
    return this.outer !== undefined
  }

  name(): string {
    return `${this.shared.prefix}v${this.shared.names++}`
  }

  /** A graph inside this one, which sees its values. */
  inner(): RandomGraph {
    return new RandomGraph(this.random, '', this.rules, this)
  }

  /** A tensor of numbers that comparisons and sums treat alike everywhere. */
  numbers(type: ElementType, dims: readonly number[]): Tensor {
    const scale = type === 'float32' || type === 'float64' ? 4 : 1
    const values = Array.from({ length: elementsOf(dims) }, () => this.random.int(-3 * scale, 3 * scale) / scale)
    return tensorFrom(type, dims, type === 'bool' ? values.map((x) => x > 0) : values)
  }

  dims(rank: number): number[] {
    return Array.from({ length: rank }, () => (this.random.chance(0.02) ? 0 : this.random.pick([1, 1, 2, 3, 3, 4, 5])))
  }

  input(type: ElementType, dims: readonly number[]): Item {
    return this.inputOf(this.numbers(type, dims))
  }

  /** An input of the graph that is fed with this tensor. */
  inputOf(tensor: Tensor): Item {
    const { type, dims } = tensor
    const name = this.name()
    const stated = dims.map((dim): OnnxDim => {
      const way = this.random.int(0, 5)
      if (way === 0) return undefined
      if (way === 1) return `${name}_${dim}`
      return way === 2 ? this.symbol(dim) : dim
    })
    this.shared.inputs.set(name, tensorType(type, stated))
    this.shared.feeds.set(name, tensor)
    return this.keep({ name, type, dims, exact: true })
  }

  constant(tensor: Tensor): Item {
    const name = this.name()
    this.shared.initializers[name] = tensor
    return { name, type: tensor.type, dims: tensor.dims, exact: true }
  }

  ints(values: readonly number[]): Item {
    return this.constant(tensorFrom('int64', [values.length], values))
  }

  /** An operand of these sizes: something that is there, a constant, or a new input. */
  operand(type: ElementType, dims: readonly number[]): Item {
    const there = this.items.filter((item) => item.type === type && item.dims.join() === dims.join())
    if (there.length > 0 && this.random.chance(0.5)) return this.random.pick(there)
    if (this.isInner || this.random.chance(0.6)) return this.constant(this.numbers(type, dims))
    return this.input(type, dims)
  }

  /** A random value that fulfils a condition. */
  find(condition: (item: Item) => boolean): Item | undefined {
    const fitting = this.items.filter(condition)
    if (fitting.length === 0) return undefined
    // The newest are likelier, so that graphs grow deep.
    return this.random.chance(0.6)
      ? fitting[fitting.length - 1 - Math.min(fitting.length - 1, this.random.int(0, 2))]
      : this.random.pick(fitting)
  }

  /** Adds a node with one output of this type and these sizes. */
  add(
    op: string,
    inputs: readonly (Item | undefined)[],
    attributes: NodeSource['attributes'],
    out: Omit<Item, 'name'>,
  ): Item {
    return this.addMany(op, inputs, attributes, [out])[0]!
  }

  addMany(
    op: string,
    inputs: readonly (Item | undefined)[],
    attributes: NodeSource['attributes'],
    outs: readonly Omit<Item, 'name'>[],
  ): Item[] {
    const made = outs.map((out) => ({ ...out, name: this.name() }))
    this.nodes.push({
      op,
      inputs: inputs.map((item) => item?.name ?? ''),
      outputs: made.map((item) => item.name),
      ...(attributes && { attributes }),
    })
    return made.map((item) => this.keep(item))
  }

  /** Adds up to `count` nodes by random rules. */
  grow(count: number): void {
    for (let tries = 0, target = this.nodes.length + count; this.nodes.length < target && tries < 20 * count; tries++) {
      this.random.pick(this.rules)(this)
    }
  }

  fits(dims: readonly number[]): boolean {
    return elementsOf(dims) <= MOST_ELEMENTS && dims.length <= 5
  }

  /** As the body of a control-flow node; `outputs` by name. */
  body(inputs: readonly string[], outputs: readonly string[]): GraphSource {
    return {
      inputs: Object.fromEntries(inputs.map((name) => [name, undefined])),
      outputs: Object.fromEntries(outputs.map((name) => [name, undefined])),
      nodes: this.nodes,
    }
  }

  keep(item: Item): Item {
    this.items.push(item)
    return item
  }

  private symbol(size: number): string {
    const known = this.shared.symbols.get(size) ?? `${this.shared.prefix}s${size}`
    this.shared.symbols.set(size, known)
    return known
  }

  /** The whole graph as parts of a model: every value that no node uses is an output, and some that are used. */
  finish(): RandomParts {
    const used = new Set(this.nodes.flatMap(({ inputs }) => inputs ?? []))
    const outputs = this.items
      .filter(({ name }) => !this.shared.inputs.has(name))
      .filter(({ name }) => !used.has(name) || this.random.chance(0.15))
    const { inputs, initializers, feeds } = this.shared
    return { inputs: Object.fromEntries(inputs), outputs, initializers, nodes: this.nodes, feeds }
  }
}

export interface RandomParts extends Pick<ModelSource, 'nodes'> {
  readonly inputs: Readonly<Record<string, TypeInfo>>
  readonly initializers: Readonly<Record<string, Tensor>>
  readonly outputs: readonly Item[]
  readonly feeds: ReadonlyMap<string, Tensor>
}

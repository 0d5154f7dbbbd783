import type { AttributeSource, GraphSource, Named, NodeSource } from '../onnx/build.ts'
import type { ElementType } from '../onnx/element-type.ts'
import { elementTypes } from '../onnx/element-type.ts'
import type { Tensor, TypeInfo } from '../onnx/model.ts'
import { tensorFrom, type TensorValues } from '../onnx/tensor.ts'

export type Attributes = Named<AttributeSource>

/** An end of a Slice that is none. */
export const END = 2n ** 63n - 1n

/** What a graph gives, and its type where one is to be stated. */
export interface Result {
  readonly name: string
  readonly type?: TypeInfo
}

/** What the graphs of one model share: names, and the tensors that are known. */
export class Names {
  readonly initializers = new Map<string, Tensor>()
  private readonly taken = new Set<string>()
  /** By hint, the number that was given last: a program may want one name for all of its values. */
  private readonly last = new Map<string, number>()
  private readonly constants = new Map<string, string>()

  /** A name that nothing has: `hint`, or with a number behind. */
  fresh(hint: string): string {
    let name = hint
    let number = this.last.get(hint) ?? 0
    for (; this.taken.has(name); number++) name = `${hint}_${number + 1}`
    this.last.set(hint, number)
    this.taken.add(name)
    return name
  }

  /** The initializer of a tensor, called `hint` where nothing else is. */
  tensor(tensor: Tensor, hint = 'constant'): string {
    const name = this.fresh(hint)
    this.initializers.set(name, tensor)
    return name
  }

  /** The initializer of these values, one for equal ones. @throws RangeError for values that the type can't hold */
  constant(type: ElementType, dims: readonly number[], values: Exclude<TensorValues, readonly string[]>): string {
    const key = `${type}[${dims.join()}]${Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join()}`
    const known = this.constants.get(key)
    if (known !== undefined) return known
    const name = this.tensor(tensorFrom(type, dims, values), values.length === 1 ? `constant_${values[0]}` : undefined)
    this.constants.set(key, name)
    return name
  }
}

/** Appends ONNX nodes to one graph. Values are names; `''` is an input that is left out. */
export class GraphWriter {
  readonly nodes: NodeSource[] = []
  readonly names: Names
  /** Name of the node that ONNX nodes are made for, with which theirs begin. */
  origin = ''

  constructor(names = new Names()) {
    this.names = names
  }

  /** A writer of a graph inside this one. */
  inner(): GraphWriter {
    return new GraphWriter(this.names)
  }

  /**
   * The graph of what was written; its constants are in the outermost one. ONNX wants what a graph gives to be made in it, each
   * output by a node of its own.
   */
  graph(results: readonly Result[], inputs: GraphSource['inputs'] = {}): GraphSource {
    const outputs = results.map(({ name, type }) => [this.op('Identity', [name]), type] as const)
    return { inputs, outputs: new Map(outputs), nodes: this.nodes }
  }

  op(op: string, inputs: readonly string[], attributes?: Attributes): string {
    return this.ops(op, inputs, 1, attributes)[0]!
  }

  ops(op: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): string[] {
    const name = this.names.fresh(this.origin === '' ? op : `${this.origin}/${op}`)
    const made = Array.from({ length: outputs }, (_, i) => this.names.fresh(i === 0 ? `${name}:0` : `${name}:${i}`))
    const last = inputs.findLastIndex((input) => input !== '')
    this.nodes.push({ op, name, inputs: inputs.slice(0, last + 1), outputs: made, attributes })
    return made
  }

  /** By default a list. */
  constant(
    type: ElementType,
    values: Exclude<TensorValues, readonly string[]>,
    dims = [values.length] as readonly number[],
  ): string {
    return this.names.constant(type, dims, values)
  }

  scalar(value: number | bigint | boolean, type: ElementType): string {
    return this.names.constant(type, [], [value])
  }

  ints(values: readonly (number | bigint)[]): string {
    return this.names.constant('int64', [values.length], values)
  }

  cast(x: string, from: ElementType, to: ElementType): string {
    return from === to ? x : this.op('Cast', [x], { to: BigInt(elementTypes[to].code) })
  }

  /** Sizes [begin, end) of a value, as int64 [end - begin]. */
  sizes(x: string, begin = 0, end?: number): string {
    return this.op('Shape', [x], { start: BigInt(begin), ...(end !== undefined && { end: BigInt(end) }) })
  }

  reshape(x: string, sizes: readonly (number | bigint)[]): string {
    return this.op('Reshape', [x, this.ints(sizes)])
  }

  transpose(x: string, perm: readonly number[]): string {
    return perm.every((from, to) => from === to) ? x : this.op('Transpose', [x], { perm: perm.map(BigInt) })
  }

  slice(x: string, axis: number, begin: number | bigint, end: number | bigint, step = 1): string {
    return this.op('Slice', [x, this.ints([begin]), this.ints([end]), this.ints([axis]), this.ints([step])])
  }

  unsqueeze(x: string, ...axes: readonly number[]): string {
    return this.op('Unsqueeze', [x, this.ints(axes)])
  }

  squeeze(x: string, ...axes: readonly number[]): string {
    return this.op('Squeeze', [x, this.ints(axes)])
  }

  concat(parts: readonly string[], axis: number): string {
    return parts.length === 1 ? parts[0]! : this.op('Concat', parts, { axis: BigInt(axis) })
  }

  where(condition: string, x: string, y: string): string {
    return this.op('Where', [condition, x, y])
  }
}

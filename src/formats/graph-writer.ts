import type { AttributeSource, GraphSource, Named, NodeSource } from '../onnx/build.ts'
import type { ElementType } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { tensorFrom, type TensorValues } from '../onnx/tensor.ts'

/** What all graphs of one model share: names, and constants, which inner graphs see. */
class Shared {
  readonly initializers = new Map<string, Tensor>()
  readonly taken = new Set<string>()
  readonly constants = new Map<string, string>()

  /** A name that nothing has yet, the wanted one where it is free. */
  fresh(wanted: string): string {
    let name = wanted === '' ? 'value' : wanted
    for (let i = 1; this.taken.has(name); i++) name = `${wanted}_${i}`
    this.taken.add(name)
    return name
  }
}

/** Writes the nodes of one ONNX graph; values are named here, and a name is a value. */
export class GraphWriter {
  readonly #shared: Shared
  readonly nodes: NodeSource[] = []
  /** What the names of values and nodes that are written now begin with: the operator that they come from. */
  prefix = ''

  constructor(shared = new Shared()) {
    this.#shared = shared
  }

  /** A graph inside of this one: it sees the values of this one, and no name is used twice. */
  inner(): GraphWriter {
    return new GraphWriter(this.#shared)
  }

  get initializers(): ReadonlyMap<string, Tensor> {
    return this.#shared.initializers
  }

  /** Takes a name that others see: of an input, say. */
  fresh(wanted: string): string {
    return this.#shared.fresh(wanted)
  }

  /** A node with one output. `''` among the inputs is an omitted one. */
  op(op: string, inputs: readonly string[], attributes?: Named<AttributeSource>): string {
    return this.ops(op, inputs, 1, attributes)[0]!
  }

  /** A node with several outputs. */
  ops(op: string, inputs: readonly string[], count: number, attributes?: Named<AttributeSource>): string[] {
    const name = this.fresh(this.prefix === '' ? op : `${this.prefix}/${op}`)
    const outputs = Array.from({ length: count }, (_, i) => this.fresh(count === 1 ? `${name}:0` : `${name}:${i}`))
    this.nodes.push({ op, name, inputs, outputs, ...(attributes && { attributes }) })
    return outputs
  }

  tensor(tensor: Tensor, wanted = 'constant'): string {
    const name = this.fresh(wanted)
    this.#shared.initializers.set(name, tensor)
    return name
  }

  /** A constant that is written once however often it is asked for. */
  constant(type: ElementType, values: TensorValues, dims: readonly number[] = [values.length]): string {
    const key = `${type} ${dims.join()} ${Array.from(values as ArrayLike<unknown>, String).join()}`
    const found = this.#shared.constants.get(key)
    if (found !== undefined) return found
    const name = this.tensor(tensorFrom(type, dims, values))
    this.#shared.constants.set(key, name)
    return name
  }

  /** A list of int64: shapes, axes, pads. */
  ints(values: readonly number[]): string {
    return this.constant('int64', values)
  }

  scalar(type: ElementType, value: number): string {
    return this.constant(type, [value], [])
  }

  /** The graph of what was written. Constants are in the outermost one. */
  graph(inputs: GraphSource['inputs'], outputs: GraphSource['outputs']): GraphSource {
    return { inputs: inputs ?? {}, outputs, nodes: this.nodes }
  }
}

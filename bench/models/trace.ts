import {
  type AttributeSource,
  type ModelSource,
  type Named,
  type NodeSource,
  tensorType,
} from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { OnnxDim, Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { randomTensor, type Spread } from './random.ts'

/** What writes the file: PyTorch's exporter by TorchScript, the newer one by dynamo, or tf2onnx. */
export type Exporter = 'torchscript' | 'dynamo' | 'tf2onnx'

/** An input of a node: a value by name (`''`: left out), a float, an int64, a list of int64, or another constant. */
export type Operand = string | number | bigint | readonly bigint[] | Tensor

/** A size: known, or the name of the value that has it, see {@link Trace.sizeOf}. */
export type Size = number | string

type Attributes = Named<AttributeSource>

const producers = { torchscript: 'pytorch', dynamo: 'pytorch', tf2onnx: 'tf2onnx' } as const

/**
 * A graph as an exporter writes one down while it traces a model: values are named by the path of their module, constants
 * are nodes (TorchScript) or initializers (the others), and sizes that are not known are computed by nodes.
 */
export class Trace {
  /** Its name, which the random weights depend on. */
  readonly model: string
  readonly exporter: Exporter
  readonly opset: number
  readonly #inputs = new Map<string, TypeInfo>()
  readonly #outputs = new Map<string, TypeInfo>()
  readonly #initializers = new Map<string, Tensor>()
  readonly #nodes: NodeSource[] = []
  readonly #path: string[] = []
  readonly #counts = new Map<string, number>()
  readonly #constants = new Map<string, string>()
  /** Names of graph outputs by the names that their nodes gave them. */
  readonly #renamed = new Map<string, string>()

  constructor(model: string, exporter: Exporter, opset: number) {
    this.model = model
    this.exporter = exporter
    this.opset = opset
  }

  input(name: string, type: ElementType, shape: readonly OnnxDim[]): string {
    this.#inputs.set(name, tensorType(type, shape))
    return name
  }

  output(name: string, value: string, type: ElementType, shape: readonly OnnxDim[]): void {
    this.#outputs.set(name, tensorType(type, shape))
    this.#renamed.set(value, name)
  }

  /** Traces a module: what `body` adds is named after it. */
  within<T>(module: string, body: () => T): T {
    this.#path.push(module)
    try {
      return body()
    } finally {
      this.#path.pop()
    }
  }

  /** The one output of a node. */
  op(op: string, inputs: readonly Operand[], attributes: Attributes = {}): string {
    return this.ops(op, 1, inputs, attributes)[0]!
  }

  /** All outputs of a node. */
  ops(op: string, count: number, inputs: readonly Operand[], attributes: Attributes = {}): string[] {
    const operands = inputs.map((input) => this.#operand(input))
    const name = this.#nodeName(op)
    const outputs = Array.from({ length: count }, (_, i) => this.#valueName(name, i))
    this.#nodes.push({ op, name, inputs: operands, outputs, attributes })
    return outputs
  }

  /** A parameter of the module that is being traced. */
  weight(name: string, dims: readonly number[], spread: Spread): string {
    const full = [...this.#path, name].join('.')
    return this.initializer(full, randomTensor(`${this.model}/${full}`, dims, spread))
  }

  initializer(name: string, tensor: Tensor): string {
    this.#initializers.set(name, tensor)
    return name
  }

  /** The size of an axis of `x`: a scalar (TorchScript), or a list of one (dynamo, which concatenates those). */
  sizeOf(x: string, axis: number): Size {
    return this.exporter === 'dynamo'
      ? this.op('Shape', [x], { start: BigInt(axis), end: BigInt(axis + 1) })
      : this.op('Gather', [this.op('Shape', [x]), BigInt(axis)], { axis: 0n })
  }

  /** A shape as a value. */
  shape(sizes: readonly Size[]): string {
    const known = sizes.filter((size) => typeof size === 'number')
    if (known.length === sizes.length) return this.#operand(known.map(BigInt))
    const isList = this.exporter === 'dynamo'
    const items = sizes.map((size) => {
      if (typeof size === 'number') return [BigInt(size)]
      return isList ? size : this.op('Unsqueeze', [size, [0n]])
    })
    return this.op('Concat', items, { axis: 0n })
  }

  /** `x.view(…)`; -1 for the size that is left. */
  view(x: string, sizes: readonly Size[]): string {
    const attributes: Attributes = this.opset < 14 ? {} : { allowzero: this.exporter === 'dynamo' ? 1n : 0n }
    return this.op('Reshape', [x, this.shape(sizes)], attributes)
  }

  transpose(x: string, ...perm: readonly number[]): string {
    return this.op('Transpose', [x], { perm: perm.map(BigInt) })
  }

  /** `x[…, from:to]` along an axis. */
  slice(x: string, axis: number, from: Operand, to: Operand): string {
    return this.op('Slice', [x, from, to, [BigInt(axis)], [1n]])
  }

  /** ReduceMean, ReduceSum or ReduceL2, whose axes are an input from opset 18 on (of ReduceSum from 13 on). */
  reduce(op: 'ReduceMean' | 'ReduceSum' | 'ReduceL2', x: string, axes: readonly number[], keepdims = true): string {
    const list = axes.map(BigInt)
    const attributes = { keepdims: keepdims ? 1n : 0n }
    const isInput = this.opset >= (op === 'ReduceSum' ? 13 : 18)
    return isInput ? this.op(op, [x, list], attributes) : this.op(op, [x], { axes: list, ...attributes })
  }

  source(): ModelSource {
    const named = (name: string): string => this.#renamed.get(name) ?? name
    return {
      opsets: { '': this.opset },
      irVersion: this.opset >= 18 ? 10 : this.opset >= 15 ? 8 : 7,
      producer: producers[this.exporter],
      name: 'main_graph',
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
      nodes: this.#nodes.map((node) => ({
        ...node,
        inputs: node.inputs?.map(named),
        outputs: node.outputs.map(named),
      })),
    }
  }

  #operand(operand: Operand): string {
    if (typeof operand === 'string') return operand
    if (typeof operand === 'number') return this.#constant(tensorFrom('float32', [], [operand]))
    if (typeof operand === 'bigint') return this.#constant(tensorFrom('int64', [], [operand]))
    return this.#constant('dims' in operand ? operand : tensorFrom('int64', [operand.length], operand))
  }

  #constant(value: Tensor): string {
    if (this.exporter === 'torchscript') return this.op('Constant', [], { value })
    const key = `${value.type} ${value.dims.join()} ${Buffer.from(value.data).toString('base64')}`
    const name = this.#constants.get(key) ?? this.initializer(`val_${this.#constants.size}`, value)
    this.#constants.set(key, name)
    return name
  }

  #nodeName(op: string): string {
    const path = this.exporter === 'dynamo' ? `node_${op}` : ['', ...this.#path, op].join('/')
    const count = this.#counts.get(path) ?? 0
    this.#counts.set(path, count + 1)
    return count === 0 ? path : `${path}_${count}`
  }

  #valueName(node: string, index: number): string {
    if (this.exporter === 'torchscript') return `${node}_output_${index}`
    return this.exporter === 'tf2onnx' ? `${node}:${index}` : `${node.slice('node_'.length).toLowerCase()}__${index}`
  }
}

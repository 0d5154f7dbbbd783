import { type NodeSource, tensorType } from '../../onnx/build.ts'
import type { TypeInfo } from '../../onnx/model.ts'
import { plain, quote, type Site } from '../../onnx/reading.ts'
import { Call, type Declared, type Inline, Refusal, refuse, type Value } from './call.ts'
import { aliases, fresh, operators } from './operators/index.ts'
import { type Argument, elementTypeOf, type ProgramGraph, type ProgramNode, type TensorMeta } from './schema.ts'
import { Names, GraphWriter } from '../graph-writer.ts'

/** A value and the names that share its memory: an operator in place gives all of them another value. */
interface Storage {
  value: Value
  /** Nothing else may see or keep this memory: it was made in this graph, and nothing made a view of it. */
  isOwn: boolean
}

type Scope = Map<string, Storage>

/**
 * Converts the graphs of a program, node by node. Operators that can't be converted are collected, so that all of them are
 * named at once.
 */
export class Converter {
  readonly names = new Names()
  readonly writer = new GraphWriter(this.names)
  /** What the program says of the values of the main graph, for the compiler to hold them against. */
  readonly stated = new Map<string, TypeInfo>()
  private readonly refusals = new Set<string>()
  private readonly site: Site

  constructor(site: Site) {
    this.site = site
  }

  /** Converts the main graph with its inputs given; @throws ModelError `MODEL_UNSUPPORTED` naming all that can't be converted */
  main(graph: ProgramGraph, inputs: ReadonlyMap<string, Value>): Value[] {
    const scope: Scope = new Map(Array.from(inputs, ([name, value]) => [name, { value, isOwn: false }]))
    const results = this.nodes(graph, scope, this.writer, (value) => {
      this.stated.set(value.name, tensorType(value.type, value.sizes))
    })
    if (this.refusals.size > 0) {
      const list = [...this.refusals]
      const some = list.slice(0, 40).join('; ') + (list.length > 40 ? `; and ${list.length - 40} more` : '')
      this.site.fail('MODEL_UNSUPPORTED', `uses what can't be converted: ${some}.`, { operators: list })
    }
    return results
  }

  private nodes(
    graph: ProgramGraph,
    scope: Scope,
    writer: GraphWriter,
    seen: (value: Value) => void = () => {},
  ): Value[] {
    const find = (name: string): Value => this.find(scope, name)
    const inline: Inline = (inner, inputs, into) => {
      if (inner.inputs.length !== inputs.length) refuse('its graph takes another number of inputs than it is given')
      const local: Scope = new Map()
      inner.inputs.forEach((input, i) => {
        if ('name' in input) local.set(input.name, { value: inputs[i]!, isOwn: false })
      })
      into.origin = writer.origin
      return this.nodes(inner, local, into)
    }
    for (const node of graph.nodes) {
      const outputs = node.outputs.flatMap((output) => declared(output, graph))
      writer.origin = outputs[0]?.name || node.target
      const values = this.convert(node, scope, new Call(node, writer, outputs, find, inline))
      outputs.forEach(({ name, type, sizes, isTensor }, i) => {
        const value = { name: values[i] ?? '', type, sizes }
        if (isTensor) seen(value)
        this.define(node, name, value, scope)
      })
    }
    return graph.outputs.flatMap((output) => this.result(output, find, writer))
  }

  private define(node: ProgramNode, name: string, value: Value, scope: Scope): void {
    const self = storageOf(node, scope)
    const target = functional(node.target)
    if (self && (target.inPlace || aliases.has(target.name))) {
      self.value = value
      scope.set(name, self)
    } else scope.set(name, { value, isOwn: fresh.has(target.name) })
  }

  /** The ONNX values of a node's outputs; none where it is refused. */
  private convert(node: ProgramNode, scope: Scope, call: Call): readonly string[] {
    const { name, inPlace } = functional(node.target)
    try {
      const convert = Object.hasOwn(operators, name) ? operators[name] : undefined
      if (!convert) refuse('')
      if (call.outputs.some(({ isRead }) => !isRead)) refuse('it makes complex numbers, or others that are not read')
      const self = storageOf(node, scope)
      if (inPlace && !self?.isOwn) refuse('in place, on what others may see too (an input, a weight, a view)')
      const result = convert!(call)
      if (!fresh.has(name) && !aliases.has(name)) this.share(node, scope)
      return typeof result === 'string' ? [result] : result
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof RangeError)) throw error
      const target = plain(node.target.replace(/^torch\.ops\./, ''))
      this.refusals.add(error.message ? `${target} (${error.message})` : target)
      return []
    }
  }

  /** What a node makes a view of must not change any more. */
  private share(node: ProgramNode, scope: Scope): void {
    for (const { value } of node.inputs)
      for (const name of namesOf(value)) {
        const storage = scope.get(name)
        if (storage) storage.isOwn = false
      }
  }

  private result(output: Argument, find: (name: string) => Value, writer: GraphWriter): Value[] {
    if (output.kind === 'none') return []
    const call = new Call({ target: 'output', inputs: [], outputs: [] }, writer, [], find, () => [])
    try {
      return output.kind === 'list' ? call.valuesOf(output) : [call.valueOf(output)]
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return this.site.fail('MODEL_UNSUPPORTED', `has an output that is no tensor: ${error.message}.`)
    }
  }

  private find(scope: Scope, name: string): Value {
    const storage = scope.get(name)
    if (!storage)
      return this.site.fail('MODEL_GRAPH', `uses the value ${quote(name)}, which nothing makes. Export it again.`)
    // After a refusal, values are missing for that reason; the nodes that use them are looked at all the same.
    if (storage.value.name === '' && this.refusals.size === 0) refuse(`it uses ${quote(name)}, which is not made`)
    return storage.value
  }
}

/** What the program says of an output: of each, where it is a list. */
function declared(output: Argument, graph: ProgramGraph): Declared[] {
  if (output.kind === 'list') return output.items.flatMap((item) => declared(item, graph))
  const meta = output.kind === 'tensor' ? graph.tensors.get(output.name) : undefined
  const type = meta ? elementTypeOf(meta.scalarType) : output.kind === 'symbol' ? output.type : undefined
  const name = 'name' in output ? output.name : ''
  return [
    {
      name,
      type: type ?? 'int64',
      sizes: fixedSizes(meta),
      isTensor: meta !== undefined,
      isRead: type !== undefined || name === '',
    },
  ]
}

/** Sizes that the program states; `undefined` for those of the run. */
export function fixedSizes(meta: TensorMeta | undefined): (number | undefined)[] {
  return (meta?.sizes ?? []).map((size) => (typeof size === 'number' ? size : undefined))
}

function namesOf(argument: Argument): string[] {
  if (argument.kind === 'list') return argument.items.flatMap(namesOf)
  return argument.kind === 'tensor' || argument.kind === 'symbol'
    ? [argument.name]
    : argument.kind === 'none'
      ? ['']
      : []
}

function storageOf(node: ProgramNode, scope: Scope): Storage | undefined {
  const first = node.inputs[0]?.value
  return first?.kind === 'tensor' ? scope.get(first.name) : undefined
}

/** `torch.ops.aten.add_.Tensor` is `aten.add.Tensor` in place. */
function functional(target: string): { readonly name: string; readonly inPlace: boolean } {
  const name = target.replace(/^torch\.ops\./, '')
  const match = /^aten\.(\w*[a-z0-9])_\.(\w+)$/.exec(name)
  return match && !aliases.has(name)
    ? { name: `aten.${match[1]}.${match[2]}`, inPlace: true }
    : { name, inPlace: false }
}

/** Nodes with other names for some of their values. */
export function renamed(nodes: readonly NodeSource[], names: ReadonlyMap<string, string>): NodeSource[] {
  const of = (name: string): string => names.get(name) ?? name
  return nodes.map((node) => ({
    ...node,
    inputs: (node.inputs ?? []).map(of),
    outputs: node.outputs.map(of),
    attributes: Object.fromEntries(
      Object.entries(node.attributes ?? {}).map(([key, value]) => [
        key,
        typeof value === 'object' && 'nodes' in value ? { ...value, nodes: renamed(value.nodes, names) } : value,
      ]),
    ),
  }))
}

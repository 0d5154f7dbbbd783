import { type NodeSource, tensorType } from '../../onnx/build.ts'
import type { TypeInfo } from '../../onnx/model.ts'
import { plain, quote, type Site } from '../../onnx/reading.ts'
import { Call, type Convert, type Declared, type Inline, Refusal, refuse, type Value } from './call.ts'
import { Memory, type View } from './memory.ts'
import { aliases, fresh, operators, writes } from './operators/index.ts'
import { type Argument, elementTypeOf, type ProgramGraph, type ProgramNode, type TensorMeta } from './schema.ts'
import { Names, GraphWriter } from '../graph-writer.ts'

type Scope = Map<string, Memory>

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
    const scope: Scope = new Map(Array.from(inputs, ([name, value]) => [name, new Memory(value, false)]))
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
        if ('name' in input) local.set(input.name, new Memory(inputs[i]!, false))
      })
      into.origin = writer.origin
      return this.nodes(inner, local, into)
    }
    for (const node of graph.nodes) {
      const outputs = node.outputs.flatMap((output) => declared(output, graph))
      writer.origin = outputs[0]?.name || node.target
      const call = new Call(node, writer, outputs, find, inline)
      for (const [i, value] of this.convert(node, scope, call).entries())
        if (value.name !== '' && outputs[i]?.isTensor) seen(value)
    }
    return graph.outputs.flatMap((output) => this.result(output, find, writer))
  }

  /** Defines the values of a node's outputs, which are without a name where it is refused. */
  private convert(node: ProgramNode, scope: Scope, call: Call): Value[] {
    const { name, inPlace } = functional(node.target)
    try {
      const convert = Object.hasOwn(operators, name) ? operators[name] : undefined
      if (!convert) refuse('')
      if (call.outputs.some(({ isRead }) => !isRead)) refuse('it makes complex numbers, or others that are not read')
      const self = memoryOf(node, scope)
      if (inPlace && !self?.mayChange)
        refuse(
          'in place, on what others may see too: an input, a weight, or a view, which run_decompositions() does without',
        )
      if (inPlace && !fresh.has(name) && !self!.isAlone) refuse('in place, on a view or what has views')
      const result = convert!(call)
      const values = valuesOf(call, typeof result === 'string' ? [result] : result)
      if (inPlace) self!.write(values[0]!)
      const isSame = self && (inPlace || aliases.has(name))
      const view = viewOf(convert!, name, self, call)
      if (!fresh.has(name) && !isSame && !view) this.share(node, scope)
      values.forEach((value, i) => {
        scope.set(call.outputs[i]!.name, isSame ? self : new Memory(value, fresh.has(name), view))
      })
      return values
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof RangeError)) throw error
      const target = plain(node.target.replace(/^torch\.ops\./, ''))
      this.refusals.add(error.message ? `${target} (${error.message})` : target)
      const values = valuesOf(call, [])
      values.forEach((value, i) => scope.set(call.outputs[i]!.name, new Memory(value, true)))
      return values
    }
  }

  /** What a node may make a view of, that is not followed, must not change any more. */
  private share(node: ProgramNode, scope: Scope): void {
    for (const { value } of node.inputs) for (const name of namesOf(value)) scope.get(name)?.share()
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
    const memory = scope.get(name)
    if (!memory)
      return this.site.fail('MODEL_GRAPH', `uses the value ${quote(name)}, which nothing makes. Export it again.`)
    // After a refusal, values are missing for that reason; the nodes that use them are looked at all the same.
    const { value } = memory
    if (value.name === '' && this.refusals.size === 0) refuse(`it uses ${quote(name)}, which is not made`)
    return value
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

function memoryOf(node: ProgramNode, scope: Scope): Memory | undefined {
  const first = node.inputs[0]?.value
  return first?.kind === 'tensor' ? scope.get(first.name) : undefined
}

function valuesOf(call: Call, names: readonly string[]): Value[] {
  return call.outputs.map(({ type, sizes }, i) => ({ name: names[i] ?? '', type, sizes }))
}

/** How the node's output shows the memory of its first input, where that is known. */
function viewOf(convert: Convert, name: string, base: Memory | undefined, call: Call): View | undefined {
  const write = Object.hasOwn(writes, name) ? writes[name] : undefined
  if (!base || !write) return undefined
  return {
    base,
    again: () => valuesOf(call, [convert(call) as string])[0]!,
    undo: (written) => ({ ...base.value, name: write(call.with('src', written)) as string }),
  }
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

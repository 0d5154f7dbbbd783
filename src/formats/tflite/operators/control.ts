import type { GraphSource } from '../../../onnx/build.ts'
import type { TypeInfo } from '../../../onnx/model.ts'
import type { Result } from '../../graph-writer.ts'
import type { Converter, Handler } from '../converter.ts'
import type { Subgraph } from '../schema.ts'

/** Converts the operators of a subgraph whose inputs have their values. Given by whoever knows all operators. */
export type ConvertAll = (c: Converter) => void

export function controlFlow(convertAll: ConvertAll): Readonly<Record<string, Handler>> {
  /** Another graph of the file with values for its inputs: written where `writer` writes, by default in a graph of its own. */
  function called(c: Converter, index: number, values: readonly string[], writer = c.writer.inner()): Converter {
    const inner = c.within(graphAt(c, index), writer)
    if (inner.graph.inputs.length !== values.length) c.fail('calls a graph with another number of inputs than it has')
    inner.graph.inputs.forEach((tensor, i) => inner.set(tensor, values[i]!))
    convertAll(inner)
    return inner
  }

  /** What a graph gives. */
  function resultsOf(c: Converter): Required<Result>[] {
    return c.graph.outputs.map((tensor) => ({ name: c.get(tensor), type: typeInfo(c, tensor) }))
  }

  const conditional: Handler = (c, { inputs: [condition = -1, ...rest], outputs, options }) => {
    const values = rest.map((tensor) => c.get(tensor))
    const branch = (slot: number): GraphSource => {
      const inner = called(c, options?.int32(slot) ?? 0, values)
      return inner.writer.graph(resultsOf(inner))
    }
    const chosen = c.op('Reshape', [c.get(condition), c.writer.ints([])])
    const branches = { then_branch: branch(0), else_branch: branch(1) }
    c.writer.ops('If', [chosen], outputs.length, branches).forEach((value, i) => c.set(outputs[i]!, value))
  }

  /** The condition is asked before the first round, and after each. */
  const loop: Handler = (c, { inputs, outputs, options }) => {
    const [condition, body] = [options?.int32(0) ?? 0, options?.int32(1) ?? 0]
    const values = inputs.map((tensor) => c.get(tensor))
    /** The truth that the graph of the condition gives of some values, computed where they are. */
    const asked = (at: Converter, of: readonly string[]): string => {
      const inner = called(at, condition, of, at.writer)
      return at.op('Reshape', [inner.get(inner.graph.outputs[0] ?? -1), at.writer.ints([])])
    }
    const first = asked(c, values)
    const names = inputs.map((tensor) => c.writer.names.fresh(c.fact(tensor).name))
    const [round, goes] = [c.writer.names.fresh('round'), c.writer.names.fresh('goes')]
    const inner = called(c, body, names)
    const given = resultsOf(inner)
    if (given.length !== inputs.length) c.fail('has a WHILE whose body gives other values than it takes')
    const next = asked(inner, given.map(({ name }) => name)) // prettier-ignore
    const truth: TypeInfo = { kind: 'tensor', type: 'bool', shape: [] }
    const source = inner.writer.graph(
      [{ name: next, type: truth }, ...given],
      new Map<string, TypeInfo | undefined>([
        [round, { kind: 'tensor', type: 'int64', shape: [] }],
        [goes, truth],
        ...names.map((name, i): [string, TypeInfo | undefined] => [name, given[i]!.type]),
      ]),
    )
    c.writer
      .ops('Loop', ['', first, ...values], outputs.length, { body: source })
      .forEach((value, i) => c.set(outputs[i]!, value))
  }

  /** A graph in place: a composite is what it is decomposed to, a call what it calls. */
  const inlined =
    (indexOf: (of: Parameters<Handler>[1]) => number): Handler =>
    (c, operator) => {
      const values = operator.inputs.map((tensor) => c.get(tensor))
      const inner = called(c, indexOf(operator), values, c.writer)
      if (inner.graph.outputs.length < operator.outputs.length) c.fail('calls a graph with fewer outputs than it wants')
      operator.outputs.forEach((tensor, i) => c.set(tensor, inner.get(inner.graph.outputs[i]!)))
    }

  return {
    IF: conditional,
    WHILE: loop,
    CALL: inlined(({ options }) => options?.uint32(0) ?? 0),
    STABLEHLO_COMPOSITE: inlined(({ options2 }) => options2?.int32(1) ?? 0),
  }
}

function graphAt(c: Converter, index: number): Subgraph {
  return c.file.subgraphs[index] ?? c.fail(`calls graph ${index}, which it has not`)
}

/** Sizes may change from round to round, and are inferred. */
function typeInfo(c: Converter, tensor: number): TypeInfo {
  return { kind: 'tensor', type: c.type(tensor), shape: undefined }
}

import type { TypeInfo } from '../../../../onnx/model.ts'
import type { Builder } from '../../builder.ts'
import type { Value } from '../../value.ts'
import type { Convert, Operators } from '../call.ts'

/** What calls functions of the library; given by whoever knows all operators. */
export interface Caller {
  call(b: Builder, name: string, values: readonly Value[]): Value[]
  /** Places of what a function gives that are what it takes there. */
  kept(name: string): ReadonlySet<number>
}

/** Values for a graph inside: they are made before it, and what is made of them inside stays there. Constants are everywhere. */
function passed(b: Builder, values: readonly Value[]): Value[] {
  return values.map((value) => (value.known ? value : { ...value, names: { last: b.get(value) } }))
}

/** Sizes may differ from branch to branch and from round to round, and are inferred. */
function typeOf({ type }: Value): TypeInfo {
  return { kind: 'tensor', type, shape: undefined }
}

/** The rank where several agree on it, and sizes where they do. */
function common(values: readonly Value[]): Value['shape'] {
  const [first, ...rest] = values.map(({ shape }) => shape)
  if (!first || rest.some((shape) => shape?.length !== first.length)) return undefined
  return first.map((size, axis) => (rest.every((shape) => shape![axis] === size) ? size : undefined))
}

function truth(b: Builder, value: Value): string {
  if (value.type !== 'bool') b.fail(`asks a ${value.type}`)
  return b.writer.op('Reshape', [b.get(value), b.writer.ints([])])
}

export function controlFlow(caller: Caller): Operators {
  const conditional: Convert = ({ b, x, inputs, attributes }) => {
    const values = inputs.slice(1)
    const branches = ['then_branch', 'else_branch'].map((name) => {
      const inner = b.inner()
      const results = caller.call(inner, attributes.called(name), passed(b, values))
      return { results, graph: inner.writer.graph(results.map((value) => ({ name: inner.get(value), type: typeOf(value) }))) } // prettier-ignore
    })
    const [yes, no] = branches
    if (yes!.results.some(({ type }, i) => no!.results[i]?.type !== type) || yes!.results.length !== no!.results.length) b.wrong('has branches that give other types or numbers of tensors') // prettier-ignore
    const names = b.writer.ops('If', [truth(b, x)], yes!.results.length, { then_branch: yes!.graph, else_branch: no!.graph }) // prettier-ignore
    return names.map((name, i) => b.value(name, yes!.results[i]!.type, common([yes!.results[i]!, no!.results[i]!])))
  }

  /** The condition is asked before the first round, and after each. What no round changes is no state, and known as before. */
  const loop: Convert = ({ b, inputs, attributes }) => {
    const [condition, body] = ['cond', 'body'].map((name) => attributes.called(name)) as [string, string]
    const asked = (at: Builder, values: readonly Value[]): string => {
      const [result] = caller.call(at, condition, values)
      return result ? truth(at, result) : b.wrong('has a condition that gives nothing')
    }
    const first = asked(b, inputs)
    const kept = caller.kept(body)
    const changing = <T>(list: readonly T[]): T[] => list.filter((_, i) => !kept.has(i))
    const inner = b.inner()
    const [round, goes] = ['round', 'goes'].map((name) => b.writer.names.fresh(name)) as [string, string]
    const states = passed(b, inputs).map((value, i) => {
      // Ranks stay, sizes may change.
      if (kept.has(i)) return value
      return b.value(
        b.writer.names.fresh('state'),
        value.type,
        value.shape?.map(() => undefined),
      )
    })
    const results = caller.call(inner, body, states)
    const isSame = results.length === inputs.length && results.every(({ type }, i) => type === inputs[i]!.type)
    if (!isSame) b.wrong('has a body that gives other values than it takes')
    if (results.some(({ shape }, i) => shape?.length !== inputs[i]!.shape?.length)) b.fail('has a body that changes the rank of a tensor') // prettier-ignore
    const next = asked(inner, results)
    const boolean: TypeInfo = { kind: 'tensor', type: 'bool', shape: [] }
    const graph = inner.writer.graph(
      [{ name: next, type: boolean }, ...changing(results).map((value) => ({ name: inner.get(value), type: typeOf(value) }))], // prettier-ignore
      new Map<string, TypeInfo>([
        [round, { kind: 'tensor', type: 'int64', shape: [] }],
        [goes, boolean],
        ...changing(states).map((value): [string, TypeInfo] => [value.names.last!, typeOf(value)]),
      ]),
    )
    const given = changing(inputs)
    const made = b.writer
      .ops('Loop', ['', first, ...given.map((value) => b.get(value))], given.length, { body: graph })
      .values()
    return inputs.map((value, i) =>
      kept.has(i) ? value : b.value(made.next().value!, value.type, value.shape?.map(() => undefined)),
    ) // prettier-ignore
  }

  /** A function in place. */
  const inlined: Convert = ({ b, inputs, attributes }) => caller.call(b, attributes.called('f'), inputs)

  return {
    If: conditional,
    StatelessIf: conditional,
    While: loop,
    StatelessWhile: loop,
    PartitionedCall: inlined,
    StatefulPartitionedCall: inlined,
  }
}

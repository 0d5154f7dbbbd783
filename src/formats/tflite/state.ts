import type { Tensor, TypeInfo } from '../../onnx/model.ts'
import type { GraphWriter } from '../graph-writer.ts'
import type { Subgraph } from './schema.ts'

/** A variable that lives on between runs. */
export interface State {
  /** A tensor of a graph, or the name by which any graph may ask for it. */
  readonly key: { readonly graph: Subgraph; readonly tensor: number } | string
  readonly type: Extract<TypeInfo, { kind: 'tensor' }>
  /** What it begins with, as reals; `undefined` is zeros. */
  readonly initial: Tensor | undefined
  /** Whether a run may change it. */
  readonly isAssigned: boolean
  /** The input of the model that it comes in by, and the output that it leaves by. */
  readonly input: string
  readonly output: string
  /** What is in it at the end of a run; empty before an operator has written it. */
  value: string
}

/** All that a model keeps. */
export class States {
  readonly all: readonly State[]
  /** Of the graph around all others: what is written in a branch or a round of a loop is no state of the model. */
  readonly writer: GraphWriter
  readonly #named: ReadonlyMap<string, State>
  /** By graph, what its handles are of. */
  readonly #names = new Map<Subgraph, ReadonlyMap<number, string>>()

  constructor(all: readonly State[], writer: GraphWriter) {
    this.all = all
    this.writer = writer
    this.#named = new Map(all.flatMap((state) => (typeof state.key === 'string' ? [[state.key, state]] : [])))
  }

  ofTensor(graph: Subgraph, tensor: number): State | undefined {
    return this.all.find(({ key }) => typeof key !== 'string' && key.graph === graph && key.tensor === tensor)
  }

  /** By a handle of it, which a VAR_HANDLE of the same graph gives. */
  ofHandle(graph: Subgraph, handle: number): State | undefined {
    const names = this.#names.get(graph) ?? variablesOf(graph)
    this.#names.set(graph, names)
    const name = names.get(handle)
    return name === undefined ? undefined : this.#named.get(name)
  }
}

/** The names of the variables that tensors of a graph are handles of. */
export function variablesOf(graph: Subgraph): Map<number, string> {
  const handles = graph.operators.filter(({ code }) => code === 'VAR_HANDLE')
  return new Map(
    handles.map(({ outputs: [handle = -1], options }) => {
      const [container, name] = [options?.text(0) ?? '', options?.text(1) ?? '']
      return [handle, container ? `${container}/${name}` : name]
    }),
  )
}

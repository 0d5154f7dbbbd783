import { quote, type Site } from '../../onnx/reading.ts'
import type { File, NamedTensor, Signature, Subgraph } from './schema.ts'

/** What is compiled: a graph, and the names of what it takes and gives. */
export interface Chosen {
  readonly graph: Subgraph
  readonly inputs: readonly NamedTensor[]
  readonly outputs: readonly NamedTensor[]
}

/**
 * The signature that was asked for, or the only one. Without any, the first graph is the model and tensors have their own names.
 *
 * @throws ModelError `MODEL_SIGNATURE` listing the signatures where there are several and none, or another, was asked for
 */
export function chosenSignature(file: File, wanted: string | undefined, site: Site): Chosen {
  const { signatures, subgraphs } = file
  const list = signatures.map(({ key }) => quote(key)).join(', ')
  if (wanted !== undefined) {
    const found = signatures.find(({ key }) => key === wanted)
    if (found) return signed(file, found)
    const there = list === '' ? 'It has none: leave signature= out.' : `It has ${list}.`
    site.fail('MODEL_SIGNATURE', `has no signature ${quote(wanted)}. ${there}`, {
      signatures: signatures.map(({ key }) => key),
    })
  }
  if (signatures.length > 1) {
    const advice = `Choose one with ?signature=${signatures[0]!.key}, and import the model once for each that you need.`
    site.fail('MODEL_SIGNATURE', `has several signatures: ${list}. ${advice}`, {
      signatures: signatures.map(({ key }) => key),
    })
  }
  const [only] = signatures
  if (only) return signed(file, only)
  const graph = subgraphs[0]!
  const named = (tensors: readonly number[]): NamedTensor[] =>
    tensors.map((tensor) => ({ name: graph.tensors[tensor]!.name, tensor }))
  return { graph, inputs: named(graph.inputs), outputs: named(graph.outputs) }
}

/** In the order of the graph; what a signature doesn't name keeps its tensor's name. One tensor may have several names. */
function signed({ subgraphs }: File, { subgraph, inputs, outputs }: Signature): Chosen {
  const graph = subgraphs[subgraph]!
  const ordered = (tensors: readonly number[], names: readonly NamedTensor[]): NamedTensor[] =>
    [...new Set(tensors)].flatMap((tensor) => {
      const own = names.filter((entry) => entry.tensor === tensor)
      return own.length > 0 ? own : [{ name: graph.tensors[tensor]!.name, tensor }]
    })
  return {
    graph,
    inputs: ordered(graph.inputs, inputs).filter(isFirstOfTensor),
    outputs: ordered(graph.outputs, outputs),
  }
}

/** A second name of one input would be an input that nothing uses. */
function isFirstOfTensor({ tensor }: NamedTensor, i: number, all: readonly NamedTensor[]): boolean {
  return all.findIndex((other) => other.tensor === tensor) === i
}

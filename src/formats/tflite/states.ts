import type { Tensor } from '../../onnx/model.ts'
import { quote, type Site } from '../../onnx/reading.ts'
import { tensorFrom, tensorNumbers } from '../../onnx/tensor.ts'
import type { GraphWriter } from '../graph-writer.ts'
import { constantOf, realConstant } from './constants.ts'
import { isCode } from './codes.ts'
import type { File, OperatorFact, Subgraph, TensorFact } from './schema.ts'
import { type State, States, variablesOf } from './state.ts'

// What a model keeps from one run to the next: tensors that are variables (LSTM, SVDF), and resources, which operators name
// (VAR_HANDLE), read and assign, and which CALL_ONCE gives what they begin with.

/** States of a graph: its variables become inputs and outputs, as nothing lives on between runs. */
export function statesOf(
  file: File,
  graph: Subgraph,
  used: Iterable<Subgraph>,
  writer: GraphWriter,
  site: Site,
): States {
  const named = (name: string, rest: Pick<State, 'key' | 'type' | 'initial' | 'isAssigned'>): State => {
    const input = writer.names.fresh(name)
    return { ...rest, input, output: writer.names.fresh(`${input}_next`), value: '' }
  }
  const tensors = graph.tensors.flatMap(({ isVariable, name, shape }, tensor) =>
    isVariable
      ? [named(name, { key: { graph, tensor }, type: floats(shape), initial: undefined, isAssigned: true })]
      : [],
  )
  const resources = [...resourcesOf(file, used, site)].map(([name, { fact, initial, isAssigned }]) =>
    named(name, { key: name, type: typeOf(fact, name, site), initial, isAssigned }),
  )
  return new States([...tensors, ...resources], writer)
}

interface Resource {
  /** A tensor that it is read to or assigned from. */
  fact: TensorFact
  /** As reals. */
  initial: Tensor | undefined
  /** Whether a run changes it. */
  isAssigned: boolean
}

function resourcesOf(file: File, used: Iterable<Subgraph>, site: Site): Map<string, Resource> {
  const found = new Map<string, Resource>()
  const graphs = [...used]
  const beginnings = new Set(graphs.flatMap(({ operators }) => operators.flatMap((one) => calledOnce(file, one))))
  for (const graph of graphs) {
    const names = variablesOf(graph)
    for (const { code, inputs, outputs } of graph.operators) {
      if (code !== 'READ_VARIABLE' && code !== 'ASSIGN_VARIABLE') continue
      const name = names.get(inputs[0] ?? -1)
      const fact = graph.tensors[(code === 'READ_VARIABLE' ? outputs[0] : inputs[1]) ?? -1]
      if (name === undefined || !fact) continue
      const resource = found.get(name) ?? { fact, initial: undefined, isAssigned: false }
      found.set(name, resource)
      if (code !== 'ASSIGN_VARIABLE') resource.fact = fact
      else if (beginnings.has(graph)) resource.initial = initialOf(fact, name, site)
      else resource.isAssigned = true
    }
  }
  return found
}

/** The graph that a CALL_ONCE runs before the first run. */
export function calledOnce(file: File, { code, options }: OperatorFact): Subgraph[] {
  const graph = code === 'CALL_ONCE' ? file.subgraphs[options?.int32(0) ?? 0] : undefined
  return graph ? [graph] : []
}

/** What a variable begins with; `undefined` where that is zeros. */
function initialOf(fact: TensorFact, name: string, site: Site): Tensor | undefined {
  const constant = constantOf(fact, site.part(`tensor ${quote(fact.name)}`))
  if (!constant) return refuse(site, name, 'begins with what is computed')
  const real = realOf(constant, fact)
  const values = tensorNumbers(real)
  if (!values.every(Number.isFinite)) return refuse(site, name, 'begins with what is not finite')
  return values.every((value) => value === 0) ? undefined : real
}

function realOf(constant: Tensor, { type, quantization }: TensorFact): Tensor {
  if (isCode(type) && quantization) return realConstant(constant, quantization)
  return constant.type === 'float16' ? tensorFrom('float32', constant.dims, tensorNumbers(constant)) : constant
}

function typeOf({ type, shape, varying, quantization }: TensorFact, name: string, site: Site): State['type'] {
  if (varying.includes(true)) refuse(site, name, 'has sizes that only a run knows')
  if (type === undefined || type === 'string' || type === 'bool') return refuse(site, name, `is of type ${type}`)
  const isFloat = type === 'float16' || (isCode(type) && quantization !== undefined)
  return isFloat ? floats(shape) : { kind: 'tensor', type, shape }
}

/** States are floats where the file has codes: zeros begin anew, whatever stands for zero in codes. */
function floats(shape: readonly number[]): State['type'] {
  return { kind: 'tensor', type: 'float32', shape }
}

function refuse(site: Site, name: string, why: string): never {
  return site.fail('MODEL_UNSUPPORTED', `has a variable ${quote(name)} that ${why}, which is not read.`)
}

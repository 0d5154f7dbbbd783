import type { ElementType } from '../../../onnx/element-type.ts'
import { ModelError } from '../../../errors/index.ts'
import { plain, quote } from '../../../onnx/reading.ts'
import type { Builder } from '../builder.ts'
import type { Value } from '../value.ts'
import { type Layer, LayerCall } from './call.ts'
import { convolutions } from './convolution.ts'
import { core } from './core.ts'
import { images } from './images.ts'
import { merging } from './merging.ts'
import { recurrent } from './recurrent.ts'
import { type LayerFact, modelKinds, readTopology, type Reference, type Topology } from './topology.ts'
import type { LayerWeights } from './weights.ts'
import { wrappers } from './wrappers.ts'

/** Every layer that is converted. A new family is a file and a line here. */
const layers = new Map<string, Layer>(
  Object.entries({
    ...core,
    ...convolutions,
    ...images,
    ...merging,
    ...recurrent,
    ...wrappers(applied),
  }),
)

/** Names of the layers that are converted, for the documentation. */
export const layerKinds: readonly string[] = ['InputLayer', ...modelKinds, ...layers.keys()]

export interface ModelInput {
  readonly name: string
  readonly type: ElementType
  /** `undefined` for sizes that vary. */
  readonly shape: readonly (number | undefined)[]
}

/** Class names of layers that are not converted: of a model, and of the models and wrappers in it. */
export function unknownLayers({ layers: facts }: Topology, depth = 0): Set<string> {
  const found = new Set<string>()
  for (const { kind, config } of facts) {
    config.site.bound('subgraphDepth', depth, `models in models ${depth} deep`)
    if (modelKinds.includes(kind))
      for (const inner of unknownLayers(readTopology(kind, config), depth + 1)) found.add(inner)
    else if (kind !== 'InputLayer' && !layers.has(kind)) found.add(plain(kind))
    const wrapped = config.at('layer').at('class_name').value
    if (typeof wrapped === 'string' && !layers.has(wrapped) && !modelKinds.includes(wrapped)) found.add(plain(wrapped))
  }
  return found
}

/** Types of inputs by Keras' names; TensorFlow.js has no others than these three. */
const inputTypes = new Map<string, ElementType>([
  ...['float32', 'float16', 'float64'].map((name) => [name, 'float32'] as const),
  ...['int32', 'int64', 'int16', 'int8', 'uint8'].map((name) => [name, 'int32'] as const),
  ['bool', 'bool'],
])

/** What a layer of inputs says of them. */
export function inputOf({ name, config }: LayerFact): ModelInput {
  const shape = config
    .oneOf('batch_input_shape', 'batch_shape', 'batch_input_size')
    .list()
    .map((size) => (size.isThere ? size.integer() : undefined))
  if (shape.length === 0) config.oneOf('batch_input_shape', 'batch_shape').wrong('the sizes of an input')
  const dtype = config.at('dtype')
  const type = inputTypes.get(dtype.isThere ? dtype.text() : 'float32') ?? dtype.wrong('float32, int32 or bool')
  return { name, type, shape: shape.map((size) => (size !== undefined && size < 0 ? undefined : size)) }
}

/**
 * The results of a model for some inputs, in the order of its outputs.
 *
 * @param scope names of the models that it is in
 */
export function convertModel(
  b: Builder,
  topology: Topology,
  inputs: readonly Value[],
  weights: LayerWeights,
  scope: readonly string[] = [],
): Value[] {
  b.site.bound('subgraphDepth', scope.length, `models in models ${scope.length} deep`)
  const byName = new Map(topology.layers.map((layer) => [layer.name, layer]))
  if (byName.size !== topology.layers.length) b.wrong('has two layers of one name')
  if (inputs.length !== topology.inputs.length) b.wrong(`is given ${inputs.length} tensors, and takes ${topology.inputs.length}`) // prettier-ignore
  const made = new Map<string, readonly Value[]>()
  topology.inputs.forEach(({ layer }, i) => made.set(`${layer}:0`, [inputs[i]!]))
  for (const { layer, call } of inOrder(b, topology, byName, made)) {
    const fact = byName.get(layer)!
    const given = fact.calls[call]!.map((of) => resultOf(b, made, of))
    const outer = { site: b.site, origin: b.writer.origin }
    b.site = b.site.part(`layer ${quote(layer)} (${plain(fact.kind)})`)
    b.writer.origin = [...scope, layer].join('/')
    b.site.use('nodes', 1)
    const { kind, config } = fact
    const one = new LayerCall(b, weights, { kind, config, inputs: given, scope: [...scope, layer] })
    made.set(`${layer}:${call}`, applied(one))
    b.site = outer.site
    b.writer.origin = outer.origin
  }
  return topology.outputs.map((of) => resultOf(b, made, of))
}

function resultOf(b: Builder, made: ReadonlyMap<string, readonly Value[]>, { layer, call, index }: Reference): Value {
  return made.get(`${layer}:${call}`)?.[index] ?? b.site.fail('MODEL_GRAPH', `uses result ${index} of call ${call} of layer ${quote(layer)}, which nothing gives. Save the model again.`) // prettier-ignore
}

/** Calls of layers that results need, those that are needed first. @throws ModelError `MODEL_GRAPH` for cycles */
function inOrder(
  b: Builder,
  topology: Topology,
  byName: ReadonlyMap<string, LayerFact>,
  given: ReadonlyMap<string, unknown>,
): Reference[] {
  const order: Reference[] = []
  const state = new Map<string, 'open' | 'done'>()
  const stack = topology.outputs.map((of) => ({ of, isLeft: false })).toReversed()
  while (stack.length > 0) {
    const { of, isLeft } = stack.pop()!
    const key = `${of.layer}:${of.call}`
    if (isLeft) {
      state.set(key, 'done')
      order.push(of)
      continue
    }
    if (state.get(key) === 'done' || given.has(key)) continue
    if (state.get(key) === 'open')
      b.site.fail('MODEL_GRAPH', `has layer ${quote(of.layer)} in a cycle. Save the model again.`)
    const needs = byName.get(of.layer)?.calls[of.call]
    if (!needs) b.site.fail('MODEL_GRAPH', `uses call ${of.call} of layer ${quote(of.layer)}, which is not there. Save the model again.`) // prettier-ignore
    state.set(key, 'open')
    stack.push({ of, isLeft: true }, ...needs!.map((need) => ({ of: need, isLeft: false })))
  }
  return order
}

function applied(call: LayerCall): Value[] {
  const { b, kind, config } = call
  if (modelKinds.includes(kind))
    return convertModel(b, readTopology(kind, config), call.inputs, call.weights, call.scope)
  const layer = layers.get(kind) ?? b.fail(`is a ${plain(kind)}`)
  try {
    const result = layer(call)
    return Array.isArray(result) ? result : [result as Value]
  } catch (error) {
    if (error instanceof ModelError || !(error instanceof Error)) throw error
    return b.wrong(`contradicts itself (${error.message})`)
  }
}

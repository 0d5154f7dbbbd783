import { quote } from '../../../onnx/reading.ts'
import type { Json } from '../json.ts'

/** A result of a layer: of which of its calls, and which one of that. */
export interface Reference {
  readonly layer: string
  readonly call: number
  readonly index: number
}

export interface LayerFact {
  readonly name: string
  readonly kind: string
  readonly config: Json
  /** What each of its calls takes. */
  readonly calls: readonly (readonly Reference[])[]
}

/** A model of Keras: layers, and which results are joined with which inputs. */
export interface Topology {
  readonly name: string
  readonly layers: readonly LayerFact[]
  readonly inputs: readonly Reference[]
  readonly outputs: readonly Reference[]
}

/** Class names of models, which are layers too. */
export const modelKinds: readonly string[] = ['Sequential', 'Functional', 'Model']

/**
 * Reads a `Sequential` or `Functional` model of Keras 1 to 3 (tfjs-layers models.ts `Sequential.fromConfig`, engine/container.ts
 * `Container.fromConfig`).
 */
export function readTopology(kind: string, config: Json): Topology {
  return kind === 'Sequential' ? sequential(config) : functional(config)
}

/** Each layer takes what the one before gives. */
function sequential(config: Json): Topology {
  const list = config.isList ? config.list() : config.at('layers').list()
  if (list.length === 0) config.wrong('a list of layers')
  const layers: LayerFact[] = []
  for (const layer of list) {
    const fact = layerFact(layer)
    const before = layers.at(-1)
    // Where no InputLayer is, the first layer says what it is given.
    if (!before && fact.kind !== 'InputLayer' && !modelKinds.includes(fact.kind)) layers.push({ name: `${fact.name}_input`, kind: 'InputLayer', config: fact.config, calls: [[]] }) // prettier-ignore
    if (!before && modelKinds.includes(fact.kind)) layers.push({ name: `${fact.name}_input`, kind: 'InputLayer', config: inputOf(fact), calls: [[]] }) // prettier-ignore
    const previous = layers.at(-1)
    layers.push({ ...fact, calls: [previous ? [result(previous.name)] : []] })
  }
  const name = config.at('name').text('sequential')
  return { name, layers, inputs: [result(layers[0]!.name)], outputs: [result(layers.at(-1)!.name)] }
}

/** The layer that says what a model inside of another is given. */
function inputOf({ kind, config }: LayerFact): Json {
  const { layers, inputs } = readTopology(kind, config)
  return layers.find(({ name }) => name === inputs[0]?.layer)?.config ?? config
}

function result(layer: string): Reference {
  return { layer, call: 0, index: 0 }
}

function functional(config: Json): Topology {
  const layers = config
    .at('layers')
    .list()
    .map((layer) => {
      const fact = layerFact(layer)
      const nodes = layer.at('inbound_nodes').list()
      // A model in a model has a call before those that are written: the one that made it (container.ts, `getConfig`).
      const before = fact.kind === 'InputLayer' || modelKinds.includes(fact.kind) ? [[]] : []
      return { ...fact, calls: [...before, ...nodes.map(callOf)] }
    })
  return {
    name: config.at('name').text('model'),
    layers,
    inputs: ends(config.at('input_layers')),
    outputs: ends(config.at('output_layers')),
  }
}

function layerFact(layer: Json): LayerFact {
  const config = layer.at('config')
  const name = layer.at('name').isThere ? layer.at('name') : config.at('name')
  const text = name.text()
  const kind = layer.at('class_name').text()
  return { name: text, kind, config: config.within(config.site.part(`layer ${quote(text)} (${kind})`)), calls: [] }
}

/** `["dense", 0, 0]`, several of them, or (Keras 3) an object of them. */
function ends(list: Json): Reference[] {
  if (list.isList && typeof list.list()[0]?.value === 'string') return [reference(list)]
  return list.isList ? list.list().map(reference) : list.entries().flatMap(([, value]) => ends(value))
}

/** Arguments of a call. Keras 3 writes tensors as objects that name where they come from. */
function callOf(node: Json): Reference[] {
  if (node.isList) return typeof node.list()[0]?.value === 'string' ? [reference(node)] : node.list().map(reference)
  const found: Reference[] = []
  const visit = (value: Json, depth: number): void => {
    value.site.bound('subgraphDepth', depth, `arguments in lists ${depth} deep`)
    if (value.isList) for (const item of value.list()) visit(item, depth + 1)
    else if (value.at('class_name').value === '__keras_tensor__')
      found.push(reference(value.at('config').at('keras_history')))
  }
  visit(node.at('args'), 0)
  return found
}

function reference(value: Json): Reference {
  const [layer, call, index] = value.list()
  if (!layer || !call || !index) return value.wrong('the name of a layer, a call of it and a result of that')
  return { layer: layer.text(), call: call.integer(), index: index.integer() }
}

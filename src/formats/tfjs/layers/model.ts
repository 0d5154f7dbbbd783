import type { Reading } from '../../../onnx/reading.ts'
import type { Convertible } from '../convertible.ts'
import type { Json } from '../json.ts'
import { convertModel, inputOf, unknownLayers } from './converter.ts'
import { type Reference, readTopology } from './topology.ts'
import { LayerWeights } from './weights.ts'

/**
 * A layers model: `modelTopology` is what Keras calls a configuration, with or without what Keras writes around it.
 *
 * @throws ModelError `MODEL_UNSUPPORTED` naming all layers that are not converted
 */
export function convertLayers(file: Json, reading: Reading): Convertible {
  const whole = file.at('modelTopology')
  const model = whole.at('model_config').isThere ? whole.at('model_config') : whole
  const site = reading.site('the model')
  const kind = model.at('class_name')
  if (!['Sequential', 'Functional', 'Model'].includes(kind.text())) kind.wrong('Sequential, Functional or Model')
  const topology = readTopology(kind.text(), model.at('config').within(site))
  const unknown = [...unknownLayers(topology)]
  if (unknown.length > 0) reading.site('the file').fail('MODEL_UNSUPPORTED', `has layers that are not read: ${unknown.join(', ')}. Build the model without them.`, { operators: unknown }) // prettier-ignore

  const layers = new Map(topology.layers.map((layer) => [layer.name, layer]))
  const inputs = topology.inputs.map(({ layer }) => {
    const fact = layers.get(layer)
    return fact ? inputOf(fact) : site.fail('MODEL_GRAPH', `has an input ${JSON.stringify(layer)}, which is no layer. Save the model again.`) // prettier-ignore
  })
  if (topology.outputs.length === 0) site.fail('MODEL_EMPTY', 'has no outputs. Save it again.')
  return {
    inputs,
    outputs: outputNames(topology.outputs),
    write(b, values, tensors) {
      const weights = new LayerWeights(tensors)
      const results = convertModel(b, topology, values, weights)
      weights.expectAllTaken(b)
      return results
    },
  }
}

/** Names of layers; with a number behind where several results of one are outputs. */
function outputNames(outputs: readonly Reference[]): string[] {
  const counts = new Map<string, number>()
  for (const { layer } of outputs) counts.set(layer, (counts.get(layer) ?? 0) + 1)
  return outputs.map(({ layer, index }) => (counts.get(layer)! > 1 ? `${layer}_${index}` : layer))
}

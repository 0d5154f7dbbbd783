// Makes the models of ./layer-models.js and ./graph-models.js with TensorFlow.js, runs them, and writes both down:
//
//   bash test/install.sh formats && node test/formats/tfjs/make-goldens.js
//
// Weights and inputs come from a seed, so that a second run changes nothing.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { graphModels } from './graph-models.js'
import { layerModels } from './layer-models.js'

const installed = createRequire(new URL('../installed/package.json', import.meta.url))
const core = installed('@tensorflow/tfjs-core')
installed('@tensorflow/tfjs-backend-cpu')
const { layers, sequential, model, input } = installed('@tensorflow/tfjs-layers')
const { loadGraphModel } = installed('@tensorflow/tfjs-converter')
const tf = { ...core, layers, sequential, model, input }
await core.setBackend('cpu')

let state = 1
/** From 0 to 1, in steps that float32 has exactly, so that files are short. */
const random = () => {
  state = (state * 1103515245 + 12345) % 2 ** 31
  return Math.floor((state / 2 ** 31) * 256) / 256
}

const given = (tensor) => ({ dims: tensor.shape, type: tensor.dtype, data: Array.from(tensor.dataSync()) })
const bytes = (buffer) => Buffer.from(buffer).toString('base64')

async function layerGolden(name, make) {
  const made = make()
  made.setWeights(
    made.weights.map(
      ({ name: weight, shape }) =>
      core.tensor(Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, () => random() + (/variance/.test(weight) ? 0.5 : -0.5)), shape), // prettier-ignore
    ),
  )
  let file
  await made.save({
    save: async ({ modelTopology, weightSpecs, weightData }) => {
      file = { topology: modelTopology, specs: weightSpecs, data: bytes(core.io.concatenateArrayBuffers([].concat(weightData))) } // prettier-ignore
      return {}
    },
  })
  const isIndex = made.layers.some((layer) => layer.getClassName() === 'Embedding')
  const inputs = made.inputs.map(({ shape }) => {
    const sizes = shape.map((size, axis) => size ?? (axis === 0 ? 2 : 5))
    return core.tensor(Float32Array.from({ length: sizes.reduce((n, size) => n * size, 1) }, () => isIndex ? Math.floor(random() * 10) : 4 * random() - 2), sizes) // prettier-ignore
  })
  const outputs = [].concat(made.predict(inputs.length === 1 ? inputs[0] : inputs))
  const model = { format: 'layers-model', modelTopology: file.topology, weightsManifest: [{ paths: ['w.bin'], weights: file.specs }] } // prettier-ignore
  return { name, model, weights: file.data, inputs: inputs.map(given), outputs: outputs.map(given) }
}

async function graphGolden(name, { model, weights, inputs }) {
  const { modelTopology, weightsManifest, signature } = model
  const data = Buffer.from(weights, 'base64')
  const loaded = await loadGraphModel(
    core.io.fromMemory({
      modelTopology,
      signature,
      weightSpecs: weightsManifest.flatMap(({ weights: specs }) => specs),
      weightData: Uint8Array.from(data).buffer,
    }),
  )
  const feeds = Object.fromEntries(loaded.inputs.map(({ name: key }, i) => {
    const { dims, type, data: values } = inputs[i]
    return [key, core.tensor(values, dims, type)]
  })) // prettier-ignore
  // By name: of nodes with several results it would give the first each time.
  const results = Object.values(signature.outputs).map((output) => output.name)
  const outputs = [].concat(await loaded.executeAsync(feeds, results))
  return { name, model, weights, inputs, outputs: outputs.map(given) }
}

const write = (name, goldens) => {
  const text = goldens.map((golden) => JSON.stringify(golden)).join(',\n')
  writeFileSync(new URL(`goldens/${name}.json`, import.meta.url), `[\n${text}\n]\n`)
}
const all = async (models, golden) => {
  const goldens = []
  for (const [name, made] of Object.entries(models)) {
    try {
      goldens.push(await golden(name, made))
    } catch (error) {
      console.log(`${name} is left out: ${error.message}`)
    }
  }
  return goldens
}
write('layers', await all(layerModels(tf), layerGolden))
write('graphs', await all(graphModels(random), graphGolden))

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { randomNumbers } from '../../../src/compilers/random-numbers.ts'
import { readModel } from '../../../src/formats/read.ts'
import { elementsOf, tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileRead } from '../../ops/harness.ts'

// Graph models that people use (npm @vladmandic/human: faces, hands, poses, objects), against what TensorFlow.js gives.

const installed = fileURLToPath(new URL('../installed/', import.meta.url))
const models = join(installed, 'node_modules/@vladmandic/human/models')
const isThere = existsSync(models)
if (!isThere) console.log('skipped: TensorFlow.js and its models are not installed; run bash test/install.sh formats')

interface TfTensor {
  readonly shape: readonly number[]
  dataSync(): ArrayLike<number>
}

/** What this test uses of TensorFlow.js, whose types are not installed here. */
interface Tf {
  setBackend(name: string): Promise<boolean>
  tensor(data: ArrayLike<number>, shape: readonly number[], type: string): TfTensor
  readonly io: { fromMemory(artifacts: object): object }
}
interface GraphModel {
  readonly inputs: readonly { readonly name: string }[]
  predict(inputs: Readonly<Record<string, TfTensor>>): TfTensor | TfTensor[]
}

interface ModelJson {
  readonly modelTopology: object
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly object[] }[]
  readonly signature?: object
  readonly userDefinedMetadata?: object
}

async function loaded(name: string): Promise<{ tf: Tf; model: GraphModel }> {
  const require = createRequire(join(installed, 'package.json'))
  const tf = require('@tensorflow/tfjs-core') as Tf
  require('@tensorflow/tfjs-backend-cpu')
  const { loadGraphModel } = require('@tensorflow/tfjs-converter') as {
    loadGraphModel(of: object): Promise<GraphModel>
  }
  await tf.setBackend('cpu')
  const { weightsManifest, ...file } = JSON.parse(readFileSync(join(models, `${name}.json`), 'utf8')) as ModelJson
  const shards = weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(models, path))))
  const weightData = Uint8Array.from(Buffer.concat(shards)).buffer
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights)
  return { tf, model: await loadGraphModel(tf.io.fromMemory({ ...file, weightSpecs, weightData })) }
}

/** Largest differences are of the sums' order: outputs of some hundreds. */
const names = ['antispoof', 'blazeface', 'emotion', 'facemesh', 'faceres', 'handlandmark-lite', 'iris', 'liveness', 'movenet-lightning', 'centernet'] // prettier-ignore

describe.skipIf(!isThere)('real models', { timeout: 300_000 }, () => {
  it.each(names)('%s', async (name) => {
    const { tf, model } = await loaded(name)
    const read = await readModel(join(models, `${name}.json`))
    const random = randomNumbers(7)
    const feeds = read.graph.inputs.map(({ name: input, type }) => {
      const { type: element, shape = [] } = type?.kind === 'tensor' ? type : expect.fail('no tensor')
      const dims = shape.map((size) => (typeof size === 'number' ? size : 1))
      const scale = element === 'int32' ? 255 : 1
      const values = Array.from({ length: elementsOf(dims) }, () => scale === 1 ? random() : Math.floor(scale * random())) // prettier-ignore
      return { input, element, dims, values }
    })
    const given = feeds.map(({ element, dims, values }, i) => [model.inputs[i]!.name, tf.tensor(values, dims, element)] as const) // prettier-ignore
    const wanted = [model.predict(Object.fromEntries(given))].flat()
    const compiled = await compileRead(read, 3)
    const results = compiled.runSync(Object.fromEntries(feeds.map(({ input, element, dims, values }) => [input, toRuntime(tensorFrom(element, dims, values))]))) // prettier-ignore
    expect(read.graph.outputs).toHaveLength(wanted.length)
    read.graph.outputs.forEach(({ name: output }, i) => {
      const tensor = fromRuntime(results[output]!)
      const expected = Array.from(wanted[i]!.dataSync())
      expect(tensor.dims).toEqual(wanted[i]!.shape)
      const most = expected.reduce((all, value) => Math.max(all, Math.abs(value)), 0)
      const off = tensorNumbers(tensor).reduce((all, value, at) => Math.max(all, Math.abs(value - expected[at]!)), 0)
      expect(off / most).toBeLessThanOrEqual(1e-4)
    })
    const transposes = read.graph.nodes.filter(({ op }) => op === 'Transpose')
    expect(transposes.length).toBeLessThanOrEqual(5)
  })

  it('handtrack is refused, with all that is not read', async () => {
    const reading = readModel(join(models, 'handtrack.json'))
    await expect(reading).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/TensorListReserve.*|Switch/),
    })
  })
})

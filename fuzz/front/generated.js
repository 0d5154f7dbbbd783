import { tensorFrom } from '../../dist/onnx/tensor.js'
import { CaseBuilder } from '../ops/build.js'
import { bytesOf, finish } from '../ops/generate.js'
import { kinds } from '../ops/kinds/index.js'
import { Random } from '../random.js'

/** Of each operator. */
const MODELS = 3

/**
 * Small models of every operator that the differential fuzz makes: there wherever the repository is, and always the same.
 *
 * @returns {Promise<{ path: string, bytes: Uint8Array }[]>}
 */
export async function generatedModels() {
  const models = []
  for (const [index, [name, make]] of Object.entries(kinds).entries()) {
    for (let number = 0; number < MODELS; number++) {
      const random = new Random(index, number)
      const opset = random.between(11, 26)
      // Nothing is computed: results stand for themselves, and what is wrong with them makes mutants.
      const run = (_bytes, _inputs, outputs) =>
        new Map(outputs.map((output) => [output, tensorFrom('float32', [], [0])]))
      const builder = new CaseBuilder({ random, opset, run })
      await make(builder)
      if (builder.nodes.length === 0) continue
      models.push({ path: `generated ${name} ${number}`, bytes: bytesOf(finish(builder, { number, opset, random })) })
    }
  }
  return models
}

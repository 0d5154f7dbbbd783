import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { generatedModels } from './generated.js'

/** Beyond this a mutant takes too long to decode and to write, 100,000 times. */
const MOST_BYTES = 8 * 2 ** 20
const shared = ['onnx-backend-tests', 'cases', 'exports', 'hostile', 'models', 'front-ends'].map((name) =>
  join('..', 'shared', name),
)

/**
 * What mutants are made of: the models that stand beside the repository, its own, and one of every operator.
 *
 * @param root folder of the repository
 * @param format only files of this extension: onnx, pt2, tflite or tfjs
 * @returns {Promise<{ path: string, bytes: Uint8Array }[]>} always in the same order
 */
export async function corpus(root, format) {
  const isWanted = (name) => (format ? name.endsWith(`.${format}`) : /\.(onnx|pt2|tflite)$/.test(name))
  const files = [...shared, 'examples', join('test', 'types', 'fixtures')]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true })
        .filter((name) => isWanted(name) && !name.includes('node_modules'))
        .sort()
        .map((name) => join(folder, name)),
    )
    .filter((file) => statSync(file).size <= MOST_BYTES)
  const models = files.map((path) => ({ path, bytes: readFileSync(path) }))
  if (format === undefined || format === 'tfjs') models.push(...layersAndGraphs(root))
  return format && format !== 'onnx' ? models : [...models, ...(await generatedModels())]
}

/** Models of TensorFlow.js, with the bytes of their weights in a key that nobody reads but the fuzz. */
function layersAndGraphs(root) {
  return ['layers', 'graphs'].flatMap((list) => {
    const goldens = JSON.parse(readFileSync(join(root, 'test', 'formats', 'tfjs', 'goldens', `${list}.json`), 'utf8'))
    return goldens.map(({ name, model, weights }) => ({
      path: `${list} ${name}.tfjs`,
      bytes: Buffer.from(JSON.stringify({ ...model, bytes: weights })),
    }))
  })
}

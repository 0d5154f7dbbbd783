import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { generatedModels } from './generated.js'

/** Beyond this a mutant takes too long to decode and to write, 100,000 times. */
const MOST_BYTES = 8 * 2 ** 20
const shared = ['onnx-backend-tests', 'cases', 'exports', 'hostile', 'models'].map((name) => join('..', 'shared', name))

/**
 * What mutants are made of: the models that stand beside the repository, its own, and one of every operator.
 *
 * @param root folder of the repository
 * @returns {Promise<{ path: string, bytes: Uint8Array }[]>} always in the same order
 */
export async function corpus(root) {
  const files = [...shared, 'examples', join('test', 'types', 'fixtures')]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith('.onnx') && !name.includes('node_modules'))
        .sort()
        .map((name) => join(folder, name)),
    )
    .filter((file) => statSync(file).size <= MOST_BYTES)
  return [...files.map((path) => ({ path, bytes: readFileSync(path) })), ...(await generatedModels())]
}

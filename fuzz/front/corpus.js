import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Beyond this a mutant takes too long to decode and to write, 100,000 times. */
const MOST_BYTES = 8 * 2 ** 20
const shared = ['onnx-backend-tests', 'cases', 'exports', 'hostile', 'models'].map((name) => join('..', 'shared', name))

/**
 * Model files that mutants are made of: what stands beside the repository, and its own.
 *
 * @param root folder of the repository
 * @returns paths, always in the same order
 */
export function corpus(root) {
  return [...shared, 'examples', join('test', 'types', 'fixtures')]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith('.onnx') && !name.includes('node_modules'))
        .sort()
        .map((name) => join(folder, name)),
    )
    .filter((file) => statSync(file).size <= MOST_BYTES)
}

import { createHash } from 'node:crypto'
import { relative, resolve } from 'node:path'
import { createPipeline, type Pipeline } from '../../src/pipeline/index.ts'
import { writeFiles } from './app.ts'

/**
 * Compiles models as onnx-mlir does large ones: with a constants file, which the library asks for as `model.constants.bin`
 * and the cache keeps under another name. What is in it tells the model.
 */
export function withConstants(root: string): Pipeline {
  const pipeline = createPipeline({})
  return {
    async build(id, context) {
      const built = await pipeline.build(id, context)
      const content = `constants of ${relative(root, id)}`
      const sha256 = createHash('sha256').update(content).digest('hex')
      await writeFiles(root, { [`${sha256}.bin`]: content })
      const constants = { path: resolve(root, `${sha256}.bin`), name: 'model.constants.bin', sha256 }
      return { ...built, artifact: { ...built.artifact, constants } }
    },
  }
}

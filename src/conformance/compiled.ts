import type { TestValue } from '../onnx/test-data.ts'
import type { Pipeline } from '../pipeline/index.ts'
import { parseRequest } from '../request/index.ts'
import { runnableModel } from '../plugin/runnable.ts'
import { valuesFromRuntime, valueToRuntime } from './runtime-tensor.ts'

/** A model that is ready to run. */
export interface Runnable {
  /** The outputs by name. */
  run(inputs: ReadonlyMap<string, TestValue>): Promise<ReadonlyMap<string, TestValue>>
  /** Removes what was made for it. */
  close(): Promise<void>
}

/**
 * A model as users get it: by the pipeline, in this process.
 *
 * @param variants whether to run what engines get that can more than every engine, where this one is such
 */
export async function compiledModel(id: string, pipeline: Pipeline, variants = false): Promise<Runnable> {
  const made = await pipeline.build(id, { mode: 'build', log: () => {}, warn: () => {} })
  const { variants: _, ...base } = made.artifact
  const built = variants ? made : { ...made, artifact: base }
  const model = await runnableModel(parseRequest(id).path, built)
  return {
    async run(inputs) {
      const results = await model.run(
        Object.fromEntries([...inputs].map(([name, value]) => [name, valueToRuntime(value)])),
      )
      return valuesFromRuntime(model.outputs, results)
    },
    close: async () => {},
  }
}

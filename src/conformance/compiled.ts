import type { TestValue } from '../onnx/test-data.ts'
import type { Pipeline } from '../pipeline.ts'
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

/** A model as users get it: by the pipeline, in this process. */
export async function compiledModel(id: string, pipeline: Pipeline): Promise<Runnable> {
  const built = await pipeline.build(id, { mode: 'build', log: () => {}, warn: () => {} })
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

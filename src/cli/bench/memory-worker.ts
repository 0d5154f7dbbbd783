import type { ModelFacts } from '../../runtime/model.ts'
import { createNodeModel } from '../../runtime/node.ts'
import type { ModelFiles } from '../../runtime/node-model.ts'
import { type Inputs, runArgument } from '../data/inputs.ts'
import { neededOnnxRuntime, type OnnxRuntimePackage } from '../onnxruntime.ts'
import { reasonOf } from './engine.ts'
import { forgetPeak, growth, type MemoryUse, resident } from './memory-use.ts'

/** What a process of its own is to load and run. */
export interface MemoryTask {
  readonly inputs: Inputs
  readonly threads: number
  /** What our compilers made of the model, or who else reads it. */
  readonly engine:
    | { readonly facts: ModelFacts; readonly files: ModelFiles }
    | { readonly name: OnnxRuntimePackage; readonly packages: string; readonly model: string }
}

/** The first run makes what is made once; the others show whether more is kept. */
const runs = 3

process.once('message', (task: MemoryTask) => {
  measure(task)
    .catch((error: unknown) => ({ error: reasonOf(error) }))
    .then((result) => process.send!(result, () => process.disconnect()))
})

async function measure(task: MemoryTask): Promise<MemoryUse> {
  const load = await loader(task)
  forgetPeak()
  const before = resident()
  const run = await load()
  for (let i = 0; i < runs; i++) await run()
  return growth(before, resident())
}

/** All that is in memory before the model is. */
async function loader({ inputs, threads, engine }: MemoryTask): Promise<() => Promise<() => unknown>> {
  if ('facts' in engine) {
    const model = createNodeModel(engine.facts, { ...engine.files, threads })
    const argument = runArgument(inputs)
    return async () => {
      await model.load()
      // As users do: WebAssembly runs on another thread then, and else there would be two of it.
      return () => model.run(argument)
    }
  }
  const onnxruntime = await neededOnnxRuntime(engine.name, engine.packages)
  return async () => (await onnxruntime.load(engine.model, { threads })).prepare(inputs)
}

import { neededOnnxRuntime, type OnnxRuntimePackage } from '../onnxruntime.ts'
import type { Engine } from './engine.ts'

/**
 * @param from folder whose `node_modules` has the package
 * @param asWritten take the outputs, not the times, from the graph as it is written, see `SessionOptions`
 */
export function onnxRuntimeEngine(
  name: OnnxRuntimePackage,
  from: string,
  threads: number,
  { asWritten = false } = {},
): Engine {
  return {
    name,
    async load(path) {
      const onnxruntime = await neededOnnxRuntime(name, from)
      const started = performance.now()
      const session = await onnxruntime.load(path, { threads })
      const loadMs = performance.now() - started
      return {
        loadMs,
        facts: { version: onnxruntime.version, threads },
        async outputs(inputs) {
          if (!asWritten) return session.run(inputs)
          const exact = await onnxruntime.load(path, { threads, asWritten })
          const results = await exact.run(inputs)
          await exact.release()
          return results
        },
        lanes(inputs) {
          const run = session.prepare(inputs)
          return [
            {
              name: 'runUs',
              async run(times) {
                for (let i = 0; i < times; i++) await run()
              },
            },
          ]
        },
        dispose: () => session.release(),
      }
    },
  }
}

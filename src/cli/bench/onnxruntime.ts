import { EnvironmentError } from '../../errors.ts'
import { findOnnxRuntime, type OnnxRuntimePackage } from '../onnxruntime.ts'
import type { Engine } from './engine.ts'

/** @param from folder whose `node_modules` has the package */
export function onnxRuntimeEngine(name: OnnxRuntimePackage, from: string, threads: number): Engine {
  return {
    name,
    async load(path) {
      const onnxruntime = await findOnnxRuntime(name, from)
      if (onnxruntime === undefined)
        throw new EnvironmentError(
          'ENVIRONMENT_ONNXRUNTIME',
          `${name} is not installed in ${from}: npm install --save-dev ${name}`,
        )
      const started = performance.now()
      const session = await onnxruntime.load(path, { threads })
      const loadMs = performance.now() - started
      return {
        loadMs,
        facts: { version: onnxruntime.version, threads },
        outputs: (inputs) => session.run(inputs),
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

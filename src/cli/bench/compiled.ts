import { byElement } from '../../conformance/by-element.ts'
import { valuesFromRuntime } from '../../conformance/runtime-tensor.ts'
import { CompileError } from '../../errors/index.ts'
import type { BuildResult } from '../../pipeline/index.ts'
import { modelLane } from '../../measure/model-lane.ts'
import type { RequestOptions } from '../../request/index.ts'
import type { Model } from '../../runtime/model.ts'
import { bestOf } from '../../runtime/wasm/features.ts'
import type { Invocation } from '../command.ts'
import { runArgument } from '../data/inputs.ts'
import { buildRunnable, requestOptions } from '../model-build.ts'
import type { Engine } from './engine.ts'

/** Our own compilers: what they make, run by our own runtime. `--target` is for those that don't say their own. */
const requests = {
  builtin: { compiler: 'builtin' },
  'builtin-wasm': { compiler: 'builtin', target: 'wasm' },
  'onnx-mlir': { compiler: 'onnx-mlir' },
} as const satisfies Record<string, RequestOptions>

/** A model that this compiler and no other made. @param directives beside those that name the compiler */
export async function compiledModel(
  name: keyof typeof requests,
  path: string,
  invocation: Invocation,
  directives: RequestOptions = {},
): Promise<{ readonly built: BuildResult; readonly model: Model }> {
  const request = requests[name]
  const compiled = await buildRunnable(invocation, path, { ...requestOptions(invocation), ...request, ...directives })
  const { compiler } = compiled.built.artifact
  if (compiler.name !== request.compiler)
    throw new CompileError('COMPILE_COMPILER', `compiled by ${compiler.name} instead`, { model: path })
  return compiled
}

/** @param threads that our own compiler's code may have */
export function compiledEngine(name: keyof typeof requests, threads: number, invocation: Invocation): Engine {
  return {
    name,
    async load(path) {
      const { built, model } = await compiledModel(name, path, invocation, { threads })
      const { compiler, target, bytes, seconds, variants = [] } = built.artifact
      const started = performance.now()
      await model.load()
      const loadMs = performance.now() - started
      return {
        loadMs,
        facts: {
          version: compiler.version,
          target,
          bytes,
          compileSeconds: seconds,
          threads: built.threads,
          // Of WebAssembly: what the module needs that this engine takes.
          ...(target === 'wasm' && { needs: variants[bestOf(variants)]?.needs ?? [] }),
        },
        async outputs(inputs) {
          return byElement(valuesFromRuntime(model.outputs, await model.run(runArgument(inputs))))
        },
        lanes(inputs) {
          const argument = runArgument(inputs)
          return [
            modelLane('runUs', model, argument),
            {
              name: 'asyncUs',
              async run(times) {
                for (let i = 0; i < times; i++) await model.run(argument)
              },
            },
          ]
        },
        dispose: async () => model.dispose(),
      }
    },
  }
}

import { createHash, randomUUID } from 'node:crypto'
import type { PluginOptions } from '../pipeline/index.ts'
import { createModuleMaker, type ModuleForm } from './module-maker.ts'
import { createSyncModuleMaker } from './sync.ts'

/** What Jest tells a transform of a file. */
interface TransformOptions {
  /** Whether the file is imported as an ES module. */
  readonly supportsStaticESM: boolean
}

interface Transformed {
  readonly code: string
}

/**
 * A transform of Jest, given the options beside its name in Jest's configuration. Jest imports models asynchronously and requires
 * them synchronously.
 *
 * Jest keeps what a transform gives for as long as its key stays the same; ours is made of just that, so that it changes with
 * all that a model depends on, and where the files are that it names.
 *
 * @see https://jestjs.io/docs/code-transformation#writing-custom-transformers
 */
export function createTransformer(options: PluginOptions = {}) {
  const makeModule = createModuleMaker(options)
  const makeNow = createSyncModuleMaker(options)

  return {
    canInstrument: false,

    process: (_text: string, path: string, options: TransformOptions): Transformed => ({
      code: makeNow(path, formOf(options)),
    }),

    processAsync: async (_text: string, path: string, options: TransformOptions): Promise<Transformed> => ({
      code: await makeModule(path, formOf(options)),
    }),

    getCacheKey(_text: string, path: string, options: TransformOptions): string {
      try {
        return keyOf(makeNow(path, formOf(options)))
      } catch {
        return randomUUID() // The error is told where the model is transformed.
      }
    },

    getCacheKeyAsync: (_text: string, path: string, options: TransformOptions): Promise<string> =>
      makeModule(path, formOf(options)).then(keyOf, () => randomUUID()),
  }
}

function formOf({ supportsStaticESM }: TransformOptions): ModuleForm {
  return supportsStaticESM ? 'module' : 'commonjs'
}

function keyOf(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}

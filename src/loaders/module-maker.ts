import { join } from 'node:path'
import { makePrivateFolder } from '../cache/folder.ts'
import { asCommonJs, withoutImports } from '../emit/common-js.ts'
import { createPipeline, type PluginOptions } from '../pipeline/index.ts'
import { expectOptions } from '../pipeline/options.ts'
import { cachedUrl } from '../plugin/cached.ts'
import { createModels } from '../plugin/models.ts'
import { runtimeFolder } from '../plugin/runtime-folder.ts'
import { tell } from './tell.ts'

/**
 * What loads a module: `module` is imported and imports the runtime, `importless` requires it, and `commonjs` is itself required.
 * The runtime is CommonJS here, for all of them, so that a program has it once.
 */
export type ModuleForm = 'module' | 'importless' | 'commonjs'

/** @returns given a model's id, the source of the module that it is when a program runs in place */
export type ModuleMaker = (id: string, form: ModuleForm) => Promise<string>

/**
 * Makes modules of models for programs that no bundler builds: compiled on the first import, run out of the cache.
 * Lines about it go to standard error; a model that is in the cache has none.
 */
export function createModuleMaker(options: PluginOptions): ModuleMaker {
  expectOptions(options, 'What the loader is given')
  const pipeline = createPipeline({ report: false, ...options })
  const models = createModels({
    pipeline: {
      // What is in the cache need not be in the JavaScript.
      build: async (id, context) => ({ ...(await pipeline.build(id, context)), files: 'url' }),
    },
  })
  let links: Promise<string> | undefined
  return async (id, form) => {
    const source = await models.load(id, {
      mode: 'dev',
      platform: 'node',
      // They outlive the thread or process that makes the module.
      place: (file) => cachedUrl(file, () => (links ??= makePrivateFolder())),
      watch: () => {},
      debug: () => {},
      log: tell,
      warn: tell,
      imported: () => ({ from: join(runtimeFolder, 'node.cjs') }),
    })
    return formed[form](source)
  }
}

const formed: Readonly<Record<ModuleForm, (source: string) => string>> = {
  module: (source) => source,
  importless: withoutImports,
  commonjs: asCommonJs,
}

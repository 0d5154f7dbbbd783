import { readFile } from 'node:fs/promises'
import type { Plugin, PluginContext } from 'rollup'
import { createUnplugin } from 'unplugin'
import type { EmittedFile } from './plugin/files.ts'
import { BuildSignals } from './plugin/build-signals.ts'
import { onnxPlugin } from './plugin/index.ts'
import type { HostOptions } from './plugin/models.ts'
import { load, resolveId } from './plugin/rollup-like.ts'

/** Plugin for Rollup: emits a model's files as assets and refers to them by Rollup's file URLs. */
const rollup: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models }) => {
    // A context lives as long as one build.
    const signals = new BuildSignals()
    // Rollup warns when a name is emitted twice, and every model needs the addon.
    const emitted = new WeakMap<PluginContext, Map<string, Promise<string>>>()

    function place(context: PluginContext, file: EmittedFile): Promise<string> {
      const urls = emitted.get(context) ?? new Map<string, Promise<string>>()
      emitted.set(context, urls)
      const url = urls.get(file.fileName) ?? emit(context, file)
      urls.set(file.fileName, url)
      return url
    }

    return {
      rollup: {
        resolveId,
        load: load(models, (context: PluginContext) => ({
          mode: 'build',
          signal: signals.of(context),
          place: (file) => place(context, file),
        })),
        buildEnd(this: PluginContext) {
          // Where another module was an error, models may still be compiled.
          signals.stop(this)
        },
        closeWatcher(this: PluginContext) {
          signals.stop(this)
        },
      },
    }
  }),
).rollup

async function emit(context: PluginContext, file: EmittedFile): Promise<string> {
  const source = await readFile(file.source)
  return `import.meta.ROLLUP_FILE_URL_${context.emitFile({ type: 'asset', fileName: `assets/${file.fileName}`, source })}`
}

export default rollup
export { rollup as 'module.exports' }

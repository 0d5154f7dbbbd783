import { readFile } from 'node:fs/promises'
import type { Plugin, PluginContext } from 'rolldown'
import { createUnplugin } from 'unplugin'
import { onnxPlugin } from './plugin/index.ts'
import type { HostOptions } from './plugin/models.ts'
import { load, resolveId } from './plugin/rollup-like.ts'

/** Plugin for Rolldown: emits a model's files as assets and refers to them by Rolldown's file URLs. */
const rolldown: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models }) => {
    let isBrowser = false
    return {
      rolldown: {
        options(input) {
          // As written: Rolldown's default for ES modules is `browser`, which says nothing about where they will run.
          isBrowser = input.platform === 'browser'
        },
        resolveId,
        load: load(models, (context: PluginContext) =>
          isBrowser
            ? undefined
            : {
                mode: 'build',
                async place({ source, fileName }) {
                  const asset = {
                    type: 'asset' as const,
                    fileName: `assets/${fileName}`,
                    source: await readFile(source),
                  }
                  return `import.meta.ROLLUP_FILE_URL_${context.emitFile(asset)}`
                },
              },
        ),
      },
    }
  }),
).rolldown

export default rolldown
export { rolldown as 'module.exports' }

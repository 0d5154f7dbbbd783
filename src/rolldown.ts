import { readFile } from 'node:fs/promises'
import type { Plugin, PluginContext } from 'rolldown'
import { createUnplugin } from 'unplugin'
import type { Platform } from './emit/module.ts'
import { chunkUrl } from './plugin/chunk-url.ts'
import { onnxPlugin } from './plugin/index.ts'
import type { HostOptions } from './plugin/models.ts'
import { load, resolveId } from './plugin/rollup-like.ts'

/** Plugin for Rolldown: emits a model's files as assets and refers to them by Rolldown's file URLs. */
const rolldown: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, options }) => {
    let platform: Platform = 'node'
    const references = new Set<string>()
    return {
      rolldown: {
        options(input) {
          // As written: Rolldown's default for ES modules is `browser`, which says nothing about where they will run.
          platform = options.platform ?? (input.platform === 'browser' ? 'browser' : 'node')
        },
        resolveId,
        load: load(models, (context: PluginContext) => ({
          mode: 'build',
          platform,
          async place({ source, fileName }) {
            const asset = { type: 'asset' as const, fileName: `assets/${fileName}`, source: await readFile(source) }
            const reference = context.emitFile(asset)
            references.add(reference)
            return `import.meta.ROLLUP_FILE_URL_${reference}`
          },
        })),
        resolveFileUrl: (reference) =>
          platform === 'browser' && references.has(reference.referenceId) ? chunkUrl(reference) : null,
      },
    }
  }),
).rolldown

export default rolldown
export { rolldown as 'module.exports' }

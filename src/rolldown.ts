import { readFile } from 'node:fs/promises'
import type { Plugin, PluginContext } from 'rolldown'
import { createUnplugin } from 'unplugin'
import type { Platform } from './emit/module.ts'
import { chunkUrl } from './plugin/chunk-url.ts'
import type { EmittedFile } from './plugin/files.ts'
import { expectHostVersion } from './plugin/host-version.ts'
import { onnxPlugin } from './plugin/index.ts'
import { keptImport, renderKeptImports } from './plugin/kept-imports.ts'
import type { HostOptions } from './plugin/models.ts'
import { rebundlerAmong } from './plugin/rebundlers.ts'
import { load, resolveId } from './plugin/rollup-like.ts'

/** Plugin for Rolldown: emits a model's files as assets and refers to them by Rolldown's file URLs. */
const rolldown: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, options }) => {
    let platform: Platform = 'node'
    const references = new Set<string>()
    let rebundler: string | undefined

    async function emit(context: PluginContext, { source, fileName }: EmittedFile): Promise<string> {
      const asset = { type: 'asset' as const, fileName: `assets/${fileName}`, source: await readFile(source) }
      const reference = context.emitFile(asset)
      references.add(reference)
      return reference
    }

    return {
      rolldown: {
        options(input) {
          expectHostVersion('Rolldown', this.meta.rolldownVersion)
          rebundler = rebundlerAmong(input.plugins)
          // As written: Rolldown's default for ES modules is `browser`, which says nothing about where they will run.
          const isEdge = input.resolve?.conditionNames?.includes('workerd')
          platform = options.platform ?? (isEdge ? 'edge' : input.platform === 'browser' ? 'browser' : 'node')
        },
        resolveId,
        load: load(models, (context: PluginContext) => ({
          mode: 'build',
          platform,
          ...(rebundler && { rebundler }),
          place: async (file) => `import.meta.ROLLUP_FILE_URL_${await emit(context, file)}`,
          importModule: async (file) => keptImport(await emit(context, file)),
        })),
        resolveFileUrl: (reference) =>
          platform !== 'node' && references.has(reference.referenceId) ? chunkUrl(reference) : null,
        renderChunk: renderKeptImports,
      },
    }
  }),
).rolldown

export default rolldown
export { rolldown as 'module.exports' }

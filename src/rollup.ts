import { readFile } from 'node:fs/promises'
import type { Plugin, PluginContext } from 'rollup'
import { createUnplugin } from 'unplugin'
import type { EmittedFile } from './plugin/files.ts'
import { BuildSignals } from './plugin/build-signals.ts'
import { cachedUrl } from './plugin/cached.ts'
import { chunkUrl } from './plugin/chunk-url.ts'
import { expectHostVersion } from './plugin/host-version.ts'
import { onnxPlugin } from './plugin/index.ts'
import { keptImport, renderKeptImports } from './plugin/kept-imports.ts'
import type { HostOptions } from './plugin/models.ts'
import { rebundlerAmong } from './plugin/rebundlers.ts'
import { load, resolveId } from './plugin/rollup-like.ts'

/** Plugin for Rollup: emits a model's files as assets and refers to them by Rollup's file URLs. */
const rollup: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, options: { platform = 'node' } }) => {
    // A context lives as long as one build.
    const signals = new BuildSignals()
    // Rollup warns when a name is emitted twice, and every model needs the addon.
    const emitted = new WeakMap<PluginContext, Map<string, Promise<string>>>()
    const references = new Set<string>()
    let rebundler: string | undefined

    async function referenceTo(context: PluginContext, file: EmittedFile): Promise<string> {
      const known = emitted.get(context) ?? new Map<string, Promise<string>>()
      emitted.set(context, known)
      const reference = known.get(file.fileName) ?? emit(context, file)
      known.set(file.fileName, reference)
      references.add(await reference)
      return reference
    }

    return {
      rollup: {
        options({ plugins }) {
          expectHostVersion('Rollup', this.meta.rollupVersion)
          rebundler = rebundlerAmong(plugins)
        },
        resolveId,
        load: load(models, (context: PluginContext) => {
          // Nitro's development server runs here what it builds anew whenever a source changes.
          const isDevelopment = rebundler === 'Nitro' && context.meta.watchMode
          return {
            mode: isDevelopment ? 'dev' : 'build',
            platform,
            signal: signals.of(context),
            ...(rebundler && { rebundler }),
            place: isDevelopment
              ? cachedUrl
              : async (file) => `import.meta.ROLLUP_FILE_URL_${await referenceTo(context, file)}`,
            importModule: async (file) => keptImport(await referenceTo(context, file)),
          }
        }),
        resolveFileUrl: (reference) =>
          platform !== 'node' && references.has(reference.referenceId) ? chunkUrl(reference) : null,
        renderChunk: renderKeptImports,
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

/** Gives the reference. */
async function emit(context: PluginContext, { source, fileName }: EmittedFile): Promise<string> {
  return context.emitFile({ type: 'asset', fileName: `assets/${fileName}`, source: await readFile(source) })
}

export default rollup
export { rollup as 'module.exports' }

import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { createUnplugin } from 'unplugin'
import type { Environment, Plugin, Rolldown } from 'vite'
import { cachedUrl } from './plugin/cached.ts'
import { beforeClose, BuildSignals } from './plugin/build-signals.ts'
import { onnxPlugin } from './plugin/index.ts'
import type { HostOptions } from './plugin/models.ts'
import { reportPages, reportsPath } from './plugin/report-pages.ts'
import { load, resolveId } from './plugin/rollup-like.ts'
import { isModelId } from './request/request.ts'

type Context = Rolldown.PluginContext & { environment: Environment }

/**
 * Plugin for Vite and Vitest.
 *
 * - Server builds: Vite drops every asset of a server build before it is written. So an asset only reserves its name and
 *   gives the file URL; the file itself is emitted after Vite has cleaned up.
 * - Development and tests: models are loaded from the cache.
 * - Browser code gets a module that says why it can't run there.
 */
const vite: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, types }) => {
    const builds = new WeakMap<Environment, ServerBuild>()
    const signals = new BuildSignals()

    return {
      vite: {
        sharedDuringBuild: true,
        configResolved({ root }) {
          types.folder = root
        },
        configureServer(server) {
          server.middlewares.use(reportsPath, reportPages(models.reportPages))
          // The hooks of a server that is closed or restarted wait for what is being loaded.
          for (const environment of Object.values(server.environments)) {
            beforeClose(environment, () => signals.stop(environment))
          }
        },
        async watchChange(path) {
          if (isModelId(path)) await types.update((line) => this.warn(line))
        },
        resolveId,
        load: load(models, (context: Context) => {
          const { environment } = context
          const { config } = environment
          // True where code runs in Node: server environments, and all of Vitest's, jsdom too.
          if (!config.keepProcessEnv) return undefined
          if (environment.mode !== 'build') {
            return { mode: 'dev', signal: signals.of(environment), place: cachedUrl }
          }
          const { reserved } = buildOf(builds, environment)
          return {
            mode: 'build',
            place(file) {
              const fileName = posix.join(config.build.assetsDir, file.fileName)
              reserved.set(fileName, file.source)
              return `import.meta.ROLLUP_FILE_URL_${context.emitFile({ type: 'asset', fileName, source: '' })}`
            },
          }
        }),
        resolveFileUrl: {
          // Before Vite's own hook, which gives a URL below `base`: nothing that a server could open.
          order: 'pre',
          handler({ fileName, relativePath, format }) {
            const { reserved, needed } = buildOf(builds, this.environment)
            if (!reserved.has(fileName)) return null
            needed.add(fileName)
            const chunk = format === 'cjs' ? `require('node:url').pathToFileURL(__filename)` : 'import.meta.url'
            return `new URL(${JSON.stringify(relativePath)}, ${chunk}).href`
          },
        },
        generateBundle: {
          order: 'post',
          async handler(_options, bundle) {
            const { reserved, needed } = buildOf(builds, this.environment)
            for (const fileName of needed) {
              delete bundle[fileName]
              this.emitFile({ type: 'asset', fileName, source: await readFile(reserved.get(fileName)!) })
            }
            needed.clear()
          },
        },
      },
    }
  }),
).vite

interface ServerBuild {
  /** Output name → the file that belongs there. Grows as models change in a watched build. */
  readonly reserved: Map<string, string>
  /** Names that the chunks of the output being written refer to. */
  readonly needed: Set<string>
}

function buildOf(builds: WeakMap<Environment, ServerBuild>, environment: Environment): ServerBuild {
  const build = builds.get(environment) ?? { reserved: new Map(), needed: new Set() }
  builds.set(environment, build)
  return build
}

export default vite
export { vite as 'module.exports' }

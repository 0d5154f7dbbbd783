import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { createUnplugin } from 'unplugin'
import type { Environment, Plugin, ResolvedConfig, Rolldown } from 'vite'
import { cachedUrl } from './plugin/cached.ts'
import { beforeClose, BuildSignals } from './plugin/build-signals.ts'
import { chunkUrl } from './plugin/chunk-url.ts'
import type { EmittedFile } from './plugin/files.ts'
import type { Host } from './plugin/host.ts'
import { installedVersion, tooOld } from './plugin/host-version.ts'
import { onnxPlugin } from './plugin/index.ts'
import { keptImport, renderKeptImports } from './plugin/kept-imports.ts'
import type { HostOptions } from './plugin/models.ts'
import { rebundlerAmong } from './plugin/rebundlers.ts'
import { type HostPart, load, resolveId } from './plugin/rollup-like.ts'
import { filesPath, ServedFiles } from './plugin/served-files.ts'
import { platformOf } from './plugin/vite-platform.ts'
import { builtUrl } from './plugin/vite-url.ts'
import { isModelId } from './request/request.ts'

/** Environments are of Vite 6 and newer. */
type Context = Rolldown.PluginContext & { environment?: Environment }
type Config = Pick<ResolvedConfig, 'root'> & Partial<Pick<ResolvedConfig, 'environments'>>

/**
 * Plugin for Vite and Vitest.
 *
 * - Development and tests: models are loaded from the cache; the dev server serves those of browser code from there.
 * - Client builds: assets like all others, at URLs as Vite's options have them.
 * - Server builds: Vite drops every asset of a server build before it is written. So an asset only reserves its name and
 *   gives the file URL; the file itself is emitted after Vite has cleaned up.
 */
const vite: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, options, types }) => {
    const builds = new WeakMap<Environment, Build>()
    // Vite 7 warns when a name is emitted twice, and every model needs the addon. A context lives no longer than one build.
    const references = new WeakMap<Context, Map<string, string>>()
    const signals = new BuildSignals()
    const served = new ServedFiles()

    const withoutEnvironments = () => tooOld('Vite', installedVersion('vite', types.folder) ?? '5 or older')

    function hostOf(context: Context): HostPart {
      const { environment } = context
      if (environment === undefined) throw withoutEnvironments()
      const { config } = environment
      const platform = options.platform ?? platformOf(environment)
      // Cloudflare's plugin takes modules wherever they are, in development, too.
      const isCloudflare = config.plugins.some(({ name }) => name.startsWith('vite-plugin-cloudflare'))
      const given: Pick<Host, 'importModule'> = isCloudflare ? { importModule: ({ source }) => source } : {}
      if (environment.mode !== 'build') {
        const place: Host['place'] =
          platform === 'browser'
            ? (file) => served.place(file, new URL(config.base, 'http://host').pathname)
            : cachedUrl
        return { mode: 'dev', platform, signal: signals.of(environment), place, ...given }
      }
      const build = buildOf(builds, environment)
      const isClient = platform === 'browser' && config.consumer === 'client'
      function reserve({ role, fileName: name, source }: EmittedFile): string {
        const fileName = posix.join(config.build.assetsDir, name)
        build.reserved.set(fileName, source)
        if (role === 'manifest') build.manifests.add(fileName)
        const known = references.get(context) ?? new Map<string, string>()
        references.set(context, known)
        const reference = known.get(fileName) ?? context.emitFile({ type: 'asset', fileName, source: '' })
        known.set(fileName, reference)
        return reference
      }
      const rebundler = rebundlerAmong(config.plugins)
      return {
        mode: 'build',
        platform,
        ...(rebundler && { rebundler }),
        ...(isClient && config.build.lib && options.platform === undefined && { nodeSetting: 'build.ssr: true' }),
        async place(file) {
          if (isClient) {
            const asset = { type: 'asset' as const, name: file.name, source: await readFile(file.source) }
            const reference = context.emitFile(asset)
            build.assets.add(reference)
            return `import.meta.ROLLUP_FILE_URL_${reference}`
          }
          return `import.meta.ROLLUP_FILE_URL_${reserve(file)}`
        },
        importModule: (file) => keptImport(reserve(file)),
        ...given,
      }
    }

    return {
      vite: {
        sharedDuringBuild: true,
        // Workers are built with plugins of their own; models in them are no other than those around them.
        config: () => ({ worker: { plugins: () => [vite(options)] } }),
        configResolved({ root, environments }: Config) {
          types.folder = root
          if (environments === undefined) throw withoutEnvironments()
        },
        async configureServer(server) {
          const { reportPages, reportsPath } = await import('./plugin/report-pages.ts') // no build needs it
          const { base, server: ownServer } = server.config
          server.middlewares.use(`${base}${filesPath}`, served.respond(ownServer.headers))
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
        load: load(models, hostOf),
        resolveFileUrl: {
          // Before Vite's own hook, whose URL of a server's file is below `base`: nothing that a server could open.
          order: 'pre',
          handler(reference) {
            const { config } = this.environment
            const { assets, reserved, needed } = buildOf(builds, this.environment)
            if (assets.has(reference.referenceId))
              return config.build.lib ? chunkUrl(reference) : builtUrl(reference, config)
            if (!reserved.has(reference.fileName)) return null
            needed.add(reference.fileName)
            const chunk =
              reference.format === 'cjs' ? `require('node:url').pathToFileURL(__filename)` : 'import.meta.url'
            return `new URL(${JSON.stringify(reference.relativePath)}, ${chunk}).href`
          },
        },
        renderChunk(code, chunk) {
          const { needed } = buildOf(builds, this.environment)
          const getFileName = (reference: string): string => {
            const fileName = this.getFileName(reference)
            needed.add(fileName)
            return fileName
          }
          return renderKeptImports.call({ getFileName }, code, chunk)
        },
        generateBundle: {
          order: 'post',
          async handler(_options, bundle) {
            const { reserved, needed, manifests } = buildOf(builds, this.environment)
            for (const fileName of new Set([...needed, ...manifests])) {
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

interface Build {
  /** References to assets of browser code. */
  readonly assets: Set<string>
  /** Of server code: output name → the file that belongs there. Grows as models change in a watched build. */
  readonly reserved: Map<string, string>
  /** Names that the chunks of the output being written refer to. */
  readonly needed: Set<string>
  /** Names of what is for people, and no chunk refers to. */
  readonly manifests: Set<string>
}

function buildOf(builds: WeakMap<Environment, Build>, environment: Environment): Build {
  const build = builds.get(environment) ?? {
    assets: new Set(),
    reserved: new Map(),
    needed: new Set(),
    manifests: new Set(),
  }
  builds.set(environment, build)
  return build
}

export default vite
export { vite as 'module.exports' }

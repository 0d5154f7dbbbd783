import { dirname } from 'node:path'
import type {
  BuildOptions,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  PartialMessage,
  Plugin,
  PluginBuild,
} from 'esbuild'
import { createUnplugin } from 'unplugin'
import type { Platform } from './emit/module.ts'
import { UsageError } from './errors/index.ts'
import { fileEmitter } from './plugin/esbuild-files.ts'
import { expectHostVersion } from './plugin/host-version.ts'
import type { Host } from './plugin/host.ts'
import { onnxPlugin } from './plugin/index.ts'
import { rebundlerAmong } from './plugin/rebundlers.ts'
import type { HostOptions, Models } from './plugin/models.ts'
import { filters } from './request/extensions.ts'
import { canonicalId, isModelId, modelFile } from './request/request.ts'

/**
 * Plugin for esbuild. Code is for browsers unless `platform` is `node`, as esbuild itself has it; for the edge where packages
 * are taken as they are for Cloudflare's `workerd`.
 */
const esbuild: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, options, types }) => ({
    esbuild: {
      setup(build) {
        // Bun gives plugins of esbuild what looks like its builder, and loses what they emit.
        if ('onBeforeParse' in build)
          throw new UsageError(
            'USAGE_HOST',
            `Bun.build has a plugin of its own: import onnx from 'unplugin-onnx-mlir/bun'`,
          )
        expectHostVersion('esbuild', build.esbuild.version)
        types.folder = build.initialOptions.absWorkingDir ?? types.folder
        const platform = options.platform ?? platformOf(build.initialOptions)
        const isChosen = (options.platform ?? build.initialOptions.platform) !== undefined
        const nodeSetting = platform === 'browser' && !isChosen ? `platform: 'node'` : undefined
        const rebundler = rebundlerAmong(build.initialOptions.plugins)
        const placeFor = fileEmitter(build, platform)
        build.onResolve({ filter: filters.withQuery }, (args) => resolve(build, args))
        build.onLoad({ filter: filters.file, namespace: 'file' }, ({ path, suffix }) => {
          const id = path + suffix
          return isModelId(id)
            ? load(build, models, id, { platform, nodeSetting, rebundler, ...placeFor(id) })
            : undefined
        })
      },
    },
  })),
).esbuild

function platformOf({ platform, conditions }: BuildOptions): Platform {
  if (conditions?.includes('workerd')) return 'edge'
  return platform === 'node' ? 'node' : 'browser'
}

const isResolved = Symbol('resolved without its directives')

/** Brings directives into canonical order: one request is one module, however it is written. */
async function resolve(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  const { path, importer, namespace, resolveDir, kind, pluginData } = args
  if (pluginData === isResolved || !isModelId(path)) return undefined
  const file = modelFile(path)
  const resolved = await build.resolve(file, { importer, namespace, resolveDir, kind, pluginData: isResolved })
  if (resolved.errors.length > 0) return resolved
  try {
    const id = canonicalId(resolved.path + path.slice(file.length))
    return { path: resolved.path, suffix: id.slice(resolved.path.length) }
  } catch (error) {
    return { errors: [messageOf(error)] }
  }
}

async function load(
  build: PluginBuild,
  models: Models,
  id: string,
  target: Omit<Host, 'mode' | 'watch' | 'debug' | 'log' | 'warn'>,
): Promise<OnLoadResult> {
  const { logLevel = 'warning' } = build.initialOptions
  // tsup silences esbuild, and speaks in its place.
  const isTalkative = ['info', 'debug', 'verbose'].includes(logLevel) || target.rebundler !== undefined
  const isVerbose = ['debug', 'verbose'].includes(logLevel)
  const model = modelFile(id)
  const watchFiles: string[] = []
  const warnings: PartialMessage[] = []
  try {
    const host: Host = {
      mode: 'build',
      watch: (file) => watchFiles.push(file),
      debug: (line) => isVerbose && console.debug(line),
      log: (line) => isTalkative && console.info(line),
      warn: (text) => warnings.push({ text }),
      ...target,
    }
    const contents = await models.load(id, host)
    return { contents, loader: 'js', resolveDir: dirname(model), watchFiles, warnings }
  } catch (error) {
    return { errors: [messageOf(error)], watchFiles }
  }
}

/** Without a place of its own it is told at the import. A model is no text that has lines. */
function messageOf(error: unknown): PartialMessage {
  return { text: error instanceof Error ? error.message : String(error), detail: error }
}

export default esbuild
export { esbuild as 'module.exports' }

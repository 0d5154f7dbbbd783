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
import { fileEmitter } from './plugin/esbuild-files.ts'
import type { Host } from './plugin/host.ts'
import { onnxPlugin } from './plugin/index.ts'
import { type HostOptions, modelFile, type Models } from './plugin/models.ts'
import { canonicalId, isModelId } from './request/request.ts'

/**
 * Plugin for esbuild. Code is for browsers unless `platform` is `node`, as esbuild itself has it; for the edge where packages
 * are taken as they are for Cloudflare's `workerd`.
 */
const esbuild: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, options, types }) => ({
    esbuild: {
      setup(build) {
        types.folder = build.initialOptions.absWorkingDir ?? types.folder
        const platform = options.platform ?? platformOf(build.initialOptions)
        const isChosen = (options.platform ?? build.initialOptions.platform) !== undefined
        const nodeSetting = platform === 'browser' && !isChosen ? `platform: 'node'` : undefined
        const placeFor = fileEmitter(build, platform)
        build.onResolve({ filter: /\.onnx\?/i }, (args) => resolve(build, args))
        build.onLoad({ filter: /\.onnx$/i, namespace: 'file' }, ({ path, suffix }) => {
          const id = path + suffix
          return isModelId(id) ? load(build, models, id, { platform, nodeSetting, ...placeFor(id) }) : undefined
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
    // Without a place of its own, it is told at the import.
    return { errors: [messageOf(error)] }
  }
}

async function load(
  build: PluginBuild,
  models: Models,
  id: string,
  target: Pick<Host, 'platform' | 'nodeSetting' | 'place' | 'importModule'>,
): Promise<OnLoadResult> {
  const { logLevel = 'warning' } = build.initialOptions
  const isTalkative = ['info', 'debug', 'verbose'].includes(logLevel)
  const isVerbose = isTalkative && logLevel !== 'info'
  const location = { file: modelFile(id) }
  const watchFiles: string[] = []
  const warnings: PartialMessage[] = []
  try {
    const host: Host = {
      mode: 'build',
      watch: (file) => watchFiles.push(file),
      debug: (line) => isVerbose && console.debug(line),
      log: (line) => isTalkative && console.info(line),
      warn: (text) => warnings.push({ text, location }),
      ...target,
    }
    const contents = await models.load(id, host)
    return { contents, loader: 'js', resolveDir: dirname(location.file), watchFiles, warnings }
  } catch (error) {
    return { errors: [{ ...messageOf(error), location }], watchFiles }
  }
}

function messageOf(error: unknown): PartialMessage {
  return { text: error instanceof Error ? error.message : String(error), detail: error }
}

export default esbuild
export { esbuild as 'module.exports' }

import type { HostOptions } from './plugin/models.ts'
import { createTypeLayer } from './plugin/types.ts'
import rollup from './rollup.ts'
import { addTypes, type WrittenConfig } from './types/nuxt.ts'
import vite from './vite.ts'

/** What of Nuxt models have to do with. */
export interface Nuxt {
  readonly options: { readonly rootDir: string; readonly buildDir: string }
  hook(name: 'vite:extend', configure: (context: { readonly config: { plugins?: unknown[] } }) => void): unknown
  hook(name: 'nitro:config', configure: (config: NitroConfig) => void): unknown
  hook(name: 'prepare:types', configure: (written: Readonly<Record<string, unknown>>) => Promise<void>): unknown
}

interface NitroConfig {
  rollupConfig?: { plugins?: unknown }
  typescript?: { tsConfig?: WrittenConfig }
}

/** Configurations that Nuxt writes beside the one of servers, by the names that its hook has for them. */
const written = ['tsConfig', 'nodeTsConfig', 'sharedTsConfig']

/**
 * Module for Nuxt: `modules: ['unplugin-onnx-mlir/nuxt']`, or `[['unplugin-onnx-mlir/nuxt', options]]`. Vite builds pages and
 * components, Nitro what is in `server/`, and then the pages' server code once more: so native code is in the JavaScript of both.
 * `nuxt prepare` writes the models' declarations, which all configurations then know of.
 */
function nuxt(given: HostOptions | undefined, app: Nuxt): void {
  const { rootDir, buildDir } = app.options
  // A pipeline each: what is told once is told by Nitro, too, as Nuxt prints no lines of Vite's plugins.
  const options: HostOptions = given ?? {}
  app.hook('vite:extend', ({ config }) => {
    config.plugins = [...(config.plugins ?? []), vite(options)]
  })
  app.hook('nitro:config', (config) => {
    // Declarations are the same for both.
    const plugins = [config.rollupConfig?.plugins ?? [], rollup({ ...options, types: false })]
    config.rollupConfig = { ...config.rollupConfig, plugins: plugins.flat() }
    const { tsConfig = {}, ...typescript } = config.typescript ?? {}
    if (options.types !== false) addTypes(tsConfig, rootDir, buildDir)
    config.typescript = { ...typescript, tsConfig }
  })
  app.hook('prepare:types', async (configs) => {
    if (options.types === false) return
    for (const name of written) addTypes((configs[name] ?? {}) as WrittenConfig, rootDir, buildDir)
    await createTypeLayer(options, rootDir).update((line) => console.warn(line))
  })
}

export default nuxt
export { nuxt as 'module.exports' }

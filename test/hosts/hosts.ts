import { createRequire } from 'node:module'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { createRsbuild, type RsbuildPluginAPI } from '@rsbuild/core'
import { type Configuration as RspackConfiguration, rspack, type Stats as RspackStats } from '@rspack/core'
import { build as esbuildBuild, type BuildOptions as EsbuildOptions, type Plugin as EsbuildPlugin } from 'esbuild'
import { type OutputOptions as RolldownOutput, rolldown } from 'rolldown'
import { type OutputOptions as RollupOutput, rollup } from 'rollup'
import { build as buildVite8, createLogger, type InlineConfig, mergeConfig } from 'vite'
import { build as buildVite7 } from 'vite7'
import webpack, { type Configuration, type Stats, type StatsCompilation } from 'webpack'
import esbuildPlugin from '../../src/esbuild.ts'
import type { HostOptions } from '../../src/plugin/models.ts'
import rolldownPlugin from '../../src/rolldown.ts'
import rollupPlugin from '../../src/rollup.ts'
import rsbuildPlugin from '../../src/rsbuild.ts'
import rspackPlugin from '../../src/rspack.ts'
import vitePlugin from '../../src/vite.ts'
import webpackPlugin from '../../src/webpack.ts'

/** An application on disk and what it is to be built with. */
export interface App {
  readonly root: string
  /** Entries by name, which may be nested (`deep/second`): paths relative to the root. */
  readonly entries: Readonly<Record<string, string>>
  readonly outDir: string
  readonly options?: HostOptions
  /** How often the plugin is there. Default: once. */
  readonly times?: number
  /** Of webpack and Rspack: both the plugin and a rule with the loader. */
  readonly hasBoth?: boolean
  /** Modules that no file has, by name: for hosts whose plugins can make such. */
  readonly virtual?: Readonly<Record<string, string>>
}

export interface BuiltApp {
  /** File to execute for an entry, relative to the output folder. */
  file(entry: string): string
  readonly warnings: readonly string[]
}

/**
 * webpack's own minimizer takes 0.7 s of a processor for each build, which esbuild's doesn't. It is in one way of the table and
 * where the whole of webpack is run. Both are here: in a thread, which is new for each build, it takes four times as long.
 */
const { default: Minimizer } = await import('minimizer-webpack-plugin')
export const terser = new Minimizer({ parallel: false, minimizerOptions: { compress: { passes: 2 } } })
const minimizer = new Minimizer({ parallel: false, minify: Minimizer.esbuildMinify })

const modules: Configuration = {
  experiments: { outputModule: true },
  output: { module: true, filename: '[name].mjs', chunkFilename: 'chunks/[id].mjs' },
}

/** A host in one of the ways it is used. Building rejects with the host's own error. */
export interface HostUnderTest {
  readonly name: string
  build(app: App): Promise<BuiltApp>
}

/** Every host of the package: a new one joins as a line, and the table runs over it. */
export const hosts: readonly HostUnderTest[] = [
  withRollup('rollup, es', { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs' }),
  withRollup('rollup, cjs', {
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
  }),
  withRolldown('rolldown, es', { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name].mjs' }),
  withRolldown('rolldown, cjs', { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name].cjs' }),
  withVite('vite, base /', {}),
  withVite('vite, base ./', { base: './' }),
  withVite('vite, base /x/', { base: '/x/', build: { assetsDir: 'static/files' } }),
  withVite('vite, emitAssets', { build: { emitAssets: true } }),
  withVite('vite, cjs', { build: { rolldownOptions: { output: { format: 'cjs' } } } }, '.cjs'),
  withVite('vite 7, base ./', { base: './' }, '.mjs', 7),
  withVite('vite 7, cjs', { build: { rollupOptions: { output: { format: 'cjs' } } } }, '.cjs', 7),
  withEsbuild('esbuild, esm with splitting', { format: 'esm', splitting: true, chunkNames: 'chunks/[name]-[hash]' }),
  withEsbuild('esbuild, cjs', { format: 'cjs', assetNames: 'files/[name]-[hash]' }),
  withEsbuild('esbuild, esm with public path', { format: 'esm', publicPath: 'https://example.org/static' }),
  withEsbuild('esbuild, cjs with public path', { format: 'cjs', publicPath: '/', minify: true }),
  withWebpack('webpack, cjs', { plugin: true, config: { output: { filename: '[name].cjs' } } }),
  withWebpack('webpack, public path', {
    plugin: true,
    config: { output: { filename: 'js/[name].cjs', chunkFilename: 'js/[id].cjs', publicPath: '/static/' } },
  }),
  withWebpack('webpack, esm', { plugin: true, config: { ...modules, optimization: { minimizer: [terser] } } }),
  withWebpack('webpack loader, cjs', { plugin: false, config: { output: { filename: '[name].cjs' } } }),
  withRspack('rspack, cjs', { plugin: true, config: {} }),
  withRspack('rspack, public path', { plugin: true, config: { output: { publicPath: '/static/' } } }),
  withRspack('rspack loader, cjs', { plugin: false, config: {} }),
  withRsbuild('rsbuild, es'),
]

/** One way of each host, for what has nothing to do with output formats and paths. */
export const oneOfEach = hosts.filter(({ name }) =>
  ['vite, base /', 'rollup, es', 'rolldown, es', 'esbuild, cjs', 'webpack, cjs', 'webpack loader, cjs'].includes(name),
)

const others = ['vite 7, base ./', 'rspack, cjs', 'rspack loader, cjs', 'rsbuild, es', 'esbuild, esm with splitting']

/** The same with versions and forks of them, and esbuild's way of chunks: for what each resolves and loads in its own way. */
export const everyKind = hosts.filter((host) => oneOfEach.includes(host) || others.includes(host.name))

function withRollup(name: string, output: RollupOutput): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, ...app }) {
      const warnings: string[] = []
      const bundle = await rollup({
        input: absolute(root, entries),
        plugins: [virtualModules(app), ours(app, () => rollupPlugin({ root, ...app.options }))],
        logLevel: 'warn',
        onwarn: ({ message }) => warnings.push(message),
      })
      await bundle.write({ ...output, dir: outDir })
      await bundle.close()
      return { file: named(output.entryFileNames), warnings }
    },
  }
}

function withRolldown(name: string, output: RolldownOutput): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, ...app }) {
      const warnings: string[] = []
      const bundle = await rolldown({
        input: absolute(root, entries),
        plugins: [virtualModules(app), ours(app, () => rolldownPlugin({ root, ...app.options }))],
        platform: 'node',
        onLog: (level, { message }) => level === 'warn' && !isTheirs(message) && warnings.push(message),
      })
      await bundle.write({ ...output, dir: outDir })
      await bundle.close()
      return { file: named(output.entryFileNames), warnings }
    },
  }
}

function withVite(name: string, config: InlineConfig, extension = '.mjs', version: 7 | 8 = 8): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, ...app }) {
      const warnings: string[] = []
      const logger = createLogger('silent')
      const output = { entryFileNames: `[name]${extension}`, chunkFileNames: `chunks/[name]-[hash]${extension}` }
      const common: InlineConfig = {
        root,
        configFile: false,
        logLevel: 'silent',
        customLogger: { ...logger, warn: (message) => void (isTheirs(message) || warnings.push(message)) },
        plugins: [virtualModules(app), ours(app, () => vitePlugin({ root, ...app.options }))],
        // As both versions call them.
        build: { ssr: true, outDir, emptyOutDir: true, rollupOptions: { input: absolute(root, entries), output } },
      }
      const merged = mergeConfig(common, config)
      // One plugin for both: only its type is that of one version.
      await (version === 8 ? buildVite8(merged) : buildVite7(merged as object))
      return { file: (entry) => entry + extension, warnings }
    },
  }
}

/**
 * What hosts say by themselves: Vite of folders with a `#`, which work all the same, and Rolldown of plugins that take most of a
 * build, as a compiler does the first time. Where the environment says `CI` or `FORCE_COLOR`, they say it in colours.
 */
function isTheirs(warning: string): boolean {
  return /The project root contains the "#" character|PLUGIN_TIMINGS/.test(stripVTControlCharacters(warning))
}

function withEsbuild(name: string, config: EsbuildOptions): HostUnderTest {
  const extension = config.format === 'esm' ? '.mjs' : '.cjs'
  return {
    name,
    async build({ root, entries, outDir, ...app }) {
      const { warnings } = await esbuildBuild({
        entryPoints: absolute(root, entries),
        outdir: outDir,
        absWorkingDir: root,
        bundle: true,
        platform: 'node',
        outExtension: { '.js': extension },
        logLevel: 'silent',
        plugins: [virtualInEsbuild(app, root), ...ours(app, () => esbuildPlugin({ root, ...app.options }))],
        ...config,
      })
      return { file: (entry) => entry + extension, warnings: warnings.map(({ text }) => text) }
    },
  }
}

function withWebpack(name: string, { plugin, config }: { plugin: boolean; config: Configuration }): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, options, ...app }) {
      const rule = { test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: { root, ...options } } }
      const stats = await runWebpack({
        mode: 'production',
        target: 'node',
        context: root,
        entry: absolute(root, entries),
        plugins: plugin ? ours(app, () => webpackPlugin({ root, ...options })) : [],
        module: { rules: plugin && !app.hasBoth ? [] : ours(app, () => rule) },
        ...config,
        output: { ...config.output, path: outDir },
      })
      return { file: named(config.output?.filename), warnings: messages(stats) }
    },
  }
}

function withRspack(name: string, { plugin, config }: { plugin: boolean; config: RspackConfiguration }): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, options, ...app }) {
      const rule = { test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: { root, ...options } } }
      const compiler = rspack({
        mode: 'production',
        target: 'node',
        context: root,
        entry: absolute(root, entries),
        plugins: plugin ? ours(app, () => rspackPlugin({ root, ...options })) : [],
        module: { rules: plugin && !app.hasBoth ? [] : ours(app, () => rule) },
        ...config,
        output: { filename: '[name].cjs', chunkFilename: '[id].cjs', ...config.output, path: outDir },
      })
      const stats = await new Promise<RspackStats>((done, failed) =>
        compiler.run((error, result) => (error ? failed(error) : done(result!))),
      )
      await new Promise((done) => compiler.close(done))
      if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }))
      return { file: (entry) => `${entry}.cjs`, warnings: messages(stats.toJson({ all: false, warnings: true })) }
    },
  }
}

function withRsbuild(name: string): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, options, ...app }) {
      let errors: readonly { readonly message: string }[] = []
      const builder = await createRsbuild({
        cwd: root,
        config: {
          logLevel: 'silent',
          source: { entry: absolute(root, entries) },
          output: { target: 'node', distPath: { root: outDir }, filename: { js: '[name].mjs' } },
          plugins: [
            ...ours(app, () => rsbuildPlugin({ root, ...options })),
            // Rsbuild prints what went wrong, and rejects with nothing of it.
            {
              name: 'errors',
              setup(api: RsbuildPluginAPI) {
                api.onAfterBuild(
                  ({ stats }) => void (errors = stats?.toJson({ all: false, errors: true }).errors ?? []),
                )
              },
            },
          ],
        },
      })
      const { stats, close } = await builder.build().catch((error: unknown) => {
        throw errors.length > 0 ? new Error(errors[0]!.message) : error
      })
      await close()
      return { file: (entry) => `${entry}.mjs`, warnings: messages(stats?.toJson({ all: false, warnings: true })) }
    },
  }
}

/** The plugin, as often as the app has it. */
function ours<Plugin>({ times = 1 }: Pick<App, 'times'>, make: () => Plugin): Plugin[] {
  return Array.from({ length: times }, make)
}

/** As plugins of Rollup and its relatives make modules: by ids that begin with a NUL. */
function virtualModules({ virtual = {} }: Pick<App, 'virtual'>) {
  return {
    name: 'virtual',
    resolveId: (source: string) => (Object.hasOwn(virtual, source) ? `\0${source}` : null),
    load: (id: string) => (id.startsWith('\0') ? (virtual[id.slice(1)] ?? null) : null),
  }
}

function virtualInEsbuild({ virtual = {} }: Pick<App, 'virtual'>, resolveDir: string): EsbuildPlugin {
  return {
    name: 'virtual',
    setup(build) {
      build.onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path, namespace: 'virtual' }))
      build.onLoad({ filter: /.*/, namespace: 'virtual' }, ({ path }) => ({ contents: virtual[path]!, resolveDir }))
    },
  }
}

function messages(stats: { readonly warnings?: readonly { readonly message: string }[] | undefined } = {}): string[] {
  return stats.warnings?.map(({ message }) => message) ?? []
}

export const webpackLoader = createRequire(import.meta.url).resolve('unplugin-onnx-mlir/loader')

/** Minimizes with esbuild where nothing else is said. Rejects with webpack's text of the errors, as its CLI prints it. */
export async function runWebpack(config: Configuration): Promise<StatsCompilation> {
  const compiler = webpack({ ...config, optimization: { minimizer: [minimizer], ...config.optimization } })
  const stats = await new Promise<Stats>((done, failed) =>
    compiler.run((error, result) => (error ? failed(error) : done(result!))),
  )
  await new Promise<void>((done, failed) => compiler.close((error) => (error ? failed(error) : done())))
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }))
  return stats.toJson({ all: false, warnings: true })
}

function absolute(root: string, entries: App['entries']): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)]))
}

/** The file of an entry by a pattern of names, e.g. `[name].mjs`. */
function named(pattern: unknown): BuiltApp['file'] {
  return (entry) => String(pattern).replace('[name]', entry)
}

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build as esbuildBuild, type BuildOptions as EsbuildOptions } from 'esbuild'
import { type OutputOptions as RolldownOutput, rolldown } from 'rolldown'
import { type OutputOptions as RollupOutput, rollup } from 'rollup'
import { createLogger, build as viteBuild, type InlineConfig, mergeConfig } from 'vite'
import webpack, { type Configuration, type Stats, type StatsCompilation } from 'webpack'
import esbuildPlugin from '../../src/esbuild.ts'
import type { HostOptions } from '../../src/plugin/models.ts'
import rolldownPlugin from '../../src/rolldown.ts'
import rollupPlugin from '../../src/rollup.ts'
import vitePlugin from '../../src/vite.ts'
import webpackPlugin from '../../src/webpack.ts'

/** An application on disk and what it is to be built with. */
export interface App {
  readonly root: string
  /** Entries by name, which may be nested (`deep/second`): paths relative to the root. */
  readonly entries: Readonly<Record<string, string>>
  readonly outDir: string
  readonly options?: HostOptions
}

export interface BuiltApp {
  /** File to execute for an entry, relative to the output folder. */
  file(entry: string): string
  readonly warnings: readonly string[]
}

const modules: Configuration = {
  experiments: { outputModule: true },
  output: { module: true, filename: '[name].mjs', chunkFilename: 'chunks/[id].mjs' },
}

/** A host in one of the ways it is used. Building rejects with the host's own error. */
export interface HostUnderTest {
  readonly name: string
  build(app: App): Promise<BuiltApp>
}

/** Every host of the package: a new one joins as a line, and all cases of the table run over it. */
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
  withEsbuild('esbuild, esm with splitting', { format: 'esm', splitting: true, chunkNames: 'chunks/[name]-[hash]' }),
  withEsbuild('esbuild, cjs', { format: 'cjs', assetNames: 'files/[name]-[hash]' }),
  withEsbuild('esbuild, esm with public path', { format: 'esm', publicPath: 'https://example.org/static' }),
  withEsbuild('esbuild, cjs with public path', { format: 'cjs', publicPath: '/', minify: true }),
  withWebpack('webpack, cjs', { plugin: true, config: { output: { filename: '[name].cjs' } } }),
  withWebpack('webpack, public path', {
    plugin: true,
    config: { output: { filename: 'js/[name].cjs', chunkFilename: 'js/[id].cjs', publicPath: '/static/' } },
  }),
  withWebpack('webpack, esm', { plugin: true, config: modules }),
  withWebpack('webpack loader, cjs', { plugin: false, config: { output: { filename: '[name].cjs' } } }),
]

/** One way of each host, for what has nothing to do with output formats and paths. */
export const oneOfEach = hosts.filter(({ name }) =>
  ['vite, base /', 'rollup, es', 'rolldown, es', 'esbuild, cjs', 'webpack, cjs', 'webpack loader, cjs'].includes(name),
)

function withRollup(name: string, output: RollupOutput): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, options }) {
      const warnings: string[] = []
      const bundle = await rollup({
        input: absolute(root, entries),
        plugins: [rollupPlugin({ root, ...options })],
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
    async build({ root, entries, outDir, options }) {
      const warnings: string[] = []
      const bundle = await rolldown({
        input: absolute(root, entries),
        plugins: [rolldownPlugin({ root, ...options })],
        platform: 'node',
        onLog: (level, { message }) => level === 'warn' && warnings.push(message),
      })
      await bundle.write({ ...output, dir: outDir })
      await bundle.close()
      return { file: named(output.entryFileNames), warnings }
    },
  }
}

function withVite(name: string, config: InlineConfig, extension = '.mjs'): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, options }) {
      const warnings: string[] = []
      const logger = createLogger('silent')
      const output = { entryFileNames: `[name]${extension}`, chunkFileNames: `chunks/[name]-[hash]${extension}` }
      const common: InlineConfig = {
        root,
        configFile: false,
        logLevel: 'silent',
        customLogger: { ...logger, warn: (message) => warnings.push(message) },
        plugins: [vitePlugin({ root, ...options })],
        build: { ssr: true, outDir, emptyOutDir: true, rolldownOptions: { input: absolute(root, entries), output } },
      }
      await viteBuild(mergeConfig(common, config))
      return { file: (entry) => entry + extension, warnings }
    },
  }
}

function withEsbuild(name: string, config: EsbuildOptions): HostUnderTest {
  const extension = config.format === 'esm' ? '.mjs' : '.cjs'
  return {
    name,
    async build({ root, entries, outDir, options }) {
      const { warnings } = await esbuildBuild({
        entryPoints: absolute(root, entries),
        outdir: outDir,
        absWorkingDir: root,
        bundle: true,
        platform: 'node',
        outExtension: { '.js': extension },
        logLevel: 'silent',
        plugins: [esbuildPlugin({ root, ...options })],
        ...config,
      })
      return { file: (entry) => entry + extension, warnings: warnings.map(({ text }) => text) }
    },
  }
}

function withWebpack(name: string, { plugin, config }: { plugin: boolean; config: Configuration }): HostUnderTest {
  return {
    name,
    async build({ root, entries, outDir, options }) {
      const rule = { test: /\.onnx$/, use: { loader: webpackLoader, options: { root, ...options } } }
      const stats = await runWebpack({
        mode: 'production',
        target: 'node',
        context: root,
        entry: absolute(root, entries),
        plugins: plugin ? [webpackPlugin({ root, ...options })] : [],
        module: { rules: plugin ? [] : [rule] },
        ...config,
        output: { ...config.output, path: outDir },
      })
      return { file: named(config.output?.filename), warnings: stats.warnings?.map(({ message }) => message) ?? [] }
    },
  }
}

export const webpackLoader = createRequire(import.meta.url).resolve('unplugin-onnx-mlir/loader')

/** Rejects with webpack's text of the errors, as its CLI prints it. */
export async function runWebpack(config: Configuration): Promise<StatsCompilation> {
  const compiler = webpack(config)
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

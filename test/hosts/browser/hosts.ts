import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRsbuild, type RsbuildConfig } from '@rsbuild/core'
import { type Configuration as RspackConfiguration, rspack } from '@rspack/core'
import { build as esbuildBuild, type BuildOptions as EsbuildOptions } from 'esbuild'
import { type OutputOptions as RolldownOutput, rolldown } from 'rolldown'
import { type OutputOptions as RollupOutput, rollup } from 'rollup'
import { build as buildVite8, createLogger, type InlineConfig, mergeConfig } from 'vite'
import { build as buildVite7 } from 'vite7'
import type { Configuration } from 'webpack'
import esbuildPlugin from '../../../src/esbuild.ts'
import type { HostOptions } from '../../../src/plugin/models.ts'
import rolldownPlugin from '../../../src/rolldown.ts'
import rollupPlugin from '../../../src/rollup.ts'
import rsbuildPlugin from '../../../src/rsbuild.ts'
import rspackPlugin from '../../../src/rspack.ts'
import vitePlugin from '../../../src/vite.ts'
import webpackPlugin from '../../../src/webpack.ts'
import { runWebpack, terser, webpackLoader } from '../hosts.ts'

/** A page on disk: `main.js` is its code. */
export interface WebApp {
  readonly root: string
  readonly outDir: string
  readonly options?: HostOptions
}

/** A host in one of the ways it is used for pages. Building rejects with the host's own error. */
export interface WebHost {
  readonly name: string
  /** Where the output folder must be served. */
  readonly under: string
  /** Writes `index.html` and what it needs; gives the warnings. */
  build(app: WebApp): Promise<readonly string[]>
}

/** Away from the root of a server, where a path that forgot where it is would miss. */
const deep = '/deep/down/'

export const webHosts: readonly WebHost[] = [
  withVite(8, 'base /', {}, '/'),
  withVite(8, 'base ./', { base: './', build: { assetsDir: 'static/files' } }),
  withVite(8, 'base /deep/down/', { base: '/deep/down/' }),
  withVite(8, 'renderBuiltUrl', {
    experimental: {
      renderBuiltUrl: (file, { hostType }) => (hostType === 'js' ? { relative: true } : `/deep/down/${file}`),
    },
  }),
  withVite(7, 'base ./', { base: './' }),
  withVite(7, 'base /deep/down/', { base: '/deep/down/' }),
  withRollup('es', { format: 'es', chunkFileNames: 'chunks/[name].js' }),
  withRollup('iife', { format: 'iife' }),
  withRolldown('es', { format: 'es', chunkFileNames: 'chunks/[name].js' }),
  withRolldown('iife', { format: 'iife' }),
  withEsbuild('esm with splitting', { format: 'esm', splitting: true, chunkNames: 'chunks/[name]-[hash]' }),
  withEsbuild('iife', {}),
  withEsbuild('neutral', { platform: 'neutral', assetNames: 'files/[name]-[hash]' }),
  withEsbuild('public path', { publicPath: '/deep/down', minify: true }),
  withWebpack('public path auto', { plugin: true, config: { output: { filename: 'js/main.js' } } }),
  withWebpack('public path', {
    plugin: true,
    config: {
      output: { publicPath: '/deep/down/', assetModuleFilename: 'media/[name].[contenthash:8][ext]' },
      optimization: { minimizer: [terser] },
    },
  }),
  withWebpack('esm', { plugin: true, config: { experiments: { outputModule: true }, output: { module: true } } }),
  withWebpack('loader alone', { plugin: false, config: {} }),
  withRspack('plugin', true),
  withRspack('loader alone', false),
  withRsbuild(),
]

/** One way of each host, for what has nothing to do with formats and paths. */
export const oneOfEachWeb = webHosts.filter(({ name }) =>
  /^(vite 8, base \.\/|vite 7, base \.\/|rollup, es|rolldown, es|esbuild, iife|webpack, esm|rspack, plugin|rsbuild)/.test(
    name,
  ),
)

function withVite(version: 7 | 8, name: string, config: InlineConfig, under = deep): WebHost {
  return {
    name: `vite ${version}, ${name}`,
    under,
    async build({ root, outDir, options }) {
      const warnings: string[] = []
      const warn = (message: string): void => void (isTiming(message) || warnings.push(message))
      const customLogger = { ...createLogger('silent'), warn }
      await writeFile(join(root, 'index.html'), page('/main.js', true))
      const common: InlineConfig = {
        root,
        configFile: false,
        logLevel: 'silent',
        customLogger,
        plugins: [vitePlugin({ root, ...options })],
        build: { outDir, emptyOutDir: true },
      }
      const merged = mergeConfig(common, config)
      // One plugin for both: only its type is that of one version.
      await (version === 8 ? buildVite8(merged) : buildVite7(merged as object))
      return warnings
    },
  }
}

function withRollup(name: string, output: RollupOutput): WebHost {
  return {
    name: `rollup, ${name}`,
    under: deep,
    async build({ root, outDir, options }) {
      const warnings: string[] = []
      const bundle = await rollup({
        input: join(root, 'main.js'),
        plugins: [rollupPlugin({ root, platform: 'browser', ...options })],
        onwarn: ({ message }) => warnings.push(message),
      })
      await bundle.write({ ...output, dir: outDir })
      await bundle.close()
      await writeFile(join(outDir, 'index.html'), page('main.js', output.format === 'es'))
      return warnings
    },
  }
}

function withRolldown(name: string, output: RolldownOutput): WebHost {
  return {
    name: `rolldown, ${name}`,
    under: deep,
    async build({ root, outDir, options }) {
      const warnings: string[] = []
      const bundle = await rolldown({
        input: join(root, 'main.js'),
        platform: 'browser',
        plugins: [rolldownPlugin({ root, ...options })],
        onLog: (level, { message }) => level === 'warn' && !isTiming(message) && warnings.push(message),
      })
      await bundle.write({ ...output, dir: outDir })
      await bundle.close()
      await writeFile(join(outDir, 'index.html'), page('main.js', output.format === 'es'))
      return warnings
    },
  }
}

function withEsbuild(name: string, config: EsbuildOptions): WebHost {
  return {
    name: `esbuild, ${name}`,
    under: deep,
    async build({ root, outDir, options }) {
      const { warnings } = await esbuildBuild({
        entryPoints: [join(root, 'main.js')],
        outdir: outDir,
        absWorkingDir: root,
        bundle: true,
        logLevel: 'silent',
        plugins: [esbuildPlugin({ root, ...options })],
        ...config,
      })
      await writeFile(
        join(outDir, 'index.html'),
        page('main.js', config.format === 'esm' || config.platform === 'neutral'),
      )
      return warnings.map(({ text }) => text)
    },
  }
}

function withWebpack(name: string, { plugin, config }: { plugin: boolean; config: Configuration }): WebHost {
  return {
    name: `webpack, ${name}`,
    under: deep,
    async build({ root, outDir, options }) {
      const rule = { test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: { root, ...options } } }
      const stats = await runWebpack({
        mode: 'production',
        performance: false,
        context: root,
        entry: join(root, 'main.js'),
        plugins: plugin ? [webpackPlugin({ root, ...options })] : [],
        module: { rules: plugin ? [] : [rule] },
        ...config,
        output: { ...config.output, path: outDir },
      })
      const isModule = config.output?.module ?? false
      const script = config.output?.filename ?? (isModule ? 'main.mjs' : 'main.js')
      await writeFile(join(outDir, 'index.html'), page(String(script), isModule))
      return stats.warnings?.map(({ message }) => message) ?? []
    },
  }
}

function withRspack(name: string, plugin: boolean): WebHost {
  return {
    name: `rspack, ${name}`,
    under: deep,
    async build({ root, outDir, options }) {
      const rule = { test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: { root, ...options } } }
      const config: RspackConfiguration = {
        mode: 'production',
        performance: false,
        context: root,
        entry: join(root, 'main.js'),
        output: { path: outDir },
        plugins: plugin ? [rspackPlugin({ root, ...options })] : [],
        module: { rules: plugin ? [] : [rule] },
      }
      const compiler = rspack(config)
      const stats = await new Promise<{ hasErrors(): boolean; toJson(): { warnings?: { message: string }[] } }>(
        (done, failed) => compiler.run((error, result) => (error ? failed(error) : done(result!))),
      )
      await new Promise((done) => compiler.close(done))
      if (stats.hasErrors()) throw new Error(String(stats))
      await writeFile(join(outDir, 'index.html'), page('main.js', false))
      return stats.toJson().warnings?.map(({ message }) => message) ?? []
    },
  }
}

function withRsbuild(): WebHost {
  return {
    name: 'rsbuild',
    under: deep,
    async build({ root, outDir, options }) {
      const config: RsbuildConfig = {
        logLevel: 'silent',
        source: { entry: { index: join(root, 'main.js') } },
        output: { distPath: { root: outDir }, assetPrefix: deep },
        plugins: [rsbuildPlugin({ root, ...options })],
      }
      const builder = await createRsbuild({ cwd: root, rsbuildConfig: config })
      const { stats, close } = await builder.build()
      await close()
      return stats?.toJson({ warnings: true }).warnings?.map(({ message }) => message) ?? []
    },
  }
}

/** Rolldown's advice on plugins that take most of a build, as a compiler does the first time. */
function isTiming(warning: string): boolean {
  return warning.includes('PLUGIN_TIMINGS')
}

/** Nothing of it is inline: a strict policy lets it pass. */
function page(script: string, isModule: boolean): string {
  const tag = isModule ? `<script type="module" src="${script}"></script>` : `<script defer src="${script}"></script>`
  return `<!doctype html><meta charset="utf-8"><title>test</title>${tag}`
}

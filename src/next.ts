import type { Configuration } from 'webpack'
import { createPipeline } from './pipeline/index.ts'
import { expectHostVersion, installedVersion } from './plugin/host-version.ts'
import { expectHostOptions, type HostOptions, pipelineOptions } from './plugin/models.ts'
import { prepareServerFiles, traceServerFiles } from './plugin/turbopack.ts'
import { extensions, moduleExtension, savedModelName } from './request/extensions.ts'
import webpack from './webpack.ts'

/** What of a Next.js configuration models have to do with. */
interface NextConfig {
  readonly turbopack?: { readonly rules?: object }
  readonly compiler?: { runAfterProductionCompile?(built: Built): Promise<void> }
  webpack?(config: Configuration, context: NextBuild): Configuration
}

/** Where Next.js has compiled an application. */
interface Built {
  readonly projectDir: string
  readonly distDir: string
}

/** What Next.js tells of the webpack build that it configures: one for the browser, one for Node, one for its edge runtime. */
interface NextBuild {
  /** Of servers. */
  readonly nextRuntime?: 'nodejs' | 'edge'
}

/**
 * Adds models to the configuration of Next.js, of either bundler: `export default onnx({ …yours })` in next.config. Code for
 * browsers gets WebAssembly, server code native libraries, code of the edge runtime WebAssembly as an imported module.
 *
 * @param options of the plugin. With Turbopack they travel as JSON: no `operators`, `pipeline`, `signal`
 */
function next<Config extends object>(config: Config, options: HostOptions = {}): Config {
  expectHostOptions(options)
  expectHostVersion('Next.js', installedVersion('next'))
  const { turbopack, compiler, webpack: configure }: NextConfig = config
  const folder = prepareServerFiles(process.cwd())
  const plain = JSON.parse(JSON.stringify({ ...options, pipeline: undefined, signal: undefined, folder })) as object
  const rule = (condition: unknown, more: object = {}): object => ({
    condition,
    loaders: [{ loader: 'unplugin-onnx-mlir/loader', options: { ...plain, ...more } }],
    // Not `*.js`: that is CommonJS in packages that don't say otherwise.
    as: '*.mjs',
  })
  const ours = [rule({ not: 'edge-light' }), rule('edge-light', { platform: 'edge' })]
  const shared: HostOptions = { pipeline: createPipeline(pipelineOptions(options)), ...options }
  const changed: NextConfig = {
    turbopack: {
      ...turbopack,
      rules: {
        ...Object.fromEntries([...extensions, moduleExtension].map((extension) => [`*.${extension}`, ours])),
        [savedModelName]: ours,
        ...turbopack?.rules,
      },
    },
    compiler: {
      ...compiler,
      async runAfterProductionCompile(built) {
        await compiler?.runAfterProductionCompile?.(built)
        await traceServerFiles(built.projectDir, built.distDir)
      },
    },
    webpack(given, build) {
      const { plugins = [], ...configured } = configure?.(given, build) ?? given
      // Declarations are the same for all three builds, which run at a time.
      const types = build.nextRuntime === 'nodejs' && shared.types
      const platform = build.nextRuntime === undefined ? 'browser' : undefined
      return { ...configured, plugins: [...plugins, webpack({ platform, ...shared, types })] }
    },
  }
  return { ...config, ...changed }
}

export default next
export { next as 'module.exports' }

import { createRequire } from 'node:module'
import { createUnplugin } from 'unplugin'
import type { WebpackPluginInstance } from 'webpack'
import { onnxPlugin } from './plugin/index.ts'
import type { HostOptions } from './plugin/models.ts'
import { expectWebpackVersion, provideModels } from './plugin/webpack-loader.ts'
import { filters } from './request/extensions.ts'
import { canonicalIfRight, isModelId, isModelQuery, isModuleQuery } from './request/request.ts'

/** Plugin for webpack 5: has the loader make the modules of all models, and shares one pipeline among them. */
const webpack: (options?: HostOptions) => WebpackPluginInstance = createUnplugin(
  onnxPlugin(({ models, options, types }) => ({
    webpack(compiler) {
      expectWebpackVersion(compiler)
      types.folder = compiler.context
      const rule = {
        type: 'javascript/auto',
        // The options are here for webpack's cache: other options are another module.
        use: { loader, options: JSON.parse(JSON.stringify({ ...options, pipeline: undefined, signal: undefined })) },
      } as const
      compiler.options.module.rules.unshift(
        { test: filters.path, resourceQuery: isModelQuery, ...rule },
        { test: filters.module, resourceQuery: isModuleQuery, ...rule },
      )
      // One request is one module, however it is written. Not in Rspack, whose own code would wait for this at every import of
      // every module: 10 to 70 µs each, for what has one file in any case.
      if (!('rspackVersion' in compiler.webpack))
        compiler.hooks.normalModuleFactory.tap('onnx-mlir', ({ hooks }) => {
          hooks.beforeResolve.tap('onnx-mlir', (data) => {
            data.request = canonicalRequest(data.request)
          })
        })
      compiler.hooks.compilation.tap('onnx-mlir', (compilation) => {
        const { loader } = compiler.webpack.NormalModule.getCompilationHooks(compilation)
        loader.tap('onnx-mlir', (context) => provideModels(context, models))
      })
    },
  })),
).webpack

function canonicalRequest(request: string): string {
  // With loaders of its own, it is theirs.
  const isOurs = request.includes('?') && !request.includes('!') && isModelId(request)
  return isOurs ? canonicalIfRight(request) : request
}

const loader = createRequire(import.meta.url).resolve('unplugin-onnx-mlir/loader')

export default webpack
export { webpack as 'module.exports' }

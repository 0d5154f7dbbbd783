import { dirname } from 'node:path'
import type { PartialMessage, Plugin } from 'esbuild'
import { createUnplugin } from 'unplugin'
import { fileEmitter } from './plugin/esbuild-files.ts'
import { onnxPlugin } from './plugin/index.ts'
import { browserStub, type HostOptions } from './plugin/models.ts'
import { canonicalId, isModelId } from './request/request.ts'

/** Plugin for esbuild. Browser code, which is what esbuild takes for granted without `platform`, gets a stub. */
const esbuild: (options?: HostOptions) => Plugin = createUnplugin(
  onnxPlugin(({ models, types }) => ({
    esbuild: {
      setup(build) {
        const { platform = 'browser', logLevel = 'warning', absWorkingDir } = build.initialOptions
        if (absWorkingDir) types.folder = absWorkingDir
        const isTalkative = ['info', 'debug', 'verbose'].includes(logLevel)
        const placeFor = fileEmitter(build)

        build.onLoad({ filter: /\.onnx$/i, namespace: 'file' }, async ({ path, suffix }) => {
          if (!isModelId(path + suffix)) return undefined
          const watchFiles: string[] = []
          const warnings: PartialMessage[] = []
          try {
            const id = canonicalId(path + suffix)
            const contents =
              platform === 'browser'
                ? browserStub(id)
                : await models.load(id, {
                    mode: 'build',
                    watch: (file) => watchFiles.push(file),
                    log: (line) => isTalkative && console.info(line),
                    warn: (text) => warnings.push({ text, location: { file: path } }),
                    place: placeFor(id),
                  })
            return { contents, loader: 'js', resolveDir: dirname(path), watchFiles, warnings }
          } catch (error) {
            const text = error instanceof Error ? error.message : String(error)
            return { errors: [{ text, location: { file: path }, detail: error }], watchFiles }
          }
        })
      },
    },
  })),
).esbuild

export default esbuild
export { esbuild as 'module.exports' }

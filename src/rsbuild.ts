import type { RsbuildPlugin } from '@rsbuild/core'
import { expectHostVersion } from './plugin/host-version.ts'
import type { HostOptions } from './plugin/models.ts'
import rspack from './rspack.ts'

/** Plugin for Rsbuild: one for all of its environments, each of which is a build of Rspack. */
const rsbuild = (options?: HostOptions): RsbuildPlugin => ({
  name: 'onnx-mlir',
  setup(api) {
    expectHostVersion('Rsbuild', api.context.version)
    const plugin = rspack(options)
    api.modifyRspackConfig((_config, { appendPlugins }) => appendPlugins(plugin))
  },
})

export default rsbuild
export { rsbuild as 'module.exports' }

import type { RspackPluginInstance } from '@rspack/core'
import type { HostOptions } from './plugin/models.ts'
import webpack from './webpack.ts'

/** Plugin for Rspack, which runs webpack's as it is; only the types are its own. */
const rspack = webpack as unknown as (options?: HostOptions) => RspackPluginInstance

export default rspack
export { rspack as 'module.exports' }

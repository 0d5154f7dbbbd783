import type { UnpluginFactory, UnpluginOptions } from 'unplugin'
import { createModels, type HostOptions, type Models } from './models.ts'
import { createTypeLayer, type TypeLayer } from './types.ts'

/** What a host's own part of the plugin works with. */
export interface Plugin {
  readonly options: HostOptions
  readonly models: Models
  readonly types: TypeLayer
}

/** Completes a host's own part with what all hosts do: a start of any kind brings the models' declarations up to date. */
export function onnxPlugin(
  hostPart: (plugin: Plugin) => Partial<UnpluginOptions>,
): UnpluginFactory<HostOptions | undefined, false> {
  return (options = {}) => {
    const types = createTypeLayer(options)
    return {
      name: 'onnx-mlir',
      enforce: 'pre',
      async buildStart() {
        await types.update(warningsOf(this))
      },
      ...hostPart({ options, models: createModels(options), types }),
    }
  }
}

/** Rollup, Rolldown and Vite take warnings at the start of a build; for others unplugin has no way to hand them over. */
function warningsOf(context: object): (line: string) => void {
  const warn: unknown = Reflect.get(context, 'warn')
  return typeof warn === 'function' ? (line) => warn.call(context, line) : (line) => console.warn(`[onnx-mlir] ${line}`)
}

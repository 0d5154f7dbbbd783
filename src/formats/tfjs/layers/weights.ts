import type { Tensor } from '../../../onnx/model.ts'
import { quote } from '../../../onnx/reading.ts'
import type { Builder } from '../builder.ts'
import { type Shape, shown, type Value } from '../value.ts'

/**
 * Finds weights of layers by name. Writers name them `layer/kernel`, `layer/cell/kernel`, `model/layer/kernel`, and those of
 * Keras 3 `layers/layer/vars/0`; those of a layer in a wrapper may have the name of either (tfjs-layers
 * engine/container.ts, `loadWeights`).
 */
export class LayerWeights {
  private readonly values = new Map<string, Value>()
  private readonly names: readonly {
    readonly name: string
    readonly folders: readonly string[]
    readonly last: string
  }[]
  private readonly tensors: ReadonlyMap<string, Tensor>

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.tensors = tensors
    this.names = Array.from(tensors.keys(), (name) => {
      const parts = name.replace(/:0$/, '').split('/')
      return { name, folders: parts.slice(0, -1), last: parts.at(-1)! }
    })
  }

  /**
   * @param scope names of the layers that the weight is in, the outermost first
   * @param index place among the layer's weights
   * @param shape what is expected; `undefined` for any size
   * @throws ModelError `MODEL_TENSOR` where it is missing, of another shape, or one of several
   */
  find(b: Builder, scope: readonly string[], name: string, index: number, shape: Shape): Value {
    const found = this.candidates(scope, name, index)
    const [first] = found
    if (!first) {
      return b.site.fail(
        'MODEL_TENSOR',
        `has no weight ${quote(name)} in the manifest. Save the model again, with its weights.`,
        { weight: name },
      )
    }
    if (found.length > 1)
      b.site.fail('MODEL_TENSOR', `may have any of the weights ${found.map(quote).join(', ')} as ${quote(name)}. Give its layers names of their own.`) // prettier-ignore
    const value = this.values.get(first) ?? b.constant(this.tensors.get(first)!)
    this.values.set(first, value)
    const fits = value.shape!.length === shape.length && shape.every((size, axis) => size === undefined || size === value.shape![axis]) // prettier-ignore
    if (!fits || value.type !== 'float32')
      b.site.fail('MODEL_TENSOR', `needs a weight ${quote(name)} of type float32 and shape ${shown(shape)}, and is given ${quote(first)} of type ${value.type} and shape ${shown(value.shape)}. Save the model again.`) // prettier-ignore
    return value
  }

  /** Weights that no layer took: of another model, or of a layer that was taken for another. @throws ModelError `MODEL_TENSOR` */
  expectAllTaken(b: Builder): void {
    // Where random numbers of training go on is no weight.
    const left = [...this.tensors.keys()].filter((name) => !this.values.has(name) && !name.includes('seed_generator'))
    if (left.length > 0) b.site.fail('MODEL_TENSOR', `has weights that no layer takes: ${left.slice(0, 10).map(quote).join(', ')}. Save it again.`) // prettier-ignore
  }

  /**
   * Those in the layer; of these the ones in as many of the layers around it as possible, then the least deep. A layer in a
   * wrapper may have left its weights to that.
   */
  private candidates(scope: readonly string[], name: string, index: number): string[] {
    for (const layer of scope.toReversed()) {
      const isOuter = layer !== scope.at(-1)
      const inLayer = this.names.filter(
        ({ folders, last }) =>
          (isOuter ? folders.at(-1) === layer : folders.includes(layer)) &&
          (last === name || (last === String(index) && folders.at(-1) === 'vars')),
      )
      if (inLayer.length === 0) continue
      const places = inLayer.map((entry) => {
        const within = scope.filter((part) => entry.folders.includes(part)).length
        return { ...entry, rank: 1000 * within - entry.folders.length }
      })
      const best = Math.max(...places.map(({ rank }) => rank))
      return places.filter(({ rank }) => rank === best).map(({ name: full }) => full)
    }
    return []
  }
}

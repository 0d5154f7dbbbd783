import type { Tensor } from '../../../onnx/model.ts'
import { quote } from '../../../onnx/reading.ts'
import type { Builder } from '../builder.ts'
import { type Shape, shown, type Value } from '../value.ts'

/** A weight: its name, the last part of that, and what is before: `/layer/cell/`, two folders deep. */
interface Entry {
  readonly name: string
  readonly last: string
  readonly path: string
  readonly depth: number
}

/**
 * Finds weights of layers by name. Writers name them `layer/kernel`, `layer/cell/kernel`, `model/layer/kernel`, and those of
 * Keras 3 `layers/layer/vars/0`; those of a layer in a wrapper may have the name of either (tfjs-layers
 * engine/container.ts, `loadWeights`). A layer's name may have slashes itself (`conv1/bn` of DenseNet).
 */
export class LayerWeights {
  private readonly values = new Map<string, Value>()
  /** By each folder that it is in. */
  private readonly entries = new Map<string, Entry[]>()
  private readonly tensors: ReadonlyMap<string, Tensor>

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.tensors = tensors
    for (const name of tensors.keys()) {
      const folders = name.replace(/:0$/, '').split('/')
      const last = folders.pop()!
      const entry = { name, last, path: `/${folders.join('/')}/`, depth: folders.length }
      for (const folder of new Set(folders)) {
        const inFolder = this.entries.get(folder)
        if (inFolder) inFolder.push(entry)
        else this.entries.set(folder, [entry])
      }
    }
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
      const inLayer = (this.entries.get(layer.split('/').at(-1)!) ?? []).filter(
        ({ path, last }) =>
          (isOuter ? path.endsWith(`/${layer}/`) : path.includes(`/${layer}/`)) &&
          (last === name || (last === String(index) && path.endsWith('/vars/'))),
      )
      if (inLayer.length === 0) continue
      const places = inLayer.map((entry) => {
        const within = scope.filter((part) => entry.path.includes(`/${part}/`)).length
        return { ...entry, rank: 1000 * within - entry.depth }
      })
      const best = Math.max(...places.map(({ rank }) => rank))
      return places.filter(({ rank }) => rank === best).map(({ name: full }) => full)
    }
    return []
  }
}

import { quote } from '../../../onnx/reading.ts'
import { activations } from '../ops/activations.ts'
import type { Builder } from '../builder.ts'
import type { Json } from '../json.ts'
import type { Shape, Value } from '../value.ts'
import type { LayerWeights } from './weights.ts'

/** One call of a layer. */
export class LayerCall {
  readonly b: Builder
  readonly kind: string
  readonly config: Json
  readonly inputs: readonly Value[]
  /** Names of the layers that it is in, and its own. */
  readonly scope: readonly string[]
  readonly weights: LayerWeights

  constructor(
    b: Builder,
    weights: LayerWeights,
    of: {
      readonly kind: string
      readonly config: Json
      readonly inputs: readonly Value[]
      readonly scope: readonly string[]
    },
  ) {
    this.b = b
    this.weights = weights
    this.kind = of.kind
    this.config = of.config
    this.inputs = of.inputs
    this.scope = of.scope
  }

  /** The same layer of weights for another one, as wrappers have it. */
  inner(kind: string, name: string, config: Json, inputs: readonly Value[]): LayerCall {
    return new LayerCall(this.b, this.weights, { kind, config, inputs, scope: [...this.scope, name] })
  }

  /** Its only input. */
  get x(): Value {
    const [x] = this.inputs
    return x && this.inputs.length === 1 ? x : this.b.wrong(`takes one tensor, and is given ${this.inputs.length}`)
  }

  weight(name: string, index: number, shape: Shape): Value {
    return this.weights.find(this.b, this.scope, name, index, shape)
  }

  /** The bias, where the layer has one. */
  bias(index: number, size: number): Value | undefined {
    return this.config.at('use_bias').truth(true) ? this.weight('bias', index, [size]) : undefined
  }

  /** Applies the activation that the layer has built in. */
  activated(x: Value, key = 'activation'): Value {
    return activationOf(this.b, this.config.at(key))(this.b, x)
  }

  /** What is refused where it is asked for. */
  refuseUnless(isRight: boolean, what: string): void {
    if (!isRight) this.b.fail(`has ${what}`)
  }

  /** Sizes, strides and the like as a list, one number being for all axes. */
  sizes(key: string, count: number, fallback?: number): number[] {
    return this.config.at(key).integers(count, fallback)
  }

  expectChannelsLast(): void {
    const format = this.config.at('data_format').text('channels_last')
    this.refuseUnless(format !== 'channels_first' && format !== 'channelsFirst', 'its channels first')
  }
}

/** What converts a call of a layer. */
export type Layer = (call: LayerCall) => Value | Value[]
export type Layers = Readonly<Record<string, Layer>>

/** An activation by name, or as an object of the class `Activation`. */
export function activationName(config: Json): string {
  if (!config.isThere) return 'linear'
  return typeof config.value === 'string' ? config.text() : config.oneOf('config', 'class_name').text()
}

export function activationOf(b: Builder, config: Json) {
  const name = activationName(config)
  return (Object.hasOwn(activations, name) ? activations[name] : undefined) ?? b.fail(`has activation ${quote(name)}`)
}

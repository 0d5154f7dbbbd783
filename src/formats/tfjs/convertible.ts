import type { ElementType } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import type { Builder } from './builder.ts'
import type { Shape, Value } from './value.ts'

export interface Named {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
}

/** A model whose inputs are known and whose operators are all there, before its weights are read. */
export interface Convertible {
  readonly inputs: readonly Named[]
  /** Names of the results, in the order in which `write` gives them. */
  readonly outputs: readonly string[]
  write(b: Builder, inputs: readonly Value[], weights: ReadonlyMap<string, Tensor>): Value[]
}

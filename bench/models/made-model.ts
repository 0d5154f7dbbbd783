import type { ModelSource } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'

/** Inputs by name. */
export type InputSet = Readonly<Record<string, Tensor>>

/** A model and what it is measured on. */
export interface MadeModel {
  readonly source: ModelSource
  /**
   * Sets of inputs by what is added to the model's name, `''` for the usual ones: the first set is timed, results are
   * compared on all of them.
   */
  readonly workloads: Readonly<Record<string, readonly InputSet[]>>
  /** Of what is quantised: a step of the outputs, which the last bit of a sum in another order can make of a half. */
  readonly step?: number
}

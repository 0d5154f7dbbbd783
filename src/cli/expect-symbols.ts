import type { UsageError } from '../errors/index.ts'
import { sizeNames } from '../graph/given-sizes.ts'
import type { Model } from '../onnx/model.ts'
import { expectNames, type Sizes } from './dims.ts'

/** Whether all sizes are what a model can be compiled for. @throws UsageError as `expectDims` */
export function expectSymbols(sizes: Sizes, model: Model, usage: (problem: string) => UsageError): void {
  expectNames(sizes, sizeNames(model, new Map(Object.entries(sizes))), usage)
}

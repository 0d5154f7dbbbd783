import { disposeKey } from './dispose-keys.ts'
import type { Elements } from './element-types.ts'
import type { BoundModel } from './model.ts'
import { problem } from './problem.ts'
import { quote, shorten } from './shorten.ts'
import { isTensor, type NamedModel, type SignatureEntry, type TensorEntry } from './signature.ts'
import type { Tensor, TypedArray } from './tensor.ts'

/** Whether a model can't have fixed buffers because of this. */
export function isUnbindable(entry: SignatureEntry): boolean {
  return !isTensor(entry) || entry.type === 'string' || entry.shape.some((dim) => typeof dim !== 'number')
}

/** @throws TypeError for a model that can't have fixed buffers */
export function expectBindable({ name, inputs, outputs }: NamedModel): void {
  const entry = [...inputs, ...outputs].find(isUnbindable)
  if (entry === undefined) return
  const shape = isTensor(entry) ? ` [${entry.shape.map((dim) => shorten(String(dim ?? '?'))).join(', ')}]` : ''
  throw new TypeError(
    `${name}: bind() needs static shapes and no strings, but ${quote(entry.name)} is ${entry.type}${shape}`,
  )
}

/** Buffers and their run as what `bind` gives: with an end. */
export function withEnd(bound: Pick<BoundModel, 'inputs' | 'outputs' | 'run'>, end: () => void): BoundModel {
  return { ...bound, dispose: end, [disposeKey]: end }
}

/** Type and dimensions of a bound tensor. */
export function boundPort(entry: SignatureEntry): Pick<Tensor, 'type' | 'dims'> {
  const { type, shape } = entry as TensorEntry
  return { type, dims: Object.freeze(shape.map(Number)) }
}

/**
 * Looks at what has to be looked at before each bound run, as compiled code relies on the types of elements.
 *
 * @throws RangeError
 */
export function checkBound(model: string, name: string, { expect, type }: Elements, data: Tensor['data']): void {
  expect?.(data as TypedArray, (why) => problem({ model, name }, type, why, RangeError))
}

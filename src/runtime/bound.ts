import { checkNarrow, ElementError, isNarrow } from './elements.ts'
import { quote, shorten } from './shorten.ts'
import { crossingOf, isTensor, type Signature, type SignatureEntry } from './signature.ts'
import type { Tensor, TypedArray } from './tensor.ts'

/** @throws TypeError for a model that can't have fixed buffers */
export function expectBindable(model: string, { inputs, outputs }: Signature): void {
  for (const entry of [...inputs, ...outputs]) {
    const isFixed = isTensor(entry) && entry.shape.every((dim) => typeof dim === 'number')
    if (isFixed && entry.type !== 'string') continue
    const shape = isTensor(entry) ? ` [${entry.shape.map((dim) => shorten(String(dim ?? '?'))).join(', ')}]` : ''
    throw new TypeError(
      `${model}: bind() needs static shapes and no strings, but ${quote(entry.name)} is ${entry.type}${shape}`,
    )
  }
}

/** Type and dimensions of a bound tensor. */
export function boundPort(entry: SignatureEntry): Pick<Tensor, 'type' | 'dims'> {
  const { type, shape } = crossingOf(entry) as { type: Tensor['type']; shape: readonly number[] }
  return { type, dims: Object.freeze([...shape]) }
}

/**
 * What has to be looked at before each bound run, as compiled code relies on the types of elements. `undefined`: nothing.
 *
 * @param inputs by name
 * @returns a function that throws a RangeError
 */
export function narrowCheck(model: string, inputs: Readonly<Record<string, Tensor>>): (() => void) | undefined {
  const narrow = Object.entries(inputs).filter(([, { type }]) => isNarrow(type))
  if (narrow.length === 0) return undefined
  return () => {
    for (const [name, { type, data }] of narrow) {
      try {
        checkNarrow(type, data as TypedArray)
      } catch (error) {
        if (!(error instanceof ElementError)) throw error
        throw new RangeError(`${model}: input ${quote(name)}: ${error.message}`)
      }
    }
  }
}

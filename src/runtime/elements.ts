import type { Elements, Wrong } from './element-types.ts'
import type { TypedArray } from './tensor.ts'
import { kindOf } from './typed-array.ts'

/**
 * The elements of an input in the container that their type has, or `undefined` when they are of another kind. A typed array
 * is taken as it is. Of plain arrays everything is read once, into an array of our own: there may be getters and proxies
 * behind them, which answer differently the next time.
 *
 * @throws what `wrong` makes of the element that the type can't hold; and what a getter throws
 */
export function takeElements(
  { array, kind, alias, entryOf }: Elements,
  data: unknown,
  wrong: Wrong,
): TypedArray | readonly string[] | undefined {
  const given = kindOf(data)
  if (given !== undefined) return given === kind || given === alias ? (data as TypedArray) : undefined
  if (!Array.isArray(data) || entryOf === undefined) return undefined
  const count = data.length
  let result: unknown[]
  try {
    result = array === undefined ? [] : (new array(count) as unknown as unknown[])
  } catch {
    throw wrong(`given ${count} elements, for which there is no memory`)
  }
  let index = 0
  const refuse = (why: string): never => {
    throw wrong(`element ${index} ${why}`)
  }
  for (; index < count; index++) {
    const entry = entryOf(data[index], refuse)
    if (entry === undefined) return undefined
    result[index] = entry
  }
  return result as unknown as TypedArray | string[]
}

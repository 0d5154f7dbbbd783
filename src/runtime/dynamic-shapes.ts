import { describe } from './describe.ts'
import { LastShapes } from './last-shapes.ts'
import { quote, shorten } from './shorten.ts'
import { type DynamicShapes, type Symbols, type TensorPort, wrongTensor } from './tensor-input.ts'

/** Dimensions of an input that came without them: at most one may be unknown, and the length gives that one. */
function infer(port: TensorPort, length: number, symbols: Symbols, given: unknown): readonly number[] {
  if (port.shape === null)
    throw wrongTensor(port, `given ${describe(given)}: it says nothing of its rank; give { data, dims }`, TypeError)
  const dims: number[] = []
  let known = port.elements.lanes
  let unknown = 0
  let unknownAxis = 0
  for (const dim of port.shape) {
    const value = typeof dim === 'string' ? symbols.get(dim)?.value : dim
    if (value == null) {
      unknown++
      unknownAxis = dims.length
    } else known *= value
    dims.push(value ?? 0)
  }
  if (unknown > 1) {
    const wanted = `which has ${unknown} unknown dimensions: give { data, dims }`
    throw wrongTensor(port, `${wanted} instead of ${describe(given)}`, TypeError)
  }
  if (unknown === 0) return dims
  dims[unknownAxis] = length / known
  if (Number.isSafeInteger(dims[unknownAxis])) return dims
  throw wrongTensor(port, `so a multiple of ${known} elements, given ${describe(given)}`)
}

/** Dimensions of one symbol are equal in all inputs. */
function agree(port: TensorPort, dims: readonly number[], symbols: Symbols): void {
  for (let axis = 0; axis < dims.length; axis++) {
    const symbol = port.shape?.[axis]
    if (typeof symbol !== 'string') continue
    const value = dims[axis]!
    const bound = symbols.get(symbol)
    if (bound === undefined) symbols.set(symbol, { value, input: port.name })
    else if (bound.value !== value)
      throw wrongTensor(
        port,
        `given dims [${dims.join(', ')}], but ${shorten(symbol)} is ${bound.value} in input ${quote(bound.input)}`,
      )
  }
}

/**
 * Inputs with the fewest dynamic dimensions first, as they tell the symbols of the others; and before all those that state
 * their dimensions in the call.
 */
const order: DynamicShapes['order'] = (ports) => {
  const unknown = ports.map(({ tensor }) => tensor?.shape?.filter((dim) => typeof dim !== 'number').length ?? 0)
  const sorted = [...unknown.keys()].sort((a, b) => unknown[a]! - unknown[b]!)
  return (taken) => {
    const isOpen = (at: number): boolean => taken[at]!.dims === undefined
    return sorted.every(isOpen) ? sorted : [...sorted.filter((at) => !isOpen(at)), ...sorted.filter(isOpen)]
  }
}

/** What models need of which inputs have dimensions that only a call knows. */
export const dynamicShapes: DynamicShapes = { infer, agree, order, newLast: () => new LastShapes() }

import { describe } from './describe.ts'
import { type CheckedList, type InputParts, type InputPort, type TakenList, tensorInput } from './input-port.ts'
import { type Place, problem } from './problem.ts'
import { type Crossing, crossingOf, type MapType, type SignatureEntry } from './signature.ts'
import {
  settleTensor,
  type Symbols,
  takeTensor,
  type TakenTensor,
  tensorPort,
  type TensorPort,
} from './tensor-input.ts'

type ListCrossing = Extract<Crossing, { kind: 'list' }>

/**
 * An input that may be a sequence, optional or map: read once, and then checked.
 *
 * @throws TypeError, RangeError naming the input, and the element of it that does not fit
 */
export function collectionInput(model: string, entry: SignatureEntry, parts: InputParts): InputPort {
  const { name } = entry
  const crossing = crossingOf(entry)
  if (crossing.kind === 'tensor') return tensorInput(model, { name, ...crossing }, parts)
  const place = { model, name }
  return crossing.kind === 'map' ? mapInput(place, crossing.map, parts) : listInput(place, crossing, parts)
}

function listInput(
  place: Place,
  { isOptional, holds, element: { type, shape } }: ListCrossing,
  { elements, dynamic }: InputParts,
): InputPort {
  const part = tensorPort(place, elements[type]!, shape)
  const partAt = (element: number): TensorPort => (holds === 'sequence' ? { ...part, element } : part)
  const missing = (): Error => problem(place, 'a sequence', 'given nothing', TypeError)

  function take(value: unknown): TakenList {
    if (value === undefined || value === null) {
      if (isOptional) return { given: false, items: [] }
      throw missing()
    }
    if (holds === 'tensor') return { given: true, items: [takeTensor(part, value)] }
    if (!Array.isArray(value))
      throw problem(place, `an array of ${type} tensors`, `given ${describe(value)}`, TypeError)
    const items: TakenTensor[] = []
    const count = value.length
    for (let element = 0; element < count; element++)
      items.push(takeTensor(partAt(element), (value as readonly unknown[])[element]))
    return { given: true, items }
  }

  function settle({ given, items }: TakenList): CheckedList {
    const symbols: Symbols = new Map()
    return { given, items: items.map((item, i) => settleTensor(partAt(i), item, symbols, dynamic)) }
  }

  return { name: place.name, isOptional, take, settle: (taken) => settle(taken as TakenList), missing }
}

/** Keys in ascending order where they are integers. */
function mapInput(place: Place, { keys, values }: MapType, { elements, dynamic }: InputParts): InputPort {
  const ports = [keys, values].map((type) => tensorPort(place, elements[type]!, [null]))
  const wanted = `a Map or an object of ${values} by ${keys}`
  const wrong = (given: string): Error => problem(place, wanted, given, TypeError)

  function take(value: unknown): TakenList {
    if (typeof value !== 'object' || value === null || !(isMap(value) || isRecord(value)))
      throw wrong(`given ${describe(value)}`)
    const entries = isMap(value) ? [...Map.prototype.entries.call(value)] : Object.entries(value)
    const read = entries.map(([key, item]) => ({ key: keys === 'string' ? key : integerOf(key), item }))
    const odd = read.findIndex(({ key }) => typeof key !== (keys === 'string' ? 'string' : 'bigint'))
    if (odd >= 0) throw wrong(`given the key ${describe(entries[odd]![0])}`)
    if (keys === 'int64') read.sort((a, b) => ((a.key as bigint) < (b.key as bigint) ? -1 : 1))
    const twice = read.find(({ key }, i) => i > 0 && read[i - 1]!.key === key)
    if (twice) throw wrong(`given the key ${describe(twice.key)} twice`)
    const columns = [read.map(({ key }) => key), read.map(({ item }) => item)]
    return { given: true, items: ports.map((port, i) => takeTensor(port, columns[i])) }
  }

  function settle({ given, items }: TakenList): CheckedList {
    return { given, items: items.map((item, i) => settleTensor(ports[i]!, item, new Map(), dynamic)) }
  }

  return {
    name: place.name,
    take,
    settle: (taken) => settle(taken as TakenList),
    missing: () => wrong('given nothing'),
  }
}

/** Also of another realm; not what only says that it is one, whose entries are nowhere. */
function isMap(value: object): value is Map<unknown, unknown> {
  try {
    Map.prototype.has.call(value, undefined)
    return true
  } catch {
    return false
  }
}

/** Not a Promise, Set or Date: what they hold is not in their keys, and an empty map would be taken for it. */
function isRecord(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** A key as an integer: also the text that stands for one, as keys of objects are text. */
function integerOf(key: unknown): unknown {
  if (typeof key === 'number' && Number.isSafeInteger(key)) return BigInt(key)
  return typeof key === 'string' && /^-?\d{1,19}$/.test(key) ? BigInt(key) : key
}

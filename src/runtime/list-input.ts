import { describe } from './describe.ts'
import type { Crossing, MapType } from './signature.ts'
import {
  type CheckedTensor,
  type Symbols,
  type TakenTensor,
  type TensorChecker,
  tensorPort,
  type TensorPort,
} from './tensor-input.ts'

/** A sequence, optional or map that fits the signature: its tensors; of a map the keys, then the values. */
export interface CheckedList {
  readonly given: boolean
  readonly items: readonly CheckedTensor[]
}

/** The same as it was read, before it is known to fit. */
export interface TakenList {
  readonly given: boolean
  readonly items: readonly TakenTensor[]
}

/** An input that is no tensor. */
export interface ListPort {
  readonly name: string
  readonly crossing: Exclude<Crossing, { kind: 'tensor' }>
  /** Of what it holds, in the order in which it crosses; of a sequence any number of the first. */
  readonly parts: readonly TensorPort[]
}

export function listPort(name: string, crossing: ListPort['crossing']): ListPort {
  if (crossing.kind === 'list') return { name, crossing, parts: [tensorPort({ name, ...crossing.element })] }
  const { keys, values } = crossing.map
  return { name, crossing, parts: [keys, values].map((type) => tensorPort({ name, type, shape: [null] })) }
}

/** Whether a call may leave an input out. */
export function isOptional({ crossing }: ListPort): boolean {
  return crossing.kind === 'list' && crossing.isOptional
}

/**
 * Reads what is no tensor, once.
 *
 * @throws TypeError, RangeError naming the input, and the element of it that does not fit
 */
export function takeList(checker: TensorChecker, port: ListPort, value: unknown): TakenList {
  const { crossing, parts } = port
  const [part] = parts
  if (crossing.kind === 'map') return takeMap(checker, port, crossing.map, value)
  if (value === undefined || value === null) {
    if (crossing.isOptional) return { given: false, items: [] }
    throw checker.problem(TypeError, port.name, 'a sequence', 'given nothing')
  }
  if (crossing.holds === 'tensor') return { given: true, items: [checker.take(part!, value)] }
  if (!Array.isArray(value))
    throw checker.problem(TypeError, port.name, `an array of ${part!.type} tensors`, `given ${describe(value)}`)
  const items: TakenTensor[] = []
  const count = value.length
  for (let element = 0; element < count; element++)
    items.push(checker.take({ ...part!, element }, (value as readonly unknown[])[element]))
  return { given: true, items }
}

export function settleList(checker: TensorChecker, port: ListPort, { given, items }: TakenList): CheckedList {
  const symbols: Symbols = new Map()
  const isSequence = port.crossing.kind === 'list' && port.crossing.holds === 'sequence'
  const partOf = (element: number): TensorPort => (isSequence ? { ...port.parts[0]!, element } : port.parts[element]!)
  return { given, items: items.map((item, i) => checker.settle(partOf(i), item, symbols)) }
}

/** Keys in ascending order where they are integers. */
function takeMap(checker: TensorChecker, port: ListPort, map: MapType, value: unknown): TakenList {
  const wanted = `a Map or an object of ${map.values} by ${map.keys}`
  const problem = (given: string): Error => checker.problem(TypeError, port.name, wanted, given)
  if (typeof value !== 'object' || value === null || !(isMap(value) || isRecord(value)))
    throw problem(`given ${describe(value)}`)
  const entries = isMap(value) ? [...Map.prototype.entries.call(value)] : Object.entries(value)
  const read = entries.map(([key, item]) => ({ key: map.keys === 'string' ? key : integerOf(key), item }))
  const wrong = read.findIndex(({ key }) => typeof key !== (map.keys === 'string' ? 'string' : 'bigint'))
  if (wrong >= 0) throw problem(`given the key ${describe(entries[wrong]![0])}`)
  if (map.keys === 'int64') read.sort((a, b) => ((a.key as bigint) < (b.key as bigint) ? -1 : 1))
  const twice = read.find(({ key }, i) => i > 0 && read[i - 1]!.key === key)
  if (twice) throw problem(`given the key ${describe(twice.key)} twice`)
  const [keys, values] = port.parts
  const items = [
    checker.take(
      keys!,
      read.map(({ key }) => key),
    ),
    checker.take(
      values!,
      read.map(({ item }) => item),
    ),
  ]
  return { given: true, items }
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

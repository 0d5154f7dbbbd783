import { type ElementType, elementTypes } from '../onnx/element-type.ts'
import { ceilDivide, type Dim, multiply } from './dim.ts'
import type { Node } from './graph.ts'

/**
 * What an operator demands of its inputs: how many there are, their element types and ranks, and which dimensions must
 * agree. Declared beside the shape rule and enforced in one place (`demandsOf`), at compile time as far as sizes are
 * known and otherwise by a check that runs, so that shape rules, folding and kernels may rely on it.
 */
export interface Rules {
  readonly inputs: readonly InputRule[]
  /** What depends on attributes or ranks. Called when the rest is known to hold. */
  readonly agree?: (node: Node) => readonly Agreement[]
}

export interface InputRule {
  /** ONNX's name of the input, for messages. */
  readonly name: string
  /** `repeated`: the last input, which may be given any number of times. */
  readonly presence: 'required' | 'optional' | 'repeated'
  /** Of a repeated input: it must be given once (`+`). */
  readonly atLeastOnce?: boolean
  /** `value`: whatever is no map. */
  readonly kind: 'tensor' | 'sequence' | 'optional' | 'map' | 'value' | 'anything'
  readonly types: ReadonlySet<ElementType>
  /** Inputs with the same type variable are of the same element type. */
  readonly variable?: string
  /** `undefined`: any shape. */
  readonly shape?: ShapeRule
}

/** `single`: one element, of rank 0 or 1. `list`: of rank 1, or 0 where there is one entry. */
export type ShapeRule = 'single' | 'list' | readonly AxisRule[]

export type AxisRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'size'; readonly size: number }
  /** Axes of the same name have the same size. */
  | { readonly kind: 'named'; readonly name: string }
  /** Any number of axes; equal ones wherever the same name stands. */
  | { readonly kind: 'rest'; readonly name?: string }
  /** Any number of axes that broadcast with those of the other inputs (ONNX "Multidirectional Broadcasting"). */
  | { readonly kind: 'broadcast' }

/** One dimension of an input that must have a certain size. */
export interface Agreement {
  readonly input: number
  /** From the end where negative. */
  readonly axis: number
  readonly expected: Dim
  /** 1 will do as well: it is repeated. */
  readonly orOne?: boolean
  /** What asks for that size, for messages: another dimension of an input, or a clause like `the 4 gates of 8 need`. */
  readonly as: Place | string
}

/** An axis of an input; from the end where negative. */
export type Place = readonly [input: number, axis: number]

/** The text of a shape whose axes are of one size wherever it stands, but for axis `but`: `[d0, _, d2]`. */
export function sameAxes(rank: number, but?: number): string {
  return `[${Array.from({ length: rank }, (_, i) => (i === but ? '_' : `d${i}`)).join(', ')}]`
}

/** Two dimensions of inputs that must be equal. Where one is known, it is what the other should be. */
export function sameSize(node: Node, place: Place, other: Place): Agreement {
  const [given, expected] = [sizeAt(node, place), sizeAt(node, other)]
  if (typeof given === 'number' && typeof expected !== 'number') return sameSize(node, other, place)
  return { input: place[0], axis: place[1], expected, as: other }
}

/** A dimension that is repeated to the size of another unless it has that size. Known and not 1, it says what the other is. */
export function sizeOrOne(node: Node, place: Place, other: Place): Agreement {
  const given = sizeAt(node, place)
  if (typeof given === 'number' && given !== 1) return sameSize(node, other, place)
  return { input: place[0], axis: place[1], expected: sizeAt(node, other), orOne: true, as: other }
}

/** A dimension that is split into `count` equal parts; `as` says who asks for that, a clause like `the 2 groups need`. */
export function multipleOf(node: Node, place: Place, count: Dim, as: string): Agreement {
  const given = sizeAt(node, place)
  return { input: place[0], axis: place[1], expected: multiply(ceilDivide(given, count), count), as }
}

function sizeAt(node: Node, [input, axis]: Place): Dim {
  const value = node.input(input)
  const dim = value.dims.at(axis)
  if (dim !== undefined) return dim
  throw node.error('MODEL_SHAPE', `input ${input} has shape [${value.dims.join(', ')}] and no axis ${axis}`)
}

/**
 * Groups of element types that ONNX's type constraints speak of; every element type is a group of its own, too. `float`,
 * `integer` and `number` are what arithmetic is defined for.
 */
const groups = {
  any: () => true,
  float: isWideFloat,
  integer: isWideInteger,
  number: (type) => isWideFloat(type) || isWideInteger(type),
  signed: (type) => isWideFloat(type) || (isWideInteger(type) && type.startsWith('int')),
  unsigned: (type) => isWideInteger(type) && type.startsWith('uint'),
  index: (type) => type === 'int32' || type === 'int64',
  byte: (type) => type === 'int8' || type === 'uint8',
  complex: (type) => type.startsWith('complex'),
  float8: (type) => type.startsWith('float8'),
  /** Integers below eight bits. */
  small: (type) => /^u?int[24]$/.test(type),
} as const satisfies Record<string, (type: ElementType) => boolean>

function isWideFloat(type: ElementType): boolean {
  return type === 'float16' || type === 'bfloat16' || type === 'float32' || type === 'float64'
}

function isWideInteger(type: ElementType): boolean {
  return /^u?int(8|16|32|64)$/.test(type)
}

/** The element types that `a|b|c` names: types, and groups of the table above. */
function typesOf(text: string): ReadonlySet<ElementType> {
  const all = Object.keys(elementTypes) as ElementType[]
  const matches = text.split('|').map((name): ((type: ElementType) => boolean) => {
    if (Object.hasOwn(groups, name)) return groups[name as keyof typeof groups]
    if (Object.hasOwn(elementTypes, name)) return (type) => type === name
    throw new TypeError(`no element types: ${name}`)
  })
  return new Set(all.filter((type) => matches.some((match) => match(type))))
}

/**
 * Rules as they read in ONNX's operator pages: `takes('X:T[n, c, ...] W:T[m, _, ...] B?:T[m]', { T: 'float' })`.
 *
 * An input is `name:type[shape]`; `?` behind the name makes it optional, `+` and `*` a list (`*`: maybe empty). The type
 * is a type variable of `types`, or element types (`float`, `index|bool`), or, for what is no tensor,
 * `sequence`, `optional`, `map`, `value` (any of them but maps) or `anything`. Without a shape any will do; `[]` is a scalar, `[.]` one element of rank
 * 0 or 1, `[*]` a list (rank 1, or 0 of a single entry). Axes: `n` is equal wherever it stands, `4` is a size, `_` any, `...` any number of axes, `...s` any number of
 * axes that are equal wherever `...s` stands, `~` any number of axes that broadcast with the others' `~`.
 *
 * @throws TypeError where the text is not of that form
 */
export function takes(
  text: string,
  types: Readonly<Record<string, string>> = {},
  agree?: (node: Node) => readonly Agreement[],
): Rules {
  const item = /\s*(\w+)([?+*]?):([\w|]+)(\[[^\]]*\])?/y
  const inputs: InputRule[] = []
  const variables = new Map(Object.entries(types).map(([name, set]) => [name, typesOf(set)]))
  while (item.lastIndex < text.trimEnd().length) {
    const match = item.exec(text)
    if (!match) throw new TypeError(`not the rules of an operator: ${text}`)
    inputs.push(inputRule(match[1]!, match[2]!, match[3]!, match[4], variables))
  }
  return { inputs, ...(agree && { agree }) }
}

function inputRule(
  name: string,
  mark: string,
  type: string,
  shape: string | undefined,
  variables: ReadonlyMap<string, ReadonlySet<ElementType>>,
): InputRule {
  const presence = mark === '?' ? 'optional' : mark === '+' || mark === '*' ? 'repeated' : 'required'
  const kind = isKind(type) ? type : 'tensor'
  const variable = variables.get(type)
  return {
    name,
    presence,
    ...(mark === '+' && { atLeastOnce: true }),
    kind,
    types: variable ?? typesOf(kind === 'tensor' ? type : 'any'),
    ...(variable && { variable: type }),
    ...(shape !== undefined && { shape: shapeRule(shape.slice(1, -1)) }),
  }
}

function isKind(type: string): type is Exclude<InputRule['kind'], 'tensor'> {
  return ['sequence', 'optional', 'map', 'value', 'anything'].includes(type)
}

function shapeRule(text: string): ShapeRule {
  if (text.trim() === '.') return 'single'
  if (text.trim() === '*') return 'list'
  return text.trim() === '' ? [] : text.split(',').map((axis) => axisRule(axis.trim()))
}

function axisRule(text: string): AxisRule {
  if (text === '_') return { kind: 'any' }
  if (text === '~') return { kind: 'broadcast' }
  if (/^\d+$/.test(text)) return { kind: 'size', size: Number(text) }
  const rest = /^\.\.\.(\w*)$/.exec(text)
  if (rest) return rest[1] ? { kind: 'rest', name: rest[1] } : { kind: 'rest' }
  if (/^\w+$/.test(text)) return { kind: 'named', name: text }
  throw new TypeError(`no rule for an axis: ${text}`)
}

import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { numbersOf } from '../../graph/fold.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'

// The code of a sum, product or quotient of two dequantised tensors depends on two bytes: 65,536 cases. For one code of the first it is a
// line in the other's, rounded: one whose slope and start are chosen so that all its 256 cases come out right. Floats round
// some, of a hundred thousand one, to the other side of a half, which a unit or two of slope or start makes up for.

/** One of two tensors of codes, and the floats that a node makes of it. */
export interface Side {
  readonly real: Value
  readonly node: Node
  readonly codes: Value
  readonly scale: number
  readonly zero: number
}

export interface Sides {
  readonly a: Side
  readonly b: Side
  /** Between them and the result, inputs before their users. */
  readonly nodes: readonly Node[]
}

/** By the bits of a's code and those of b's: `(a << 8) | b`. */
export type Codes = ArrayLike<number>

/** Bits behind the point: the first are the most exact, the last leave room for slopes of all codes. */
const SHIFTS = [20, 16, 12]
/** 255 times it is 2^29, so that nothing overflows whose start is for a code of the result. */
const STEEPEST = Math.floor(2 ** 29 / 255)

/** What is quantised to; `nudge`: how far products are moved away from 0 before they are rounded, in codes. */
interface Wanted {
  readonly zero: number
  readonly type: ElementType
  readonly nudge: number
}

/** Codes by lines; `undefined` where none give these. */
export function pairedByLines({ a, b: other }: Sides, codes: Codes, wanted: Wanted, b: Builder): Value | undefined {
  const turned = Array.from(codes, (_, pair) => codes[((pair & 255) << 8) | (pair >> 8)]!)
  const orders = [
    { first: a, second: other, codes },
    { first: other, second: a, codes: turned },
  ]
  // Where the nodes limit codes it is those that are not reached that are free.
  const all = Array.from(codes, Number)
  const limits = [all.reduce((x, y) => Math.min(x, y)), all.reduce((x, y) => Math.max(x, y))] as const
  for (const shifts of choicesOf(wanted))
    for (const even of [false, true])
      for (const { first, second, ...order } of orders) {
        const [zero, pivot] = [first.zero + offsetOf(first), second.zero + offsetOf(second)]
        const flips = [offsetOf(first), offsetOf(second)] as const
        const counting = { zeros: [zero, pivot], flips, nudge: wanted.nudge } as const
        const lines = linesFor(order.codes, counting, { zero: wanted.zero, limits, even }, shifts)
        if (!lines) continue
        const [shift] = lines.shifts
        const numbers = {
          shift: shift!,
          even: Number(even),
          nudge: Math.round(wanted.nudge * 2 ** shift!),
          pivot,
          zero: wanted.zero,
          least: limits[0],
          most: limits[1],
        }
        const table = b.constant(tensorFrom('int32', [512], lines.numbers))
        const own = shifts.length > 1 ? b.constant(tensorFrom('uint8', [256], lines.shifts)) : undefined
        const inputs = [first.codes, second.codes, table, own]
        return b.op('PairBytes', inputs, { ...numbers, to: elementTypes[wanted.type].code }, 'om')
      }
  return undefined
}

/** One shift for all lines, or what fits each: of quotients, some lines are far steeper than others. */
function choicesOf({ nudge }: Wanted): readonly (readonly number[])[] {
  return [...SHIFTS.map((shift) => [shift]), ...(nudge === 0 ? [SHIFTS] : [])]
}

/** From a code to what it is less the least of its type. */
function offsetOf({ codes }: Side): number {
  return codes.type === 'int8' ? 128 : 0
}

/** A code by its bits. */
export function codeOf(bits: number, type: ElementType): number {
  return type === 'int8' ? (bits << 24) >> 24 : bits
}

/** What the nodes make of all pairs of codes. */
export function codesByNodes(root: Node, { a, b: other, nodes }: Sides, b: Builder): Codes | undefined {
  if (a.codes === other.codes) return undefined
  const all = (of: (pair: number) => number, { type }: Value): Value =>
    b.constant({ type, dims: [65536], data: Uint8Array.from({ length: 65536 }, (_, pair) => of(pair)) })
  const results = new Map<Value, Value>()
  const build = (node: Node, output = node.output()): void => {
    const inputs = node.inputs.map((input) => (input && results.get(input)) ?? (input && single(input, b)))
    results.set(output, b.op(node.op, inputs, Object.fromEntries(node.attributes), node.domain))
  }
  results.set(
    a.codes,
    all((pair) => pair >> 8, a.codes),
  )
  build(a.node, a.real)
  results.set(
    other.codes,
    all((pair) => pair & 255, other.codes),
  )
  build(other.node, other.real)
  nodes.forEach((node) => build(node))
  const { constant } = results.get(root.output())!
  return constant && (numbersOf(constant) as Codes | undefined)
}

/** Parameters of one element are numbers, whatever their rank. */
function single(value: Value, b: Builder): Value {
  return value.rank === 0 ? value : b.reshape(value, [])
}

interface Rounding {
  readonly zero: number
  readonly limits: readonly [number, number]
  readonly even: boolean
}

/** How the kernel has both codes: bits without a sign, less the least code, counted from the zero points. */
interface Counting {
  readonly zeros: readonly [number, number]
  readonly flips: readonly [number, number]
  /** In codes. */
  readonly nudge: number
}

interface Lines {
  /** Slope and start for each of the first's bits, with which all codes are right. */
  readonly numbers: readonly number[]
  readonly shifts: readonly number[]
}

/** @param shifts of which each line takes the first that it can be right with */
function linesFor(codes: Codes, counting: Counting, rounding: Rounding, shifts: readonly number[]): Lines | undefined {
  const numbers: number[] = []
  const taken: number[] = []
  for (let a = 0; a < 256; a++) {
    let line: readonly [number, number] | undefined
    for (const shift of shifts) {
      line = lineFor(codes, a, counting, { ...rounding, shift })
      if (!line) continue
      taken.push(shift)
      break
    }
    if (!line) return undefined
    numbers.push(...line)
  }
  return { numbers, shifts: taken }
}

function lineFor(
  codes: Codes,
  a: number,
  { zeros, flips, nudge: distance }: Counting,
  rounding: Rounding & { readonly shift: number },
): readonly [slope: number, start: number] | undefined {
  const [low, high] = [new Float64Array(256), new Float64Array(256)]
  const nudge = Math.round(distance * 2 ** rounding.shift)
  const sign = Math.sign((a ^ flips[0]) - zeros[0])
  // Of a product that is 0 it has no sign.
  const movedBy = (slope: number, at: number): number => (slope * (at - zeros[1]) < 0 ? -nudge : nudge)
  for (let b = 0; b < 256; b++) {
    const at = b ^ flips[1]
    const [from, to] = boundsOf(Number(codes[(a << 8) | b]), rounding)
    low[at] = from - movedBy(sign, at)
    high[at] = to - movedBy(sign, at)
  }
  const line = lineWithin(low, high, zeros[1])
  if (!line) return undefined
  const [slope, start] = line
  for (let at = 0; at < 256; at++) {
    // Where the slope is not of the sign that it was taken for.
    const value = slope * (at - zeros[1]) + start + movedBy(slope, at) - movedBy(sign, at)
    if (value < low[at]! || value > high[at]!) return undefined
  }
  return line
}

/** Between what a number must be that becomes a code; beyond the last ones, all is that. */
function boundsOf(
  code: number,
  { zero, limits: [least, most], even, shift }: Rounding & { readonly shift: number },
): readonly [number, number] {
  const unit = 2 ** shift
  const isOdd = even && (code - zero) % 2 !== 0
  // Of two codes as near the even one: its half is its own on both sides.
  const low = code > least ? code * unit + (isOdd ? 1 : 0) : -Infinity
  const high = code < most ? (code + 1) * unit - (even && !isOdd ? 0 : 1) : Infinity
  return [low, high]
}

/**
 * A line of whole numbers between bounds, with as much room as can be. Room is a concave function of the slope: the best is
 * found by thirds.
 */
function lineWithin(
  low: Float64Array,
  high: Float64Array,
  zero: number,
): readonly [slope: number, start: number] | undefined {
  const startsFor = (slope: number): readonly [number, number] => {
    let [from, to] = [-Infinity, Infinity]
    for (let x = 0; x < 256; x++) {
      from = Math.max(from, low[x]! - slope * (x - zero))
      to = Math.min(to, high[x]! - slope * (x - zero))
    }
    return [from, to]
  }
  const room = (slope: number): number => {
    const [from, to] = startsFor(slope)
    return to - from
  }
  const isBound = room(0) < Infinity
  let [least, most] = [-STEEPEST, STEEPEST]
  while (isBound && most - least > 2) {
    const third = Math.floor((most - least) / 3)
    if (room(least + third) < room(most - third)) least += third
    else most -= third
  }
  const slopes = isBound ? [least, least + 1, most] : [0]
  const slope = slopes.reduce((best, one) => (room(one) > room(best) ? one : best))
  const [from, to] = startsFor(slope)
  if (from > to) return undefined
  const start = from === -Infinity ? to : to === Infinity ? from : Math.floor((from + to) / 2)
  return [slope, start]
}

import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { numbersOf } from '../../graph/fold.ts'
import { type ElementType, elementTypes, limitsOf } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'

// The code of a sum of two dequantised tensors depends on two bytes: 65,536 cases. In units of a small part of a code of the
// result it is a sum of two numbers that come out of tables, where these are chosen so that all cases come out right: floats
// round some sums, of a hundred thousand one, to the other side of a half, which a unit or two of its row's number makes up for.

/** One of two tensors of codes, and the node that makes floats of it. */
export interface Side {
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
  readonly isDifference: boolean
}

/** Bits behind the point: what is before it must be less than 2^10. */
const SHIFT = 20
const MOST = 2 ** 9

/** The sum by tables; `undefined` where no tables give what the nodes give. */
export function summedByTables(
  root: Node,
  sides: Sides,
  { scale, zero }: { readonly scale: number; readonly zero: number },
  b: Builder,
): readonly Value[] | undefined {
  const { type } = root.output()
  const results = resultsOf(root, sides, b)
  const limits = limitsOf(type).map(Number) as [number, number]
  const [rows, columns] = [terms(sides.a, scale), terms(sides.b, sides.isDifference ? -scale : scale)]
  if (!results || [...rows, ...columns].some((term) => !(Math.abs(term) < MOST * 2 ** SHIFT))) return undefined
  for (const even of [false, true]) {
    const table = rowsFor(rows, columns, { results, zero, limits, even })
    if (!table) continue
    const moved = table.map((term) => term + 2 ** (SHIFT - 1) + zero * 2 ** SHIFT)
    const tables = [moved, columns].map((numbers) => b.constant(tensorFrom('int32', [256], numbers)))
    const attributes = { shift: SHIFT, even: Number(even), zero, to: elementTypes[type].code }
    return [b.op('SumBytes', [sides.a.codes, sides.b.codes, ...tables], attributes, 'om')]
  }
  return undefined
}

/** A code by its bits. */
function codeOf(bits: number, type: ElementType): number {
  return type === 'int8' ? (bits << 24) >> 24 : bits
}

/** What each code stands for, by its bits, in units of 2^-SHIFT codes of the result. */
function terms({ codes, scale, zero }: Side, unit: number): number[] {
  return Array.from({ length: 256 }, (_, bits) =>
    Math.round((codeOf(bits, codes.type) - zero) * (scale / unit) * 2 ** SHIFT),
  )
}

/** What the nodes make of all pairs of codes, a's bits first. */
function resultsOf(root: Node, { a, b: other, nodes }: Sides, b: Builder): ArrayLike<number> | undefined {
  const all = (of: (pair: number) => number, { type }: Value): Value =>
    b.constant({ type, dims: [65536], data: Uint8Array.from({ length: 65536 }, (_, pair) => of(pair)) })
  const results = new Map<Value, Value>()
  const build = (node: Node): void => {
    const inputs = node.inputs.map((input) => (input && results.get(input)) ?? (input && single(input, b)))
    results.set(node.output(), b.op(node.op, inputs, Object.fromEntries(node.attributes), node.domain))
  }
  results.set(
    a.codes,
    all((pair) => pair >> 8, a.codes),
  )
  build(a.node)
  results.set(
    other.codes,
    all((pair) => pair & 255, other.codes),
  )
  if (a.codes === other.codes) return undefined
  build(other.node)
  nodes.forEach(build)
  const { constant } = results.get(root.output())!
  return constant && (numbersOf(constant) as ArrayLike<number> | undefined)
}

/** Parameters of one element are numbers, whatever their rank. */
function single(value: Value, b: Builder): Value {
  return value.rank === 0 ? value : b.reshape(value, [])
}

interface Wanted {
  readonly results: ArrayLike<number>
  readonly zero: number
  readonly limits: readonly [number, number]
  readonly even: boolean
}

/** The numbers of a's codes, as near as may be to `rows`, with which all sums are right. */
function rowsFor(rows: readonly number[], columns: readonly number[], wanted: Wanted): number[] | undefined {
  const { results, zero, limits, even } = wanted
  const [least, most] = limits.map((limit) => limit - zero)
  const table: number[] = []
  for (let a = 0; a < 256; a++) {
    let [low, high] = [-Infinity, Infinity]
    for (let b = 0; b < 256; b++) {
      const code = Number(results[(a << 8) | b]) - zero
      // Of two codes as near the even one: its half is its own on both sides.
      const own = even && code % 2 !== 0 ? 1 : 0
      const before = code * 2 ** SHIFT - 2 ** (SHIFT - 1) - columns[b]!
      const behind = before + 2 ** SHIFT - (even && code % 2 === 0 ? 0 : 1)
      if (code > least!) low = Math.max(low, before + own)
      if (code < most!) high = Math.min(high, behind)
    }
    if (low > high) return undefined
    table.push(Math.min(high, Math.max(low, rows[a]!)))
  }
  return table
}

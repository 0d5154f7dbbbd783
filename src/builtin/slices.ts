import { dimEquals, isStatic, product, symbolsOf } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import { normalizeAxis } from '../graph/shape-contents.ts'
import { type Slice, wholeSlice } from '../lowering/slice.ts'
import { elementsOf } from '../onnx/tensor.ts'
import { operatorOf } from '../ops/index.ts'
import type { Group } from './groups.ts'

/**
 * Elements of a pixel from which on it is written apart from its neighbours: loops over fewer are no loops of vectors any more,
 * and what they would take longer is more than a copy.
 */
const LEAST_PIXEL = 8

/** A node that reads a value, and the group that it is in. */
interface User {
  readonly node: Node
  readonly group: Group
}

/** What a Concat joins along `axis`; `isApart`: its pixels come to lie apart, else all of it is one piece. */
interface Join {
  readonly node: Node
  readonly axis: number
  readonly isApart: boolean
}

/**
 * Finds inputs of Concat that can be where its result is from the beginning, so that nobody copies them there. All of one may lie
 * in one piece; otherwise its pixels (rows of the last axis) lie apart, and all who write and read them are to be kernels that
 * step over what is in between.
 */
export function findSlices(groups: readonly Group[], uses: ReadonlyMap<Value, number>): ReadonlyMap<Value, Slice> {
  const finder = new Finder(groups, uses)
  // The last come first: what is joined to be joined again lies in the last one's result.
  for (const { anchor } of groups.toReversed()) if (anchor.operator === 'Concat') finder.place(anchor)
  return finder.slices
}

class Finder {
  readonly slices = new Map<Value, Slice>()
  private readonly uses: ReadonlyMap<Value, number>
  private readonly makers = new Map<Value, Group>()
  /** Of this graph. */
  private readonly users = new Map<Value, User[]>()

  constructor(groups: readonly Group[], uses: ReadonlyMap<Value, number>) {
    this.uses = uses
    for (const group of groups) {
      for (const output of group.outputs) this.makers.set(output, group)
      for (const node of group.nodes)
        for (const input of new Set(node.inputs)) {
          if (input) this.users.set(input, [...(this.users.get(input) ?? []), { node, group }])
        }
    }
  }

  place(node: Node): void {
    const result = node.output()
    const { dims, rank } = result
    const axis = normalizeAxis(node, node.int('axis', 1), rank)
    const { whole, offset, pixel } = this.slices.get(result) ?? wholeSlice(result)
    const isApart = pixel !== dims.at(-1) || !isStatic(dims) || product(dims.slice(0, axis)) !== 1
    if (isApart && (axis !== rank - 1 || typeof dims[axis] !== 'number')) return
    // Who takes over the memory of the result would take what lies in it.
    if (this.usersOf(result).some(({ group }) => operatorOf(group.anchor).control)) return
    let start = offset
    for (const input of node.inputs) {
      const part = input!.dims.slice(axis)
      // What comes behind a size that only the run knows begins nobody knows where.
      if (!isStatic(part)) return
      for (const value of this.joined(input!, { node, axis, isApart }))
        this.slices.set(value, { whole, offset: start, pixel: isApart ? pixel : wholeSlice(value).pixel })
      start += elementsOf(part)
    }
  }

  /** `input` and the values whose memory it shares, down to what a kernel writes; none where they can't lie in the result. */
  private joined(input: Value, join: Join): readonly Value[] {
    const { node, axis, isApart } = join
    const fits = input.dims.every((dim, i) => i === axis || dimEquals(dim, node.output().dims[i]!))
    const isWorthIt = !isApart || Number(input.dims[axis]) >= LEAST_PIXEL
    if (!fits || !isWorthIt || (isStatic(input.dims) && elementsOf(input.dims) === 0)) return []
    const values: Value[] = []
    for (let value = input; ;) {
      const maker = this.makers.get(value)
      if (!maker || !this.isFree(value)) return []
      values.push(value)
      const { alias } = operatorOf(maker.anchor)
      if (alias === undefined) {
        const isMade = canWrite(maker, isApart) && isAsLarge(value, input, isApart)
        return isMade && this.areReadable(values, join) ? values : []
      }
      value = maker.anchor.input(alias)
    }
  }

  private usersOf(value: Value): readonly User[] {
    return this.users.get(value) ?? []
  }

  /** Whether nothing says where the value lies yet, and all who use it are of this graph. */
  private isFree(value: Value): boolean {
    const isPlain = value.kind === 'tensor' && value.type !== 'string' && !value.constant
    return isPlain && !this.slices.has(value) && this.usersOf(value).length === this.uses.get(value)
  }

  /** Whether all can read the values where they are to lie, beside the Concat and what only gives them other shapes. */
  private areReadable(values: readonly Value[], { node, isApart }: Join): boolean {
    return values.every((value) =>
      this.usersOf(value).every(
        (user) =>
          user.node === node ||
          user.node.outputs.some((output) => values.includes(output)) ||
          canRead(value, user, isApart),
      ),
    )
  }
}

/** Whether what a kernel makes is as large as the input of Concat that it becomes, whose sizes are known by then. */
function isAsLarge(made: Value, input: Value, isApart: boolean): boolean {
  if (made === input) return true
  const known = new Set(made.dims.flatMap((dim) => [...symbolsOf(dim)]))
  return (
    made.type === input.type &&
    dimEquals(product(made.dims), product(input.dims)) &&
    input.dims.every((dim) => [...symbolsOf(dim)].every((name) => known.has(name))) &&
    (!isApart || dimEquals(made.dims.at(-1) ?? 1, input.dims.at(-1)!))
  )
}

function canWrite({ anchor }: Group, isApart: boolean): boolean {
  const operator = operatorOf(anchor)
  if (!isApart) return !operator.control
  return operator.scalar !== undefined || operator.pixelsApart?.(anchor) !== undefined
}

function canRead(value: Value, { node, group }: User, isApart: boolean): boolean {
  const operator = operatorOf(group.anchor)
  if (!isApart) return !operator.control
  if (operator.scalar) return true
  const inputs = operator.pixelsApart?.(group.anchor)
  return (
    inputs !== undefined &&
    (node !== group.anchor || node.inputs.every((one, i) => one !== value || inputs.includes(i)))
  )
}

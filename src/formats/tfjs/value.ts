import type { ElementType } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'

/** A size, or one that only a run knows. */
export type Dim = number | undefined
export type Shape = readonly Dim[]

/** In which order the axes of a value are written: TensorFlow's own (channels last), or ONNX's for convolutions. */
export type Layout = 'last' | 'first'

/** A tensor of the model: one value of ONNX in either layout, or both; the second is made when it is first asked for. */
export interface Value {
  readonly type: ElementType
  /** In TensorFlow's order; `undefined` where not even the rank is known. */
  readonly shape: Shape | undefined
  /** The contents of what is the same in every run. */
  readonly known?: Tensor
  /** Of a list of integers that is computed, what is known of each: sizes that are put together from those of others. */
  readonly elements?: Shape
  /** Names in the graph that is being written. */
  readonly names: Partial<Record<Layout, string>>
}

/** Axes of channels last in the order of channels first, and back: axis i of the result is axis `perm[i]`. */
export function perms(rank: number): Readonly<Record<Layout, readonly number[]>> {
  const all = Array.from({ length: rank }, (_, i) => i)
  if (rank < 3) return { first: all, last: all }
  const spatial = all.slice(2).map((i) => i - 2)
  return {
    first: [0, rank - 1, ...spatial.map((i) => i + 1)],
    last: [0, ...spatial.map((i) => i + 2), 1],
  }
}

/** Where axis `axis` of TensorFlow's order lies in a layout. */
export function axisIn(layout: Layout, axis: number, rank: number): number {
  return layout === 'last' ? axis : perms(rank).first.indexOf(axis)
}

/** The shape of operands that are broadcast to each other; `undefined` where they can't be. */
export function broadcast(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length)
  const dims: Dim[] = []
  for (let i = 1; i <= rank; i++) {
    const [x, y] = [i > a.length ? 1 : a[a.length - i], i > b.length ? 1 : b[b.length - i]]
    if (x !== undefined && y !== undefined && x !== y && x !== 1 && y !== 1) return undefined
    dims.unshift(x === 1 ? y : y === 1 ? x : (x ?? y))
  }
  return dims
}

export function shown(shape: Shape | undefined): string {
  return shape ? `[${shape.map((size) => size ?? '?').join(', ')}]` : 'of unknown rank'
}

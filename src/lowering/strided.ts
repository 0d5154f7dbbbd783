import type { Dim } from '../graph/dim.ts'
import type { Value } from '../graph/graph.ts'
import type { KernelWriter } from './lowering.ts'

/** Elements at a C pointer: C expressions of one stride per axis and of where the first one is, in elements. */
export interface Place {
  readonly pointer: string
  readonly strides: readonly string[]
  readonly offset?: string
}

/** Row-major strides of a shape, as C expressions. */
export function stridesToC(k: KernelWriter, dims: readonly Dim[]): string[] {
  return dims.map((_, axis) => k.count(dims.slice(axis + 1)))
}

/** Elements that lie densely in the order of `dims`. */
export function dense(k: KernelWriter, pointer: string, dims: readonly Dim[]): Place {
  return { pointer, strides: stridesToC(k, dims) }
}

/** Elements of a value, whose pixels may lie apart (see `KernelWriter.slice`). */
export function lying(k: KernelWriter, pointer: string, value: Value): Place {
  const { pixel } = k.slice(value)
  const strides = value.dims.map((_, axis) =>
    axis === value.rank - 1 ? '1' : k.count([...value.dims.slice(axis + 1, -1), pixel]),
  )
  return { pointer, strides }
}

/** Writes a copy of a box of elements between two strided places; dimensions may be C expressions. */
export function copyBox(k: KernelWriter, to: Place, from: Place, dims: readonly (Dim | string)[]): void {
  const list = (items: readonly string[]): string => `{${items.join(', ') || '0'}}`
  const address = ({ pointer, offset }: Place): string => (offset ? `${pointer} + ${offset}` : pointer)
  k.include('movement.h')
  k.line('{')
  k.line(
    `  const ptrdiff_t dims[] = ${list(dims.map((dim) => (typeof dim === 'string' ? dim : k.dim(dim))))}, to[] = ${list(to.strides)}, from[] = ${list(from.strides)};`,
  )
  k.line(`  om_copy_box(${address(to)}, to, ${address(from)}, from, dims, ${dims.length}, sizeof *${from.pointer});`)
  k.line('}')
}

/** Opens one loop per axis, `i0`, `i1`, … ; close them with as many `}`. */
export function openLoops(k: KernelWriter, dims: readonly Dim[], index = 'i'): void {
  dims.forEach((dim, axis) => {
    const i = `${index}${axis}`
    k.line(`for (int64_t ${i} = 0; ${i} < ${k.dim(dim)}; ${i}++) {`)
  })
}

export function closeLoops(k: KernelWriter, dims: readonly Dim[]): void {
  if (dims.length > 0) k.line('}'.repeat(dims.length))
}

/** Row-major offset of the loop variables of `openLoops`, as C expression; `axes` leaves some out. */
export function loopOffset(
  k: KernelWriter,
  dims: readonly Dim[],
  axes = dims.map((_, axis) => axis),
  index = 'i',
): string {
  return axes.map((axis) => `${index}${axis} * ${k.count(dims.slice(axis + 1))}`).join(' + ') || '0'
}

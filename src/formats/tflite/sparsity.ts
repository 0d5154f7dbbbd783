import type { Site } from '../../onnx/reading.ts'
import type { Table } from './flatbuffer.ts'

/**
 * Where the stored elements of a sparse tensor are: the TACO format of schema.fbs, `SparsityParameters`. Levels go in
 * `order`; those beyond the tensor's rank are axes within blocks, of the axes that `blocks` lists.
 */
export interface Sparsity {
  readonly order: readonly number[]
  readonly blocks: readonly number[]
  readonly levels: readonly Level[]
}

type Level =
  | { readonly kind: 'dense'; readonly size: number }
  /** Compressed rows: entry i has the indices from `segments[i]` to `segments[i + 1]`. */
  | { readonly kind: 'compressed'; readonly segments: readonly number[]; readonly indices: readonly number[] }

export function readSparsity(table: Table, site: Site): Sparsity {
  const levels = table.tables(2).map((level): Level => {
    if (level.int8(0) === 0) return { kind: 'dense', size: level.int32(1) }
    return { kind: 'compressed', segments: indexList(level, 2, site), indices: indexList(level, 4, site) }
  })
  return { order: table.int32s(0) ?? [], blocks: table.int32s(1) ?? [], levels }
}

/** A union `SparseIndexVector`: lists of 32, 16 or 8 bits. */
function indexList(level: Table, slot: number, site: Site): number[] {
  const list = level.table(slot + 1)
  const kind = level.uint8(slot)
  const values = kind === 1 ? list?.int32s(0) : kind === 2 ? list?.uint16s(0) : Array.from(list?.bytes(0) ?? [])
  return values ?? site.fail('MODEL_TENSOR', 'is sparse without a list of indices. Export it again.')
}

/**
 * Gives each stored element its place in the dense tensor.
 *
 * @param shape of the dense tensor
 * @param put called with the number of a stored element and the index of where it goes
 */
export function eachStored(
  { order, blocks, levels }: Sparsity,
  shape: readonly number[],
  put: (stored: number, at: number) => void,
  site: Site,
): void {
  const rank = shape.length
  const wrong = (): never =>
    site.fail('MODEL_TENSOR', 'is sparse in a way that contradicts its shape. Export it again.')
  const isPermutation = [...order].sort((a, b) => a - b).every((axis, i) => axis === i)
  if (order.length !== levels.length || order.length !== rank + blocks.length || !isPermutation) wrong()
  /** Size of the block along each axis. */
  const blockSize = shape.map(() => 1)
  blocks.forEach((axis, i) => {
    const level = levels[order.indexOf(rank + i)]
    if (level?.kind !== 'dense' || !(axis >= 0 && axis < rank)) wrong()
    else blockSize[axis] = level.size
  })
  // Also bounds the walk by the number of elements.
  for (const [depth, level] of levels.entries()) {
    const axis = order[depth]!
    if (level.kind === 'dense' && axis < rank && level.size * blockSize[axis]! !== shape[axis]) wrong()
  }
  const place = order.map(() => 0)
  let stored = 0
  const walk = (depth: number, entry: number): void => {
    const level = levels[depth]
    if (level === undefined) {
      let at = 0
      for (let axis = 0; axis < rank; axis++) {
        const block = blocks.indexOf(axis)
        const index = place[axis]! * blockSize[axis]! + (block < 0 ? 0 : place[rank + block]!)
        if (!(index >= 0 && index < shape[axis]!)) wrong()
        at = at * shape[axis]! + index
      }
      put(stored++, at)
      return
    }
    const axis = order[depth]!
    if (level.kind === 'dense') {
      for (let i = 0; i < level.size; i++) {
        place[axis] = i
        walk(depth + 1, entry * level.size + i)
      }
      return
    }
    const end = level.segments[entry + 1] ?? wrong()
    for (let i = level.segments[entry] ?? wrong(); i < end; i++) {
      place[axis] = level.indices[i] ?? wrong()
      walk(depth + 1, i)
    }
  }
  if (levels.length > 0) walk(0, 0)
}

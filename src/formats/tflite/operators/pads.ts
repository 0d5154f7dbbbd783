import type { Converter, Handler } from '../converter.ts'
import { layoutFor } from './elementwise.ts'
import { axisIn, moving } from './movement.ts'

/** Pads `[n, 2]` as ONNX has them: all begins, then all ends, of axes in a layout. */
function padsIn(pads: readonly number[], place: (axis: number) => number): number[] {
  const rank = pads.length / 2
  const list = Array.from({ length: 2 * rank }, () => 0)
  for (let axis = 0; axis < rank; axis++) {
    list[place(axis)] = pads[2 * axis]!
    list[rank + place(axis)] = pads[2 * axis + 1]!
  }
  return list
}

/** The code of real zero, or zero itself: what PAD pads with. */
function zeroOf(c: Converter, x: number): string {
  return c.writer.scalar(c.quantization(x)?.zeroPoint[0] ?? 0, c.type(x))
}

const pad: Handler = (c, { inputs: [x = -1, pads = -1, value = -1], outputs: [output = -1] }) => {
  const { asCodes, get, set } = moving(c, [x], output)
  const known = c.numbers(pads)
  const fits = asCodes && (value < 0 || c.sameCodes(x, value))
  const read = fits ? get : (tensor: number, layout: 'last' | 'first' = 'last') => c.real(tensor, layout)
  const layout = known && c.rank(x) === 4 ? layoutFor(c, [x]) : 'last'
  const filling = value >= 0 ? flat(c, read(value)) : fits ? zeroOf(c, x) : c.writer.scalar(0, 'float32')
  const list = known
    ? c.writer.ints(padsIn(known, (axis) => axisIn(layout, axis)))
    : // [n, 2] → [2, n] → begins, ends
      c.op('Reshape', [c.transpose(c.int64(pads), [1, 0]), c.writer.ints([-1])])
  const padded = c.op('Pad', [read(x, layout), list, filling])
  if (fits) set(padded, layout)
  else c.setReal(output, padded, layout)
}

function flat(c: Converter, value: string): string {
  return c.op('Reshape', [value, c.writer.ints([])])
}

/** `MirrorPadMode`: 0 leaves the border out (ONNX's reflect), 1 repeats it, which is written as slices in reverse. */
const mirrorPad: Handler = (c, { inputs: [x = -1, pads = -1], outputs: [output = -1], options }) => {
  const { get, set } = moving(c, [x], output)
  const list = c.known(pads, 'pads')
  if ((options?.int8(0) ?? 0) === 0)
    return set(c.op('Pad', [get(x), c.writer.ints(padsIn(list, (axis) => axis))], { mode: 'reflect' }))
  let value = get(x)
  for (let axis = 0; axis < list.length / 2; axis++) {
    const [before, after] = [list[2 * axis]!, list[2 * axis + 1]!]
    const mirrored = (from: number, to: number): string =>
      c.op('Slice', [value, c.writer.ints([from]), c.writer.ints([to]), c.writer.ints([axis]), c.writer.ints([-1])])
    const parts = [
      ...(before > 0 ? [mirrored(before - 1, -(2 ** 31))] : []),
      value,
      ...(after > 0 ? [mirrored(-1, -after - 1)] : []),
    ]
    if (parts.length > 1) value = c.op('Concat', parts, { axis: BigInt(axis) })
  }
  set(value)
}

/**
 * Batches of blocks: pads `[n, 2]` are added, then each spatial axis is split in blocks, which go to the batch
 * (reference_ops.h, SpaceToBatchND).
 */
const spaceToBatch: Handler = (c, { inputs: [x = -1, blocks = -1, pads = -1], outputs: [output = -1] }) => {
  const { asCodes, get, set } = moving(c, [x], output)
  const block = c.known(blocks, 'a block shape')
  const count = block.length
  const rank = c.rank(x)
  const list = [0, 0, ...c.known(pads, 'pads'), ...Array.from({ length: 2 * (rank - count - 1) }, () => 0)]
  const zero = asCodes ? zeroOf(c, x) : c.writer.scalar(0, 'float32')
  const padded = list.every((size) => size === 0)
    ? get(x)
    : c.op('Pad', [get(x), c.writer.ints(padsIn(list, (axis) => axis)), zero])
  // Each axis from here on: batch, (size / block, block) per spatial axis, the rest.
  const sizes = block.flatMap((size, i) => {
    const whole = c.size(x, i + 1) ?? c.fail('has a SPACE_TO_BATCH_ND of a size that only a run knows')
    const total = whole + list[2 * (i + 1)]! + list[2 * (i + 1) + 1]!
    return total % size === 0
      ? [total / size, size]
      : c.fail('has a SPACE_TO_BATCH_ND whose blocks do not divide its sizes')
  })
  const rest = Array.from({ length: rank - count - 1 }, (_, i) => i + count + 1)
  const tail = rest.map((axis) => c.size(x, axis) ?? c.fail('has a SPACE_TO_BATCH_ND of a size that only a run knows'))
  const apart = c.op('Reshape', [padded, c.writer.ints([-1, ...sizes, ...tail])])
  const perm = [
    ...block.map((_, i) => 2 + 2 * i),
    0,
    ...block.map((_, i) => 1 + 2 * i),
    ...tail.map((_, i) => 1 + 2 * count + i),
  ]
  const shape = [-1, ...block.map((_, i) => sizes[2 * i]!), ...tail]
  set(c.op('Reshape', [c.transpose(apart, perm), c.writer.ints(shape)]))
}

/** The way back: blocks of the batch between pixels, then crops are cut off. */
const batchToSpace: Handler = (c, { inputs: [x = -1, blocks = -1, crops = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  const block = c.known(blocks, 'a block shape')
  const crop = c.known(crops, 'crops')
  const count = block.length
  const unknown = (): never => c.fail('has a BATCH_TO_SPACE_ND of a size that only a run knows')
  const spatial = block.map((_, i) => c.size(x, i + 1) ?? unknown())
  const tail = Array.from({ length: c.rank(x) - count - 1 }, (_, i) => c.size(x, i + count + 1) ?? unknown())
  const apart = c.op('Reshape', [get(x), c.writer.ints([...block, -1, ...spatial, ...tail])])
  // batch, then (size, block) per spatial axis, then the rest
  const perm = [count, ...block.flatMap((_, i) => [count + 1 + i, i]), ...tail.map((_, i) => 2 * count + 1 + i)]
  const joined = c.op('Reshape', [
    c.transpose(apart, perm),
    c.writer.ints([-1, ...spatial.map((size, i) => size * block[i]!), ...tail]),
  ])
  if (crop.every((size) => size === 0)) return set(joined)
  const starts = block.map((_, i) => crop[2 * i]!)
  const ends = block.map((size, i) => spatial[i]! * size - crop[2 * i + 1]!)
  set(c.op('Slice', [joined, c.writer.ints(starts), c.writer.ints(ends), c.writer.ints(block.map((_, i) => i + 1))]))
}

export const pads: Readonly<Record<string, Handler>> = {
  PAD: pad,
  PADV2: pad,
  MIRROR_PAD: mirrorPad,
  SPACE_TO_BATCH_ND: spaceToBatch,
  BATCH_TO_SPACE_ND: batchToSpace,
}

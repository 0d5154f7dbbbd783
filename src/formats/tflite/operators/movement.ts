import type { Converter, Handler, Layout } from '../converter.ts'
import { layoutFor } from './elementwise.ts'

// What moves elements without computing with them: codes are moved as they are where both sides mean the same by them.

/** Reads and writes that need no arithmetic where the codes of inputs and output mean the same. */
export function moving(c: Converter, inputs: readonly number[], output: number) {
  const asCodes = inputs.every((tensor) => c.sameCodes(tensor, output))
  return {
    asCodes,
    get: (tensor: number, layout: Layout = 'last') => (asCodes ? c.get(tensor, layout) : c.real(tensor, layout)),
    set(value: string, layout: Layout = 'last') {
      if (asCodes) c.set(output, value, layout)
      else c.setReal(output, value, layout)
    },
  }
}

/** Where axis `axis` of TFLite's order lies in another layout of rank 4. */
export function axisIn(layout: Layout, axis: number): number {
  return layout === 'last' ? axis : [0, 2, 3, 1][axis]!
}

/** An axis counted from the front. */
export function wrapped(c: Converter, axis: number, rank: number): number {
  // Old converters left shapes out that they did not know.
  if (rank === 0) c.fail(`has axis ${axis} of a tensor whose shape the file leaves out`)
  const index = axis < 0 ? axis + rank : axis
  return index >= 0 && index < rank ? index : c.fail(`has axis ${axis} of a tensor of rank ${rank}`)
}

/** The shape is an input, or an option; 0 is zero, and `[0]` alone, as old converters wrote it, a scalar. */
const reshape: Handler = (c, { inputs, outputs: [output = -1], options }) => {
  const [x = -1, shape = -1] = inputs
  const { get, set } = moving(c, [x], output)
  const isGiven = shape >= 0 && c.has(shape) && c.rank(shape) === 1
  const sizes = isGiven ? c.numbers(shape) : (options?.int32s(0) ?? [...c.fact(output).shape])
  const isScalar = sizes?.length === 1 && sizes[0] === 0 && c.rank(output) === 0
  // Complex numbers are pairs in an axis behind.
  const pair = c.type(x) === 'complex64' ? [2] : []
  const stated = isScalar ? pair : sizes && [...sizes, ...pair]
  const target = stated
    ? c.writer.ints(stated)
    : c.writer.concat([c.int64(shape), ...pair.map((two) => c.writer.ints([two]))], 0)
  set(c.op('Reshape', [get(x), target], { allowzero: 1n }))
}

/** Without axes, all that are 1 go. */
const squeeze: Handler = (c, { inputs: [x = -1], outputs: [output = -1], options }) => {
  const { get, set } = moving(c, [x], output)
  const stated = options?.int32s(0) ?? []
  const { shape, varying } = c.fact(x)
  const axes = stated.length > 0 ? stated : shape.flatMap((size, axis) => (size === 1 && !varying[axis] ? [axis] : []))
  set(axes.length === 0 ? get(x) : c.op('Squeeze', [get(x), c.writer.ints(axes)]))
}

const expandDims: Handler = (c, { inputs: [x = -1, axis = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  set(c.op('Unsqueeze', [get(x), c.writer.ints(c.known(axis, 'an axis'))]))
}

const transpose: Handler = (c, { inputs: [x = -1, perm = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  set(c.transpose(get(x), c.known(perm, 'an order of axes')))
}

const concatenation: Handler = (c, { inputs, outputs: [output = -1], options }) => {
  const { get, set } = moving(c, inputs, output)
  const layout = c.rank(output) === 4 && inputs.every((tensor) => c.rank(tensor) === 4) ? layoutFor(c, inputs) : 'last'
  const axis = axisIn(layout, wrapped(c, options?.int32(0) ?? 0, c.rank(output)))
  if ((options?.int8(1) ?? 0) !== 0) c.fail('has a CONCATENATION with an activation')
  set(c.op('Concat', inputs.map((tensor) => get(tensor, layout)), { axis: BigInt(axis) }), layout) // prettier-ignore
}

const pack: Handler = (c, { inputs, outputs: [output = -1], options }) => {
  const { get, set } = moving(c, inputs, output)
  const axis = wrapped(c, options?.int32(1) ?? 0, c.rank(output))
  const parts = inputs.map((tensor) => c.op('Unsqueeze', [get(tensor), c.writer.ints([axis])]))
  set(c.op('Concat', parts, { axis: BigInt(axis) }))
}

/** Parts of one axis, each to an output. */
function split(
  c: Converter,
  x: number,
  axis: number,
  outputs: readonly number[],
  sizes: string | undefined,
  squeezed: boolean,
): void {
  const asCodes = outputs.every((output) => c.sameCodes(x, output))
  const layout = c.rank(x) === 4 && !squeezed ? layoutFor(c, [x]) : 'last'
  const place = axisIn(layout, wrapped(c, axis, c.rank(x)))
  const inputs = [asCodes ? c.get(x, layout) : c.real(x, layout), ...(sizes === undefined ? [] : [sizes])]
  const count: Record<string, bigint> = sizes === undefined ? { num_outputs: BigInt(outputs.length) } : {}
  const parts = c.writer.ops('Split', inputs, outputs.length, { axis: BigInt(place), ...count })
  outputs.forEach((output, i) => {
    const value = squeezed ? c.op('Squeeze', [parts[i]!, c.writer.ints([place])]) : parts[i]!
    if (asCodes) c.set(output, value, layout)
    else c.setReal(output, value, layout)
  })
}

const unpack: Handler = (c, { inputs: [x = -1], outputs, options }) => {
  split(c, x, options?.int32(1) ?? 0, outputs, undefined, true)
}

/** The axis is the first input. */
const splitEvenly: Handler = (c, { inputs: [axis = -1, x = -1], outputs }) => {
  split(c, x, c.known(axis, 'an axis')[0]!, outputs, undefined, false)
}

const splitV: Handler = (c, { inputs: [x = -1, sizes = -1, axis = -1], outputs }) => {
  const place = c.known(axis, 'an axis')[0]!
  const given = c.numbers(sizes)
  const rest = given?.indexOf(-1) ?? -1
  if (given && rest >= 0) {
    const whole = c.size(x, wrapped(c, place, c.rank(x))) ?? c.fail('has a SPLIT_V of a size that only a run knows')
    given[rest] = whole - given.reduce((sum, size) => sum + size, 1)
  }
  split(c, x, place, outputs, given ? c.writer.ints(given) : c.int64(sizes), false)
}

const tile: Handler = (c, { inputs: [x = -1, counts = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  set(c.op('Tile', [get(x), c.int64(counts)]))
}

/** ONNX's Expand broadcasts both ways, where no size of the shape is smaller than the tensor's. */
const broadcastTo: Handler = (c, { inputs: [x = -1, shape = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  set(c.op('Expand', [get(x), c.int64(shape)]))
}

const reverse: Handler = (c, { inputs: [x = -1, axes = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  const list = c.known(axes, 'axes')
  const all = (value: number): string => c.writer.ints(list.map(() => value))
  set(c.op('Slice', [get(x), all(-1), all(-(2 ** 31)), c.writer.ints(list), all(-1)]))
}

const reverseSequence: Handler = (c, { inputs: [x = -1, lengths = -1], outputs: [output = -1], options }) => {
  const { get, set } = moving(c, [x], output)
  const rank = c.rank(x)
  const [time, batch] = [0, 1].map((slot) => wrapped(c, options?.int32(slot) ?? 0, rank))
  // ONNX reverses along one of the first two axes.
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  const perm = [batch!, time!, ...axes.filter((axis) => axis !== batch && axis !== time)]
  const isInOrder = time! < 2 && batch! < 2
  const given = isInOrder ? get(x) : c.transpose(get(x), perm)
  const attributes = { time_axis: BigInt(isInOrder ? time! : 1), batch_axis: BigInt(isInOrder ? batch! : 0) }
  const reversed = c.op('ReverseSequence', [given, c.int64(lengths)], attributes)
  const back = axes.map((axis) => perm.indexOf(axis))
  set(isInOrder ? reversed : c.transpose(reversed, back))
}

/** Blocks of depth are outermost in a pixel: DCR, in ONNX's terms. */
const depthToSpace: Handler = (c, { inputs: [x = -1], outputs: [output = -1], options }) => {
  const { get, set } = moving(c, [x], output)
  set(c.op('DepthToSpace', [get(x, 'first')], { blocksize: BigInt(options?.int32(0) ?? 0), mode: 'DCR' }), 'first')
}

const spaceToDepth: Handler = (c, { inputs: [x = -1], outputs: [output = -1], options }) => {
  const { get, set } = moving(c, [x], output)
  set(c.op('SpaceToDepth', [get(x, 'first')], { blocksize: BigInt(options?.int32(0) ?? 0) }), 'first')
}

export const movement: Readonly<Record<string, Handler>> = {
  RESHAPE: reshape,
  SQUEEZE: squeeze,
  EXPAND_DIMS: expandDims,
  TRANSPOSE: transpose,
  CONCATENATION: concatenation,
  PACK: pack,
  UNPACK: unpack,
  SPLIT: splitEvenly,
  SPLIT_V: splitV,
  TILE: tile,
  BROADCAST_TO: broadcastTo,
  REVERSE_V2: reverse,
  REVERSE_SEQUENCE: reverseSequence,
  DEPTH_TO_SPACE: depthToSpace,
  SPACE_TO_DEPTH: spaceToDepth,
}

import type { Builder } from '../../builder.ts'
import { pad, resize, type Sampling } from '../../ops/moving.ts'
import { elementsIn } from '../../ops/lists.ts'
import type { Value } from '../../value.ts'
import type { Convert, NodeCall, Operators } from '../call.ts'

/** To the size of the second input (tfjs-backend-cpu kernels/ResizeBilinear.ts, ResizeNearestNeighbor.ts). */
function resizing(mode: Sampling['mode']): Convert {
  return (call) => {
    const { b, x, attributes } = call
    const aligns = attributes.bool('align_corners')
    const isHalf = attributes.bool('half_pixel_centers')
    const sampling: Sampling = {
      mode,
      transformation: aligns ? 'align_corners' : isHalf ? 'half_pixel' : 'asymmetric',
      ...(mode === 'nearest' && { rounding: aligns || isHalf ? ('round_prefer_ceil' as const) : ('floor' as const) }),
    }
    const [height, width] = elementsIn(call.input(1)) ?? []
    const image = mode === 'linear' ? b.cast(x, 'float32') : x
    return resize(b, image, sampling, { sizes: b.int64(call.input(1)) }, [height, width])
  }
}

/**
 * Boxes `[M, 4]` of y and x of two corners, from 0 to 1, cut out of images and resized; what is outside of the image has a value of its
 * own (tfjs-backend-cpu kernels/CropAndResize.ts).
 */
const cropAndResize: Convert = (call) => {
  const { b, x, attributes } = call
  const boxes = b.get(call.input(1))
  const [rows, columns] = call.list(3, 'a size')
  const method = attributes.text('method', 'bilinear')
  call.refuseUnless(method === 'bilinear' || method === 'nearest', `method ${method}`)
  const w = b.writer
  const float = (value: number): string => b.scalar(value, 'float32')
  const image = b.get(b.cast(x, 'float32'))
  const sizes = b.op('Cast', [w.sizes(image, 1, 3)], { to: 1n })
  /** Places along one axis, [M, count], and whether they are in the image. */
  const along = (axis: 0 | 1, count: number): { readonly at: string; readonly isIn: string } => {
    const last = b.op('Sub', [w.slice(sizes, 0, axis, axis + 1), float(1)])
    const [from, to] = [axis, axis + 2].map((column) => w.slice(boxes, 1, column, column + 1)) as [string, string]
    const steps = w.constant('float32', Array.from({ length: count }, (_, i) => count > 1 ? i / (count - 1) : 0.5)) // prettier-ignore
    const at = b.op('Mul', [b.op('Add', [from, b.op('Mul', [b.op('Sub', [to, from]), steps])]), last])
    const isIn = b.op('And', [b.op('GreaterOrEqual', [at, float(0)]), b.op('LessOrEqual', [at, last])])
    return { at, isIn }
  }
  const [y, z] = [w_(along(0, rows!), 2), w_(along(1, columns!), 1)]
  function w_({ at, isIn }: { readonly at: string; readonly isIn: string }, axis: number) {
    return { at: w.unsqueeze(at, axis), isIn: w.unsqueeze(isIn, axis) }
  }
  const images = w.unsqueeze(b.int64(call.input(2)), 1, 2)
  const all = b.op('Shape', [b.op('Add', [y.at, z.at])])
  const most = b.op('Cast', [b.op('Sub', [sizes, float(1)])], { to: 7n })
  /** Pixels at whole places, [M, rows, columns, C]; those outside are replaced later. */
  const pixels = (row: string, column: string): string => {
    const place = (value: string, axis: number): string => {
      const whole = b.op('Cast', [value], { to: 7n })
      const limited = b.op('Max', [b.op('Min', [whole, w.slice(most, 0, axis, axis + 1)]), b.scalar(0, 'int64')])
      return w.unsqueeze(b.op('Expand', [limited, all]), 3)
    }
    const index = w.concat([w.unsqueeze(b.op('Expand', [images, all]), 3), place(row, 0), place(column, 1)], 3)
    return b.op('GatherND', [image, index])
  }
  const lerp = (from: string, to: string, part: string): string => b.op('Add', [from, b.op('Mul', [b.op('Sub', [to, from]), part])]) // prettier-ignore
  const [top, left] = [b.op('Floor', [y.at]), b.op('Floor', [z.at])]
  const [down, right] = [b.op('Ceil', [y.at]), b.op('Ceil', [z.at])]
  const part = (value: string, floor: string): string => w.unsqueeze(b.op('Sub', [value, floor]), 3)
  const value =
    method === 'nearest'
      ? pixels(rounded(b, y.at), rounded(b, z.at))
      : lerp(
          lerp(pixels(top, left), pixels(top, right), part(z.at, left)),
          lerp(pixels(down, left), pixels(down, right), part(z.at, left)),
          part(y.at, top),
        )
  const isIn = w.unsqueeze(b.op('And', [y.isIn, z.isIn]), 3)
  const name = w.where(isIn, value, float(attributes.float('extrapolation_value', 0)))
  return b.value(name, 'float32', [call.input(1).shape?.[0], rows, columns, x.shape?.[3]])
}

/** Halves go up, as JavaScript rounds. */
function rounded(b: Builder, value: string): string {
  return b.op('Floor', [b.op('Add', [value, b.scalar(0.5, 'float32')])])
}

/**
 * Boxes `[N, 4]`, scores `[N]`: indices of the boxes that are left; of versions 4 and 5 also how many (filled up with zeros to
 * `max_output_size` where that is asked for), of 5 also their scores.
 */
function suppression(version: 2 | 3 | 4 | 5): Convert {
  return (call) => {
    const { b, x, inputs, attributes } = call
    const w = b.writer
    if (version === 5) call.refuseUnless(call.one(5, 'a sigma') === 0, 'soft suppression (sigma)')
    const one = (value: Value, isCount = false): string => w.reshape(isCount ? b.int64(value) : b.get(value), [1])
    const limit = one(call.input(2), true)
    const scores = call.input(1)
    const selected = b.op('NonMaxSuppression', [
      w.unsqueeze(b.get(x), 0),
      w.unsqueeze(b.get(scores), 0, 1),
      limit,
      one(call.input(3)),
      ...(inputs[4] && version > 2 ? [one(inputs[4])] : []),
    ])
    const kept = b.op('Gather', [selected, b.scalar(2, 'int64')], { axis: 1n })
    const count = b.op('Shape', [kept])
    const valid = b.int32(w.op('Reshape', [count, w.ints([])]), [])
    const fills = version === 4 ? attributes.bool('pad_to_max_output_size') : false
    const pads = fills ? w.concat([w.ints([0]), b.op('Sub', [limit, count])], 0) : ''
    const filled = (value: string, zero: string): string => (fills ? b.op('Pad', [value, pads, zero]) : value)
    const size = fills ? elementsIn(call.input(2))?.[0] : undefined
    const indices = b.int32(filled(kept, b.scalar(0, 'int64')), [size])
    if (version < 4) return indices
    if (version === 4) return [indices, valid]
    const values = b.value(b.op('Gather', [b.get(scores), kept], { axis: 0n }), 'float32', [undefined])
    return [indices, values, valid]
  }
}

function blocks(call: NodeCall): {
  readonly block: number[]
  readonly edges: number[]
  readonly count: number
  readonly tail: number[]
} {
  // prettier-ignore
  const { b, x } = call
  const block = call.list(1, 'a block shape')
  const edges = call.list(2, 'pads')
  const count = block.length
  if (edges.length !== 2 * count || count + 1 > b.rank(x) || block.some((size) => size < 1)) b.wrong('has pads or blocks that are not for its tensor') // prettier-ignore
  const tail = x.shape!.slice(count + 1).map((_, i) => b.size(x, count + 1 + i)) // prettier-ignore
  return { block, edges, count, tail }
}

/** Pads are added, then each spatial axis is split in blocks, which go to the batch. */
const spaceToBatch: Convert = (call) => {
  const { b, x } = call
  const { block, edges, count, tail } = blocks(call)
  const pads = x.shape!.map((_, axis) => axis > 0 && axis <= count ? edges.slice(2 * axis - 2, 2 * axis) : [0, 0]) // prettier-ignore
  const filled = pad(b, x, pads, b.scalar(0, x.type))
  // batch, (size / block, block) per spatial axis, the rest
  const sizes = block.flatMap((size, i) => {
    const total = b.size(filled, i + 1)
    return total % size === 0 ? [total / size, size] : b.wrong(`splits ${total} elements in blocks of ${size}`)
  })
  const apart = b.writer.reshape(b.get(filled), [-1, ...sizes, ...tail])
  const perm = [...block.map((_, i) => 2 + 2 * i), 0, ...block.map((_, i) => 1 + 2 * i), ...tail.map((_, i) => 1 + 2 * count + i)] // prettier-ignore
  const out = [...block.map((_, i) => sizes[2 * i]!), ...tail]
  const batch = x.shape![0] && block.reduce((product, size) => product * size, x.shape![0])
  return b.value(b.writer.reshape(b.writer.transpose(apart, perm), [-1, ...out]), x.type, [batch, ...out])
}

/** The way back: blocks of the batch between pixels, then edges are cut off. */
const batchToSpace: Convert = (call) => {
  const { b, x } = call
  const { block, edges, count, tail } = blocks(call)
  const spatial = block.map((_, i) => b.size(x, i + 1))
  const apart = b.writer.reshape(b.get(x), [...block, -1, ...spatial, ...tail])
  const perm = [count, ...block.flatMap((_, i) => [count + 1 + i, i]), ...tail.map((_, i) => 2 * count + 1 + i)]
  const whole = spatial.map((size, i) => size * block[i]!)
  const joined = b.writer.reshape(b.writer.transpose(apart, perm), [-1, ...whole, ...tail])
  const begins = block.map((_, i) => edges[2 * i]!)
  const ends = whole.map((size, i) => size - edges[2 * i + 1]!)
  const cut = edges.every((size) => size === 0) ? joined : b.op('Slice', [joined, ...[begins, ends, block.map((_, i) => i + 1)].map((list) => b.writer.ints(list))]) // prettier-ignore
  const batch = x.shape![0] && x.shape![0] / block.reduce((product, size) => product * size, 1)
  return b.value(cut, x.type, [batch, ...ends.map((end, i) => Math.max(0, end - begins[i]!)), ...tail])
}

/** Blocks of depth are outermost in a pixel: DCR, in ONNX's terms. */
const depthToSpace: Convert = (call) => {
  const { b, x, attributes } = call
  call.expectChannelsLast()
  const block = attributes.int('block_size')
  const [batch, height, width] = b.shape(x)
  const channels = b.size(x, 3) / (block * block)
  if (!Number.isInteger(channels)) b.wrong(`splits ${b.size(x, 3)} channels in blocks of ${block}`)
  const name = b.op('DepthToSpace', [b.get(x, 'first')], { blocksize: BigInt(block), mode: 'DCR' })
  return b.value(name, x.type, [batch, height && height * block, width && width * block, channels], 'first')
}

const spaceToDepth: Convert = (call) => {
  const { b, x, attributes } = call
  call.expectChannelsLast()
  const block = attributes.int('block_size')
  const [batch, ...sizes] = b.shape(x).slice(0, 3)
  const name = b.op('SpaceToDepth', [b.get(x, 'first')], { blocksize: BigInt(block) })
  return b.value(name, x.type, [batch, ...sizes.map((size) => size && Math.floor(size / block)), b.size(x, 3) * block * block], 'first') // prettier-ignore
}

export const images: Operators = {
  ResizeBilinear: resizing('linear'),
  ResizeNearestNeighbor: resizing('nearest'),
  CropAndResize: cropAndResize,
  NonMaxSuppressionV2: suppression(2),
  NonMaxSuppressionV3: suppression(3),
  NonMaxSuppressionV4: suppression(4),
  NonMaxSuppressionV5: suppression(5),
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
}

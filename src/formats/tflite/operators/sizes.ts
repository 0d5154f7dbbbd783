import type { Handler } from '../converter.ts'
import type { Converter } from '../converter.ts'
import { roundedAway } from '../rounding.ts'

/**
 * To the size `[height, width]` of the second input. Where an output pixel lies in the input (LiteRT
 * kernels/internal/reference/resize_*.h): bilinear by half_pixel, by align_corners, or by neither, which ONNX calls asymmetric;
 * nearest rounds half up with either and down without.
 */
function resize(mode: 'linear' | 'nearest', slots: { readonly align: number; readonly half: number }): Handler {
  return (c, { inputs: [x = -1, size = -1], outputs: [output = -1], options }) => {
    const aligns = options?.bool(slots.align) ?? false
    const isHalf = options?.bool(slots.half) ?? false
    const attributes = {
      mode,
      axes: [2n, 3n],
      coordinate_transformation_mode: aligns ? 'align_corners' : isHalf ? 'half_pixel' : 'asymmetric',
      ...(mode === 'nearest' && { nearest_mode: aligns || isHalf ? 'round_prefer_ceil' : 'floor' }),
    }
    const resized = (value: string): string => c.op('Resize', [value, '', '', c.int64(size)], attributes)
    const asCodes = c.sameCodes(x, output)
    // Nearest moves codes as they are; between codes are codes, rounded half away from zero (resize_bilinear.h).
    if (asCodes && mode === 'nearest') c.set(output, resized(c.get(x, 'first')), 'first')
    else if (asCodes && c.quantization(x))
      c.set(output, c.cast(roundedAway(c, resized(c.cast(c.get(x, 'first'), 'float32'))), c.type(x)), 'first')
    else c.setReal(output, resized(c.real(x, 'first')), 'first')
  }
}

/** int64 as the type that an output has. */
function setSizes(c: Converter, output: number, value: string): void {
  const type = c.type(output)
  c.set(output, type === 'int64' ? value : c.cast(value, type))
}

const fill: Handler = (c, { inputs: [shape = -1, value = -1], outputs: [output = -1] }) => {
  c.set(output, c.op('Expand', [c.get(value), c.int64(shape)]))
}

const range: Handler = (c, { inputs, outputs: [output = -1] }) => {
  const scalars = inputs.map((tensor) => c.op('Reshape', [c.get(tensor), c.writer.ints([])]))
  c.set(output, c.op('Range', scalars))
}

export const sizes: Readonly<Record<string, Handler>> = {
  RESIZE_BILINEAR: resize('linear', { align: 2, half: 3 }),
  RESIZE_NEAREST_NEIGHBOR: resize('nearest', { align: 0, half: 1 }),
  SHAPE: (c, { inputs: [x = -1], outputs: [output = -1] }) => setSizes(c, output, c.op('Shape', [c.get(x)])),
  RANK: (c, { inputs: [x = -1], outputs: [output = -1] }) => {
    c.set(output, c.writer.scalar(c.rank(x), c.type(output)))
  },
  FILL: fill,
  RANGE: range,
  BROADCAST_ARGS: (c, { inputs: [a = -1, b = -1], outputs: [output = -1] }) => {
    // The shape that two shapes are broadcast to is the one that ones of them have.
    const ones = (tensor: number): string => c.op('Expand', [c.writer.scalar(1, 'bool'), c.int64(tensor)])
    setSizes(c, output, c.op('Shape', [c.op('And', [ones(a), ones(b)])]))
  },
}

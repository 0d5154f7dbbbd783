import { square } from './convolution.ts'
import type { MadeModel } from './made-model.ts'
import { normalised } from './random.ts'
import { Trace } from './trace.ts'

export interface UnetSize {
  /** Channels of the first level; they double with each. */
  readonly width: number
  readonly levels: number
  readonly classes: number
  /** Height and width of the picture that is timed. */
  readonly pixels: number
}

/** U-Net (Ronneberger et al. 2015) for pictures of any size, exported by dynamo: it grows by bilinear interpolation. */
export function unet(name: string, { width, levels, classes, pixels }: UnetSize): MadeModel {
  const t = new Trace(name, 'dynamo', 18)
  const image = t.input('x', 'float32', ['batch', 3, 'height', 'width'])
  const channels = Array.from({ length: levels }, (_, level) => width * 2 ** level)
  const seen: string[] = []
  let x = image
  for (const [level, to] of channels.entries()) {
    if (level > 0) {
      seen.push(x)
      x = t.op('MaxPool', [x], {
        auto_pad: 'NOTSET',
        ceil_mode: 0n,
        dilations: [1n, 1n],
        kernel_shape: [2n, 2n],
        pads: [0n, 0n, 0n, 0n],
        storage_order: 0n,
        strides: [2n, 2n],
      })
    }
    x = twice(t, `down.${level}`, x, [channels[level - 1] ?? 3, to])
  }
  for (const [level, beside] of [...seen.entries()].toReversed()) {
    const grown = resizedTo(t, x, beside)
    const both = t.op('Concat', [beside, grown], { axis: 1n })
    x = twice(t, `up.${level}`, both, [3 * channels[level]!, channels[level]!])
  }
  t.output('conv2d', square(t, 'out', x, [width, classes], 1), 'float32', ['batch', classes, 'height', 'width'])
  const set = (count: number, height: number, across: number) => ({
    x: normalised(`${name}/${height}x${across}`, [count, 3, height, across]),
  })
  return { source: t.source(), workloads: { '': [set(1, pixels, pixels), set(2, 40, 56)] } }
}

function twice(t: Trace, name: string, x: string, [from, to]: readonly [number, number]): string {
  return t.within(name, () => {
    const first = t.op('Relu', [square(t, '0', x, [from, to], 3)])
    return t.op('Relu', [square(t, '1', first, [to, to], 3)])
  })
}

/** `F.interpolate(x, size=like.shape[-2:], mode='bilinear')` */
function resizedTo(t: Trace, x: string, like: string): string {
  const size = t.op('Concat', [t.sizeOf(like, 2) as string, t.sizeOf(like, 3) as string], { axis: 0n })
  const rest = t.op('Shape', [x], { start: 0n, end: 2n })
  return t.op('Resize', [x, '', '', t.op('Concat', [rest, size], { axis: 0n })], {
    antialias: 0n,
    coordinate_transformation_mode: 'half_pixel',
    cubic_coeff_a: -0.75,
    exclude_outside: 0n,
    extrapolation_value: 0,
    keep_aspect_ratio_policy: 'stretch',
    mode: 'linear',
    nearest_mode: 'floor',
  })
}

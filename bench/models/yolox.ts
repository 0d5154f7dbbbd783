import { silu } from './activations.ts'
import { depthwise, maxPool, square } from './convolution.ts'
import type { MadeModel } from './made-model.ts'
import { pictures } from './heads.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { Trace } from './trace.ts'

export interface YoloxSize {
  readonly pixels: number
  /** Channels after the stem; nano has 16. */
  readonly width: number
  /** Bottlenecks of the longer stages; nano has 3. */
  readonly depth: number
}

const classes = 80

/** YOLOX-nano (Ge et al. 2021) as its own export_onnx.py writes it: depthwise, boxes not yet decoded. */
export function yolox(name: string, { pixels, width, depth }: YoloxSize): MadeModel {
  const t = new Trace(name, 'torchscript', 11)
  const image = t.input('images', 'float32', [1, 3, pixels, pixels])
  const [c3, c4, c5] = [4 * width, 8 * width, 16 * width]

  const [d3, d4, d5] = t.within('backbone.backbone', () => {
    const x = base(t, 'stem.conv', focus(t, image), [12, width], 3)
    const two = stage(t, 'dark2', x, [width, 2 * width], 1)
    const three = stage(t, 'dark3', two, [2 * width, c3], depth)
    const four = stage(t, 'dark4', three, [c3, c4], depth)
    return [three, four, darkest(t, four, [c4, c5])] as const
  })
  const levels = t.within('backbone', () => {
    const lateral = base(t, 'lateral_conv0', d5, [c5, c4], 1)
    const p4 = crossStage(t, 'C3_p4', t.op('Concat', [twice(t, lateral), d4], { axis: 1n }), [2 * c4, c4], 1, false)
    const reduced = base(t, 'reduce_conv1', p4, [c4, c3], 1)
    const p3 = crossStage(t, 'C3_p3', t.op('Concat', [twice(t, reduced), d3], { axis: 1n }), [2 * c3, c3], 1, false)
    const down3 = separable(t, 'bu_conv2', p3, [c3, c3], 3, 2)
    const n3 = crossStage(t, 'C3_n3', t.op('Concat', [down3, reduced], { axis: 1n }), [2 * c3, c4], 1, false)
    const down4 = separable(t, 'bu_conv1', n3, [c4, c4], 3, 2)
    const n4 = crossStage(t, 'C3_n4', t.op('Concat', [down4, lateral], { axis: 1n }), [2 * c4, c5], 1, false)
    return [p3, n3, n4] as const
  })
  const found = t.within('head', () => levels.map((x, i) => head(t, i, x, [[c3, c4, c5][i]!, 4 * width])))
  const flat = found.map((x) => t.op('Reshape', [x, [1n, BigInt(5 + classes), -1n]]))
  const all = t.transpose(t.op('Concat', flat, { axis: 2n }), 0, 2, 1)
  const boxes = [8, 16, 32].reduce((sum, stride) => sum + (pixels / stride) ** 2, 0)
  t.output('output', all, 'float32', [1, boxes, 5 + classes])
  const { '': sets } = pictures(name, 'images', pixels)
  return { source: t.source(), workloads: { '': sets!.slice(0, 1) } }
}

/** Every other pixel and line, as four pictures in the channels. */
function focus(t: Trace, image: string): string {
  const everyOther = (x: string, axis: bigint, from: bigint): string =>
    t.op('Slice', [x, [from], [2n ** 63n - 1n], [axis], [2n]])
  const parts = [
    [0n, 0n],
    [1n, 0n],
    [0n, 1n],
    [1n, 1n],
  ] as const
  const cut = parts.map(([y, x]) => everyOther(everyOther(image, 2n, y), 3n, x))
  return t.op('Concat', cut, { axis: 1n })
}

function base(
  t: Trace,
  name: string,
  x: string,
  channels: readonly [number, number],
  kernel: number,
  stride = 1,
): string {
  return t.within(name, () => silu(t, square(t, 'conv', x, channels, kernel, { stride, gain: 1.3 })))
}

function separable(
  t: Trace,
  name: string,
  x: string,
  channels: readonly [number, number],
  kernel: number,
  stride = 1,
): string {
  return t.within(name, () => {
    const filtered = t.within('dconv', () => silu(t, depthwise(t, 'conv', x, channels[0], kernel, stride)))
    return base(t, 'pconv', filtered, channels, 1)
  })
}

/** A separable convolution that halves the picture, and a cross-stage block. */
function stage(t: Trace, name: string, x: string, channels: readonly [number, number], bottlenecks: number): string {
  return t.within(name, () => {
    const halved = separable(t, '0', x, channels, 3, 2)
    return crossStage(t, '1', halved, [channels[1], channels[1]], bottlenecks, true)
  })
}

/** The last stage, with maxima of growing windows. */
function darkest(t: Trace, x: string, [from, to]: readonly [number, number]): string {
  return t.within('dark5', () => {
    const halved = separable(t, '0', x, [from, to], 3, 2)
    const pooled = t.within('1', () => {
      const narrow = base(t, 'conv1', halved, [to, to / 2], 1)
      const windows = [5, 9, 13].map((size) => maxPool(t, narrow, size, 1, Math.floor(size / 2)))
      return base(t, 'conv2', t.op('Concat', [narrow, ...windows], { axis: 1n }), [2 * to, to], 1)
    })
    return crossStage(t, '2', pooled, [to, to], 1, false)
  })
}

/** Half the channels through bottlenecks, half of them not (CSPNet). */
function crossStage(
  t: Trace,
  name: string,
  x: string,
  [from, to]: readonly [number, number],
  bottlenecks: number,
  isResidual: boolean,
): string {
  return t.within(name, () => {
    const half = to / 2
    let through = base(t, 'conv1', x, [from, half], 1)
    const beside = base(t, 'conv2', x, [from, half], 1)
    for (let i = 0; i < bottlenecks; i++) {
      through = t.within(`m.${i}`, () => {
        const filtered = separable(t, 'conv2', base(t, 'conv1', through, [half, half], 1), [half, half], 3)
        return isResidual ? t.op('Add', [filtered, through]) : filtered
      })
    }
    return base(t, 'conv3', t.op('Concat', [through, beside], { axis: 1n }), [to, to], 1)
  })
}

/** Twice the height and width by repetition. A region of interest is not optional in opset 11; exporters give none of it. */
function twice(t: Trace, x: string): string {
  const scales = tensorFrom('float32', [4], [1, 1, 2, 2])
  return t.op('Resize', [x, tensorFrom('float32', [0], []), scales], {
    coordinate_transformation_mode: 'asymmetric',
    cubic_coeff_a: -0.75,
    mode: 'nearest',
    nearest_mode: 'floor',
  })
}

/** Classes and boxes of one level: `[1, box 4, object 1, classes 80, y, x]`. */
function head(t: Trace, level: number, x: string, [from, width]: readonly [number, number]): string {
  const stem = base(t, `stems.${level}`, x, [from, width], 1)
  const twiceFiltered = (name: string): string =>
    separable(t, `${name}.1`, separable(t, `${name}.0`, stem, [width, width], 3), [width, width], 3)
  const kinds = twiceFiltered(`cls_convs.${level}`)
  const places = twiceFiltered(`reg_convs.${level}`)
  const kind = square(t, `cls_preds.${level}`, kinds, [width, classes], 1)
  const box = square(t, `reg_preds.${level}`, places, [width, 4], 1)
  const object = square(t, `obj_preds.${level}`, places, [width, 1], 1)
  return t.op('Concat', [box, t.op('Sigmoid', [object]), t.op('Sigmoid', [kind])], { axis: 1n })
}

import { convolution } from './convolution.ts'
import type { MadeModel } from './made-model.ts'
import { normalised } from './random.ts'
import { Trace } from './trace.ts'

export interface QuartzNetSize {
  /** Of {@link blocks}. */
  readonly blocks: number
  readonly repeats: number
  /** Channels of the narrow blocks; QuartzNet 5×5 has 256. */
  readonly width: number
  /** Frames of the spectrogram that is timed. */
  readonly frames: number
}

/** Of each block: kernel, and channels by `width`. Table 1 of the paper. */
const blocks = [
  [33, 1],
  [39, 1],
  [51, 2],
  [63, 2],
  [75, 2],
] as const
const bands = 64
const letters = 29

/** QuartzNet (Kriman et al. 2019) as NeMo exports it: separable convolutions over time, their lengths not masked. */
export function quartzNet(name: string, { blocks: count, repeats, width, frames }: QuartzNetSize): MadeModel {
  const t = new Trace(name, 'torchscript', 16)
  const audio = t.input('audio_signal', 'float32', ['batch', bands, 'frames'])
  let channels = width
  let x = t.op('Relu', [separable(t, 'encoder.0', audio, [bands, width], 33, { stride: 2 })])
  for (const [i, [kernel, factor]] of blocks.slice(0, count).entries()) {
    x = t.within(`encoder.${i + 1}`, () => block(t, x, [channels, factor * width], kernel, repeats))
    channels = factor * width
  }
  x = t.op('Relu', [separable(t, `encoder.${count + 1}`, x, [channels, 2 * width], 87, { dilation: 2 })])
  x = t.op('Relu', [pointwise(t, `encoder.${count + 2}`, x, [2 * width, 4 * width])])
  const scores = t.transpose(pointwise(t, 'decoder', x, [4 * width, letters]), 0, 2, 1)
  t.output('logprobs', t.op('LogSoftmax', [scores], { axis: 2n }), 'float32', ['batch', 'frames_out', letters])
  const set = (rows: number, length: number) => ({
    audio_signal: normalised(`${name}/${length}`, [rows, bands, length]),
  })
  return { source: t.source(), workloads: { '': [set(1, frames), set(2, 67)] } }
}

/** Separable convolutions in a row, and one of width 1 around them. */
function block(t: Trace, x: string, [from, to]: readonly [number, number], kernel: number, repeats: number): string {
  let through = x
  for (let i = 0; i < repeats; i++) {
    through = separable(t, `mconv.${i}`, through, [i === 0 ? from : to, to], kernel)
    if (i < repeats - 1) through = t.op('Relu', [through])
  }
  return t.op('Relu', [t.op('Add', [through, pointwise(t, 'res.0', x, [from, to])])])
}

function separable(
  t: Trace,
  name: string,
  x: string,
  [from, to]: readonly [number, number],
  kernel: number,
  { stride = 1, dilation = 1 } = {},
): string {
  return t.within(name, () => {
    const filtered = convolution(t, 'depthwise', x, [from, from], {
      kernel: [kernel],
      groups: from,
      pads: [(dilation * (kernel - 1)) / 2],
      strides: [stride],
      dilations: [dilation],
      bias: false,
    })
    return pointwise(t, 'pointwise', filtered, [from, to])
  })
}

function pointwise(t: Trace, name: string, x: string, channels: readonly [number, number]): string {
  return convolution(t, name, x, channels, { kernel: [1], gain: 1 })
}

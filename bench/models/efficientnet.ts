import { silu } from './activations.ts'
import { depthwise, square } from './convolution.ts'
import { classifier, pictures } from './heads.ts'
import type { MadeModel } from './made-model.ts'
import { squeezeAndExcite } from './squeeze.ts'
import { Trace } from './trace.ts'

export interface EfficientNetSize {
  readonly pixels: number
  readonly classes: number
  /** Stages, see {@link b0}. */
  readonly stages: number
}

/** Of each stage: kernel, expansion, channels, blocks, stride of the first. Table 1 of the paper. */
const b0 = [
  [3, 1, 16, 1, 1],
  [3, 6, 24, 2, 2],
  [5, 6, 40, 2, 2],
  [3, 6, 80, 3, 2],
  [5, 6, 112, 3, 1],
  [5, 6, 192, 4, 2],
  [3, 6, 320, 1, 1],
] as const

/** EfficientNet-B0 (Tan and Le 2019) as timm has it: SiLU and means in pieces. */
export function efficientNet(name: string, { pixels, classes, stages }: EfficientNetSize): MadeModel {
  const t = new Trace(name, 'torchscript', 17)
  const image = t.input('input', 'float32', ['batch', 3, pixels, pixels])
  let x = silu(t, square(t, 'conv_stem', image, [3, 32], 3, { stride: 2 }))
  let channels = 32
  for (const [stage, [kernel, expansion, to, blocks, first]] of b0.slice(0, stages).entries()) {
    for (let i = 0; i < blocks; i++) {
      const block = { kernel, from: channels, expanded: channels * expansion, to, stride: i === 0 ? first : 1 }
      x = t.within(`blocks.${stage}.${i}`, () => mobileBlock(t, x, block))
      channels = to
    }
  }
  x = silu(t, square(t, 'conv_head', x, [channels, 4 * channels], 1))
  t.output('output', classifier(t, 'classifier', x, [4 * channels, classes]), 'float32', ['batch', classes])
  return { source: t.source(), workloads: pictures(name, 'input', pixels) }
}

interface Block {
  readonly kernel: number
  readonly from: number
  readonly expanded: number
  readonly to: number
  readonly stride: number
}

function mobileBlock(t: Trace, x: string, { kernel, from, expanded, to, stride }: Block): string {
  const wide = from === expanded ? x : silu(t, square(t, 'conv_pw', x, [from, expanded], 1))
  const filtered = silu(t, depthwise(t, 'conv_dw', wide, expanded, kernel, stride))
  const excited = squeezeAndExcite(t, 'se', filtered, [expanded, Math.round(from / 4)], {
    mean: (y) => t.reduce('ReduceMean', y, [2, 3]),
    activation: (y) => silu(t, y),
    gate: (y) => t.op('Sigmoid', [y]),
  })
  const narrow = square(t, 'conv_pwl', excited, [expanded, to], 1)
  return stride === 1 && from === to ? t.op('Add', [narrow, x]) : narrow
}

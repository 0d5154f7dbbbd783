import { relu6 } from './activations.ts'
import { depthwise, square } from './convolution.ts'
import { classifier, pictures } from './heads.ts'
import type { MadeModel } from './made-model.ts'
import { Trace } from './trace.ts'

export interface MobileNetV2Size {
  readonly pixels: number
  readonly classes: number
  /** Stages, see {@link mobileNetV2Stages}. */
  readonly stages: number
}

/** Of each stage: expansion, channels, blocks, stride of the first. Table 2 of the paper. */
export const mobileNetV2Stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/** One block of the network: a residual where neither size nor channels change. */
export interface InvertedResidual {
  readonly from: number
  readonly to: number
  readonly expanded: number
  readonly stride: number
}

/** The blocks of the first stages. */
export function invertedResiduals(stages: number): InvertedResidual[] {
  let from = 32
  return mobileNetV2Stages.slice(0, stages).flatMap(([expansion, to, blocks, first]) =>
    Array.from({ length: blocks }, (_, i) => {
      const block = { from, to, expanded: from * expansion, stride: i === 0 ? first : 1 }
      from = to
      return block
    }),
  )
}

/** MobileNet v2 (Sandler et al. 2018) as torchvision has it: Relu6 is a Clip. */
export function mobileNetV2(name: string, { pixels, classes, stages }: MobileNetV2Size): MadeModel {
  const t = new Trace(name, 'torchscript', 14)
  const image = t.input('input', 'float32', ['batch', 3, pixels, pixels])
  let x = relu6(t, square(t, 'features.0', image, [3, 32], 3, { stride: 2 }))
  const blocks = invertedResiduals(stages)
  for (const [i, block] of blocks.entries()) x = t.within(`features.${i + 1}`, () => invertedResidual(t, x, block))
  const last = blocks.at(-1)!.to
  x = relu6(t, square(t, `features.${blocks.length + 1}`, x, [last, 4 * last], 1))
  t.output('output', classifier(t, 'classifier', x, [4 * last, classes]), 'float32', ['batch', classes])
  return { source: t.source(), workloads: pictures(name, 'input', pixels) }
}

function invertedResidual(t: Trace, x: string, { from, to, expanded, stride }: InvertedResidual): string {
  const wide = from === expanded ? x : relu6(t, square(t, 'conv.0', x, [from, expanded], 1))
  const filtered = relu6(t, depthwise(t, 'conv.1', wide, expanded, 3, stride))
  const narrow = square(t, 'conv.2', filtered, [expanded, to], 1, { gain: 1 })
  return stride === 1 && from === to ? t.op('Add', [x, narrow]) : narrow
}

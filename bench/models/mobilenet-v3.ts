import { hardSigmoid, hardSigmoidInPieces, hardSwish, hardSwishInPieces } from './activations.ts'
import { depthwise, square } from './convolution.ts'
import { pictures } from './heads.ts'
import { linearOfRows } from './linear.ts'
import type { MadeModel } from './made-model.ts'
import { squeezeAndExcite } from './squeeze.ts'
import { Trace } from './trace.ts'

export interface MobileNetV3Size {
  readonly pixels: number
  readonly classes: number
  /** How many blocks, see {@link variants}. */
  readonly blocks: number
}

type Nonlinearity = 'Relu' | 'HardSwish'

/** Kernel, expanded, out, squeeze-and-excitation, nonlinearity, stride. */
type Block = readonly [number, number, number, boolean, Nonlinearity, number]

/** Tables 1 and 2 of the paper. */
const variants = {
  large: {
    blocks: [
      [3, 16, 16, false, 'Relu', 1],
      [3, 64, 24, false, 'Relu', 2],
      [3, 72, 24, false, 'Relu', 1],
      [5, 72, 40, true, 'Relu', 2],
      [5, 120, 40, true, 'Relu', 1],
      [5, 120, 40, true, 'Relu', 1],
      [3, 240, 80, false, 'HardSwish', 2],
      [3, 200, 80, false, 'HardSwish', 1],
      [3, 184, 80, false, 'HardSwish', 1],
      [3, 184, 80, false, 'HardSwish', 1],
      [3, 480, 112, true, 'HardSwish', 1],
      [3, 672, 112, true, 'HardSwish', 1],
      [5, 672, 160, true, 'HardSwish', 2],
      [5, 960, 160, true, 'HardSwish', 1],
      [5, 960, 160, true, 'HardSwish', 1],
    ],
    hidden: 1280,
  },
  small: {
    blocks: [
      [3, 16, 16, true, 'Relu', 2],
      [3, 72, 24, false, 'Relu', 2],
      [3, 88, 24, false, 'Relu', 1],
      [5, 96, 40, true, 'HardSwish', 2],
      [5, 240, 40, true, 'HardSwish', 1],
      [5, 240, 40, true, 'HardSwish', 1],
      [5, 120, 48, true, 'HardSwish', 1],
      [5, 144, 48, true, 'HardSwish', 1],
      [5, 288, 96, true, 'HardSwish', 2],
      [5, 576, 96, true, 'HardSwish', 1],
      [5, 576, 96, true, 'HardSwish', 1],
    ],
    hidden: 1024,
  },
} as const satisfies Record<string, { readonly blocks: readonly Block[]; readonly hidden: number }>

/** MobileNet v3 large (Howard et al. 2019) as torchvision has it, exported by dynamo: HardSwish and HardSigmoid are operators. */
export function mobileNetV3(name: string, size: MobileNetV3Size): MadeModel {
  return network(name, new Trace(name, 'dynamo', 18), variants.large, size)
}

/** MobileNet v3 small as it was exported before there were operators for that, and as Paddle's exporter still writes it. */
export function mobileNetV3Small(name: string, size: MobileNetV3Size): MadeModel {
  return network(name, new Trace(name, 'torchscript', 12), variants.small, size)
}

function network(
  name: string,
  t: Trace,
  { blocks, hidden }: { readonly blocks: readonly Block[]; readonly hidden: number },
  { pixels, classes, blocks: count }: MobileNetV3Size,
): MadeModel {
  const image = t.input('x', 'float32', ['batch', 3, pixels, pixels])
  let x = swish(t, square(t, 'features.0', image, [3, 16], 3, { stride: 2 }))
  let channels = 16
  for (const [i, block] of blocks.slice(0, count).entries()) {
    x = t.within(`features.${i + 1}`, () => invertedResidual(t, x, channels, block))
    channels = block[2]
  }
  x = swish(t, square(t, `features.${count + 1}`, x, [channels, 6 * channels], 1))
  const pooled = t.op('GlobalAveragePool', [x])
  const flat =
    t.exporter === 'dynamo' ? t.view(pooled, [t.sizeOf(x, 0), 6 * channels]) : t.op('Flatten', [pooled], { axis: 1n })
  const wide = swish(t, linearOfRows(t, 'classifier.0', flat, [6 * channels, hidden], { gain: 2 }))
  t.output('scores', linearOfRows(t, 'classifier.3', wide, [hidden, classes]), 'float32', ['batch', classes])
  return { source: t.source(), workloads: pictures(name, 'x', pixels) }
}

function swish(t: Trace, x: string): string {
  return t.opset >= 14 ? hardSwish(t, x) : hardSwishInPieces(t, x)
}

function invertedResidual(
  t: Trace,
  x: string,
  from: number,
  [kernel, expanded, to, isSqueezed, nonlinearity, stride]: Block,
): string {
  const activate = (y: string): string => (nonlinearity === 'Relu' ? t.op('Relu', [y]) : swish(t, y))
  const wide = from === expanded ? x : activate(square(t, 'block.0', x, [from, expanded], 1))
  let filtered = activate(depthwise(t, 'block.1', wide, expanded, kernel, stride))
  if (isSqueezed) {
    // torchvision rounds to multiples of eight.
    const squeezed = Math.max(8, Math.round(expanded / 4 / 8) * 8)
    filtered = squeezeAndExcite(t, 'block.2', filtered, [expanded, squeezed], {
      mean: (y) => t.op('GlobalAveragePool', [y]),
      activation: (y) => t.op('Relu', [y]),
      gate: (y) => (t.opset >= 14 ? hardSigmoid(t, y) : hardSigmoidInPieces(t, y)),
    })
  }
  const narrow = square(t, 'block.3', filtered, [expanded, to], 1, { gain: 1 })
  return stride === 1 && from === to ? t.op('Add', [narrow, x]) : narrow
}

import { convolution, maxPool, square } from './convolution.ts'
import { pictures } from './heads.ts'
import { linearOfRows } from './linear.ts'
import type { MadeModel } from './made-model.ts'
import { Trace } from './trace.ts'

export interface AlexNetSize {
  /** Of 64 and its multiples, the channels of the convolutions. */
  readonly width: number
  readonly hidden: number
  readonly classes: number
}

const pixels = 224

/** AlexNet (Krizhevsky et al. 2012) as torchvision has it: nearly all of it is two large Linears. */
export function alexNet(name: string, { width, hidden, classes }: AlexNetSize): MadeModel {
  const t = new Trace(name, 'torchscript', 14)
  const image = t.input('input', 'float32', ['batch', 3, pixels, pixels])
  const relu = (x: string): string => t.op('Relu', [x])
  const features = t.within('features', () => {
    const first = { kernel: [11, 11], strides: [4, 4], pads: [2, 2] }
    let x = maxPool(t, relu(convolution(t, '0', image, [3, width], first)), 3, 2)
    x = maxPool(t, relu(square(t, '3', x, [width, 3 * width], 5)), 3, 2)
    x = relu(square(t, '6', x, [3 * width, 6 * width], 3))
    x = relu(square(t, '8', x, [6 * width, 4 * width], 3))
    return maxPool(t, relu(square(t, '10', x, [4 * width, 4 * width], 3)), 3, 2)
  })
  // An adaptive pooling to the size that there is.
  const pooled = t.op('AveragePool', [features], { kernel_shape: [1n, 1n], strides: [1n, 1n] })
  const flat = t.op('Flatten', [pooled], { axis: 1n })
  const scores = t.within('classifier', () => {
    let x = relu(linearOfRows(t, '1', flat, [4 * width * 36, hidden], { gain: 1.4 }))
    x = relu(linearOfRows(t, '4', x, [hidden, hidden], { gain: 1.4 }))
    return linearOfRows(t, '6', x, [hidden, classes])
  })
  t.output('output', scores, 'float32', ['batch', classes])
  return { source: t.source(), workloads: pictures(name, 'input', pixels) }
}

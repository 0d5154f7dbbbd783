import { relu6 } from './activations.ts'
import { type ConvolutionOptions, convolution } from './convolution.ts'
import type { MadeModel } from './made-model.ts'
import { normalised } from './random.ts'
import { Trace } from './trace.ts'

export interface MobileNetV1Size {
  readonly pixels: number
  /** Channels of the first convolution; 32 is the network of width 1. */
  readonly width: number
  readonly classes: number
  /** Depthwise blocks that are left out in the middle, where five are the same. */
  readonly repeats: number
}

/** MobileNet v1 (Howard et al. 2017) as Keras has it, by tf2onnx: pixels last at the input, uneven padding, a 1×1 head. */
export function mobileNetV1(name: string, { pixels, width, classes, repeats }: MobileNetV1Size): MadeModel {
  const t = new Trace(name, 'tf2onnx', 13)
  const image = t.input('input_1', 'float32', ['unk__1', pixels, pixels, 3])
  // Where the stride is 2, TensorFlow's "same" pads at the end only.
  const layer = (
    module: string,
    x: string,
    channels: readonly [number, number],
    kernel: number,
    stride: number,
    options: Partial<ConvolutionOptions> = {},
  ): string => {
    const before = kernel === 3 && stride === 1 ? 1 : 0
    const after = kernel === 3 ? 1 : 0
    return relu6(
      t,
      convolution(t, module, x, channels, {
        kernel: [kernel, kernel],
        strides: [stride, stride],
        pads: [before, before, after, after],
        ...options,
      }),
    )
  }
  let channels = width
  let x = layer('conv1', t.transpose(image, 0, 3, 1, 2), [3, width], 3, 2)
  const strides = [1, 2, 1, 2, 1, 2, ...Array.from({ length: repeats }, () => 1), 2, 1]
  for (const [i, stride] of strides.entries()) {
    // The channels double with the first block and with each stride, but for the last block, which is as its like.
    const wider = i === 0 || stride === 2 ? 2 * channels : channels
    x = layer(`conv_dw_${i + 1}`, x, [channels, channels], 3, stride, { groups: channels })
    x = layer(`conv_pw_${i + 1}`, x, [channels, wider], 1, 1)
    channels = wider
  }
  const pooled = t.op('GlobalAveragePool', [x])
  const scores = convolution(t, 'conv_preds', pooled, [channels, classes], { kernel: [1, 1], gain: 2 })
  const flat = t.op('Reshape', [t.transpose(scores, 0, 2, 3, 1), [-1n, BigInt(classes)]])
  t.output('predictions', t.op('Softmax', [flat], { axis: -1n }), 'float32', ['unk__1', classes])
  const set = (count: number) => ({ input_1: normalised(`${name}/${count}`, [count, pixels, pixels, 3]) })
  return { source: t.source(), workloads: { '': [set(1), set(2)] } }
}

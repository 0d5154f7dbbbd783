import { tensorFrom } from '../../src/onnx/tensor.ts'
import { convolution, maxPool, square } from './convolution.ts'
import { linearOfRows } from './linear.ts'
import type { MadeModel } from './made-model.ts'
import { normalised } from './random.ts'
import { Trace } from './trace.ts'

export interface CrnnSize {
  /** Channels of the first convolution; 64 in the paper. */
  readonly width: number
  /** Of each LSTM and direction. */
  readonly hidden: number
  readonly letters: number
  /** Of the line of text that is timed, which is 32 high. */
  readonly pixels: number
}

/** CRNN for reading a line of text (Shi et al. 2015): convolutions down to one row, two LSTMs over its columns. */
export function crnn(name: string, { width, hidden, letters, pixels }: CrnnSize): MadeModel {
  const t = new Trace(name, 'torchscript', 14)
  const line = t.input('input', 'float32', ['batch', 1, 32, 'width'])
  const layer = (module: string, x: string, channels: readonly [number, number]): string =>
    t.op('Relu', [square(t, module, x, channels, 3)])
  const rows = t.within('cnn', () => {
    let x = maxPool(t, layer('conv0', line, [1, width]), 2, 2)
    x = maxPool(t, layer('conv1', x, [width, 2 * width]), 2, 2)
    x = layer('conv2', x, [2 * width, 4 * width])
    x = flatPool(t, layer('conv3', x, [4 * width, 4 * width]))
    x = layer('conv4', x, [4 * width, 8 * width])
    x = flatPool(t, layer('conv5', x, [8 * width, 8 * width]))
    return t.op('Relu', [convolution(t, 'conv6', x, [8 * width, 8 * width], { kernel: [2, 2] })])
  })
  const columns = t.transpose(t.op('Squeeze', [rows, [2n]]), 2, 0, 1)
  const first = t.within('rnn.0', () => lstm(t, columns, [8 * width, hidden, hidden]))
  const scores = t.within('rnn.1', () => lstm(t, first, [hidden, hidden, letters]))
  t.output('output', t.op('LogSoftmax', [scores], { axis: 2n }), 'float32', ['steps', 'batch', letters])
  const set = (count: number, size: number) => ({ input: normalised(`${name}/${size}`, [count, 1, 32, size]) })
  return { source: t.source(), workloads: { '': [set(1, pixels), set(2, 52)] } }
}

/** Half the height, and as wide as before but for the padding. */
function flatPool(t: Trace, x: string): string {
  return t.op('MaxPool', [x], {
    ceil_mode: 0n,
    kernel_shape: [2n, 2n],
    pads: [0n, 1n, 0n, 1n],
    strides: [2n, 1n],
  })
}

/** An LSTM in both directions and a Linear over what they give: its initial states are zeros of the batch's size. */
function lstm(t: Trace, x: string, [from, hidden, to]: readonly [number, number, number]): string {
  const batch = t.sizeOf(x, 1)
  const states = ['h', 'c'].map(() =>
    t.op('ConstantOfShape', [t.shape([2, batch, hidden])], { value: tensorFrom('float32', [1], [0]) }),
  )
  const weights = t.within('rnn', () => [
    t.weight('weight_ih', [2, 4 * hidden, from], { std: 1 / Math.sqrt(from) }),
    t.weight('weight_hh', [2, 4 * hidden, hidden], { std: 1 / Math.sqrt(hidden) }),
    t.weight('bias', [2, 8 * hidden], { std: 0.1 }),
  ])
  const [steps] = t.ops('LSTM', 3, [x, ...weights, '', ...states], {
    direction: 'bidirectional',
    hidden_size: BigInt(hidden),
  }) as [string]
  const both = t.op('Reshape', [t.transpose(steps, 0, 2, 1, 3), [0n, 0n, -1n]], { allowzero: 0n })
  const length = t.sizeOf(both, 0)
  const many = t.op('Mul', [length as string, t.sizeOf(both, 1) as string])
  const rows = t.view(both, [many, 2 * hidden])
  return t.view(linearOfRows(t, 'embedding', rows, [2 * hidden, to], { gain: 3 }), [length, batch, -1])
}

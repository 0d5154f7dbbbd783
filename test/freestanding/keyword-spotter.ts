import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { Random } from '../builtin/random/random.ts'

/**
 * A keyword spotter of the size and shape of MLPerf Tiny's DS-CNN (Zhang et al., "Hello Edge", 2017): 49 × 10 coefficients, a convolution,
 * four pairs of depthwise and pointwise ones of 64 channels, 12 words. All int8; weights are random, outputs spread over some dozens of codes.
 */
export function keywordSpotter(): Uint8Array {
  const random = new Random(7)
  const scalar = (value: number): Tensor => tensorFrom('float32', [], [value])
  const initializers: Record<string, Tensor> = {
    sx: scalar(1 / 32),
    // What is behind a Relu uses all codes for numbers from 0.
    zx: tensorFrom('int8', [], [0]),
    za: tensorFrom('int8', [], [-128]),
    sa: scalar(1 / 24),
    sw: scalar(1 / 300),
    zw: tensorFrom('int8', [], [0]),
    sy: scalar(1 / 4),
    flat: tensorFrom('int64', [2], [1n, 64n]),
  }
  const int8 = (shape: readonly number[], most = 127): Tensor => {
    const count = shape.reduce((a, b) => a * b, 1)
    return tensorFrom(
      'int8',
      shape,
      Array.from({ length: count }, () => random.int(-most, most)),
    )
  }
  const nodes: NodeSource[] = []
  const conv = (from: string, to: string, weights: readonly number[], attributes: NodeSource['attributes']): void => {
    initializers[`w_${to}`] = int8(weights)
    const bias = Array.from({ length: weights[0]! }, () => random.int(-2000, 2000))
    initializers[`b_${to}`] = tensorFrom('int32', [weights[0]!], bias)
    const input = from === 'features' ? ['features', 'sx', 'zx'] : [from, 'sa', 'za']
    const inputs = [...input, `w_${to}`, 'sw', 'zw', 'sa', 'za', `b_${to}`]
    nodes.push({ op: 'QLinearConv', inputs, outputs: [to], ...(attributes && { attributes }) })
  }
  conv('features', 'a0', [64, 1, 10, 4], { strides: [2n, 2n], pads: [4n, 1n, 5n, 1n] })
  for (let i = 1; i <= 4; i++) {
    conv(`a${i - 1}`, `d${i}`, [64, 1, 3, 3], { pads: [1n, 1n, 1n, 1n], group: 64n })
    conv(`d${i}`, `a${i}`, [64, 64, 1, 1], {})
  }
  initializers['words'] = int8([64, 12])
  nodes.push(
    {
      op: 'QLinearGlobalAveragePool',
      domain: 'com.microsoft',
      inputs: ['a4', 'sa', 'za', 'sa', 'za'],
      outputs: ['p'],
      attributes: { channels_last: 0n },
    },
    { op: 'Reshape', inputs: ['p', 'flat'], outputs: ['f'] },
    { op: 'QLinearMatMul', inputs: ['f', 'sa', 'za', 'words', 'sw', 'zw', 'sy', 'zx'], outputs: ['scores'] },
  )
  return modelBytes({
    opsets: { '': 17, 'com.microsoft': 1 },
    inputs: { features: tensorType('int8', [1, 1, 49, 10]) },
    outputs: { scores: tensorType('int8', [1, 12]) },
    initializers,
    nodes,
  })
}

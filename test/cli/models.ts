import { type AttributeSource, modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import { elementTypes } from '../../src/onnx/element-type.ts'
import { WireWriter } from '../../src/onnx/wire.ts'

/** y = x + [1, 2, 3] for x of any number of rows. */
export function addModel(rows: string | undefined = 'batch'): Uint8Array {
  return modelBytes({
    opsets: { '': 17 },
    producer: 'test',
    metadata: { author: 'nobody' },
    inputs: { x: tensorType('float32', [rows, 3]) },
    outputs: { y: tensorType('float32', [rows, 3]) },
    initializers: { b: tensorFrom('float32', [3], [1, 2, 3]) },
    nodes: [{ op: 'Add', inputs: ['x', 'b'], outputs: ['y'] }],
  })
}

/** y = Relu(x W) with x [2, 4] and W [4, 8]: 2 · 2 · 4 · 8 + 16 = 144 FLOPs. */
export function denseModel(): Uint8Array {
  const weights = Array.from({ length: 32 }, (_, i) => i % 5)
  return modelBytes({
    opsets: { '': 13 },
    inputs: { x: tensorType('float32', [2, 4]) },
    outputs: { y: tensorType('float32', [2, 8]) },
    initializers: { W: tensorFrom('float32', [4, 8], weights) },
    nodes: [
      { op: 'MatMul', inputs: ['x', 'W'], outputs: ['xW'] },
      { op: 'Relu', inputs: ['xW'], outputs: ['y'] },
    ],
  })
}

/** y = x W and the index of its largest element, with x [rows, 64] and W [64, 256]. */
export function classifier(): Uint8Array {
  const weights = Array.from({ length: 64 * 256 }, (_, i) => Math.fround(Math.sin(i * i)))
  return modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', ['rows', 64]) },
    outputs: { y: tensorType('float32', ['rows', 256]), label: tensorType('int64', ['rows']) },
    initializers: { W: tensorFrom('float32', [64, 256], weights) },
    nodes: [
      { op: 'MatMul', inputs: ['x', 'W'], outputs: ['y'] },
      { op: 'ArgMax', inputs: ['y'], outputs: ['label'], attributes: { axis: 1n, keepdims: 0n } },
    ],
  })
}

/** y = x W with W [64, 4096]: a megabyte. */
export function largeModel(): Uint8Array {
  const weights = Array.from({ length: 64 * 4096 }, (_, i) => Math.fround(Math.sin(i * i)))
  return modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [1, 64]) },
    outputs: { y: tensorType('float32', [1, 4096]) },
    initializers: { W: tensorFrom('float32', [64, 4096], weights) },
    nodes: [{ op: 'MatMul', inputs: ['x', 'W'], outputs: ['y'] }],
  })
}

/** y = x + x of int64. */
export function integerModel(): Uint8Array {
  return modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('int64', [2]) },
    outputs: { y: tensorType('int64', [2]) },
    nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
  })
}

/** y = 1 / x: infinities and NaN can be had from it. */
export function reciprocalModel(): Uint8Array {
  return modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [3]) },
    outputs: { y: tensorType('float32', [3]) },
    nodes: [{ op: 'Reciprocal', inputs: ['x'], outputs: ['y'] }],
  })
}

/** A node that nobody implements, behind one in an `If`. */
export function unknownModel(): Uint8Array {
  const branch = (op: string): AttributeSource => ({
    outputs: { r: tensorType('float32', [2]) },
    nodes: [{ op, inputs: ['x'], outputs: ['r'] }],
  })
  return modelBytes({
    opsets: { '': 17, 'com.example': 1 },
    inputs: { c: tensorType('bool', []), x: tensorType('float32', [2]) },
    outputs: { y: tensorType('float32', [2]) },
    nodes: [
      {
        op: 'If',
        inputs: ['c'],
        outputs: ['z'],
        attributes: { then_branch: branch('Relu'), else_branch: branch('Neg') },
      },
      { op: 'Frobnicate', domain: 'com.example', inputs: ['z'], outputs: ['y'] },
    ],
  })
}

/** A tensor as in the `.pb` files of ONNX's tests. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  return onnx.TensorProto.encode(tensorMessage(tensor), new WireWriter()).finish()
}

/** The tensors of a sequence as a SequenceProto. */
export function sequenceBytes(tensors: readonly Tensor[]): Uint8Array {
  const message = { elemType: 1, tensorValues: tensors.map(tensorMessage) }
  return onnx.SequenceProto.encode(message, new WireWriter()).finish()
}

function tensorMessage({ type, dims, data }: Tensor): { dataType: number; dims: bigint[]; rawData: Uint8Array } {
  return { dataType: elementTypes[type].code, dims: dims.map(BigInt), rawData: data }
}

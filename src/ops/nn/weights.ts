import type { Node } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { broadcastTo } from '../../graph/demands.ts'
import { halfNumbers } from '../../onnx/half.ts'
import { lazyTensor, tensorArray } from '../../onnx/tensor.ts'
import { bytesOf, floats } from '../../graph/data.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

/**
 * The compiler's own: float32 weights of float16, or of int8 times scales that are shared along axes, see
 * src/graph/rewrites/small-weights.ts. One kernel for all of a model's weights, where Cast and Dequantize would have
 * one each: it runs once.
 */
const WidenWeights: LoweredOperator = {
  name: 'WidenWeights',
  domain: 'om',
  rules: takes('codes:float16|int8 scales?:float32', {}, (node) => {
    const scales = node.inputs[1]
    return scales ? [...broadcastTo(node, node.input(0).dims, [{ input: 1, from: 0, dims: scales.dims }])] : []
  }),
  infer: (node) => [{ type: 'float32', shape: node.input(0).shape }],
  fold(node) {
    const codes = node.input(0).constant!
    const scales = node.inputs[1]?.constant
    const make = (): Float32Array =>
      scales
        ? scaled(tensorArray(codes) as Int8Array, floats(scales), node)
        : halfNumbers(tensorArray(codes) as Uint16Array)
    return [lazyTensor('float32', codes.dims, () => bytesOf(make()))]
  },
  lower(node, k) {
    k.include('widen.h')
    const [codes, y] = [k.input(0), k.output()]
    if (node.inputs[1]) k.line(`om_widen_int8(${codes}, ${k.input(1)}, ${y}, ${sizesOf(node).join(', ')});`)
    else k.line(`om_widen_float16(${codes}, ${y}, ${k.count(node.input(0).dims)});`)
  },
}

type Sizes = readonly [a: number, b: number, c: number, d: number]

/** Sizes of the axes once neighbours of one kind are one: those with scales of their own, shared, own, shared. */
function sizesOf(node: Node): Sizes {
  const [codes, scales] = [node.input(0).staticShape!, node.input(1).staticShape!]
  const sizes: [number, number, number, number] = [1, 1, 1, 1]
  let at = 0
  for (const [axis, size] of codes.entries()) {
    if (size === 1) continue
    const isShared = scales[axis] === 1
    if ((at % 2 === 1) !== isShared) at++
    if (at > 3) throw node.error('UNSUPPORTED_SCALES', `scales of [${scales.join(', ')}] change their kind too often`)
    sizes[at]! *= size
  }
  return sizes
}

/** As om_widen_int8 of native/kernels/widen.h. */
function scaled(codes: Int8Array, scales: Float32Array, node: Node): Float32Array {
  const [, b, c, d] = sizesOf(node)
  return Float32Array.from(codes, (code, index) => {
    const channel = Math.floor(index / d) % c
    return code * scales[Math.floor(index / (b * c * d)) * c + channel]!
  })
}

export const weights: readonly LoweredOperator[] = [WidenWeights]

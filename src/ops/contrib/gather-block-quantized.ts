import { multiply } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { MICROSOFT } from './domain.ts'
import { bitsOf, blockSizeOf } from './packed-bits.ts'
import { asInput } from './quantized-elementwise.ts'

/** How codes lie and what they are read by. */
interface Table {
  readonly gather: number
  readonly quantized: number
  readonly block: number
  /** Bits of a code where several share a byte of the last axis; else 8. */
  readonly bits: number
}

function tableOf(node: Node): Table {
  const { type, rank } = node.input(0)
  const gather = normalizeAxis(node, node.int('gather_axis', 0), rank)
  const quantized = normalizeAxis(node, node.int('quantize_axis', 1), rank)
  const block = blockSizeOf(node, 128)
  const bits = type === 'uint8' ? bitsOf(node) : 8
  if (typeof node.input(0).dims[quantized] !== 'number')
    throw node.error(
      'UNSUPPORTED_DYNAMIC',
      `axis ${quantized} of data, along which blocks are, must be known at compile time`,
    )
  if (bits < 8 && (quantized !== rank - 1 || gather === quantized))
    throw node.error(
      'MODEL_ATTRIBUTE',
      `quantize_axis is ${quantized} and gather_axis ${gather}, but codes of ${bits} bits in bytes are along the last axis, ` +
        `and gathered along another`,
    )
  return { gather, quantized, block, bits }
}

/**
 * Rows of a table that is quantised by blocks: of embeddings that stay as few bits in memory. Only what is gathered is
 * dequantised, where blocks are not along the axis that is gathered.
 */
const GatherBlockQuantized: LoweredOperator = {
  name: 'GatherBlockQuantized',
  domain: MICROSOFT,
  rules: takes('data:T[_, ...] indices:int32|int64 scales:F zero_points?:T', {
    T: 'uint4|int4|uint8',
    F: 'float16|bfloat16|float32',
  }),
  infer: asInput(2),
  decompose(node, b) {
    const { gather, quantized, block, bits } = tableOf(node)
    const [data, indices, scales, zeros] = [node.input(0), node.input(1), node.input(2), node.inputs[3]]
    const read = (x: Value): Value => b.op('Gather', [x, indices], { axis: gather })
    const isAlong = gather === quantized
    const axis = isAlong || quantized < gather ? quantized : quantized + indices.rank - 1
    const [codes, scale, zero] = isAlong ? [data, scales, zeros] : [read(data), read(scales), zeros && read(zeros)]
    const whole = unpacked(b, codes, bits)
    const numbers = b.op('DequantizeLinear', [whole, scale, zeroOf(b, zero, scale, whole, bits)], {
      axis,
      block_size: block,
    })
    return [isAlong ? read(numbers) : numbers]
  },
}

/** Codes of fewer bits than a byte, the first of a byte in its lowest bits, as a byte each along the last axis. */
function unpacked(b: Builder, bytes: Value, bits: number): Value {
  if (bits === 8) return bytes
  const each = 8 / bits
  const parts = Array.from({ length: each }, (_, part) => {
    const moved = part === 0 ? bytes : b.op('BitShift', [bytes, b.scalar(part * bits, 'uint8')], { direction: 'RIGHT' })
    const code = part === each - 1 ? moved : b.op('BitwiseAnd', [moved, b.scalar(2 ** bits - 1, 'uint8')])
    return b.op('Unsqueeze', [code, b.ints([-1])])
  })
  const together = b.op('Concat', parts, { axis: -1 })
  return b.reshape(together, [...bytes.dims.slice(0, -1), multiply(bytes.dims.at(-1)!, each)])
}

/** Zero points of the shape of scales. Bytes without are about the middle of their range. */
function zeroOf(b: Builder, zero: Value | undefined, scale: Value, codes: Value, bits: number): Value | undefined {
  if (!zero) {
    if (codes.type !== 'uint8') return undefined
    const middle = b.scalar(2 ** (bits - 1), 'uint8')
    return b.op('Expand', [middle, b.dims(scale.dims)])
  }
  const whole = unpacked(b, zero, bits)
  if (bits === 8) return whole
  return b.op('Slice', [whole, b.ints([0]), b.dims(scale.dims.slice(-1)), b.ints([-1])])
}

export const gatherBlockQuantized: readonly LoweredOperator[] = [GatherBlockQuantized]

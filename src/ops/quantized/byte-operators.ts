import type { Node } from '../../graph/graph.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'
import { type Dim, product } from '../../graph/dim.ts'
import { takes } from '../../graph/rules.ts'
import { resultField } from './product-fields.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { imageGeometry, type Window, windowOf } from '../../lowering/window.ts'
import { byteLoops } from './byte-loops.ts'
import { byteRowOperators, typeOf } from './byte-rows.ts'

// The compiler's own operators on codes of 8 bits that need no floats, see native/kernels/bytes.h. The attribute `to` is the
// type of the result, `zero` its zero point. passes/integers-only.ts makes them for machines that have no unit for floats.

/** C: the fields of an `om_int_product` for averages. */
function averageFields(node: Node, k: KernelWriter, channels: string): string {
  return [
    `.n = ${channels}`,
    `.a_signed = ${node.input(0).type === 'int8'}`,
    `.a_zero = ${k.input(1)}`,
    resultField(typeOf(node)),
    `.scale = ${k.input(2)}`,
    `.y_zero = ${k.input(3)}`,
    ...(node.inputs[4] ? [`.nudge = ${k.input(4)}`] : []),
    `.y = ${k.output()}`,
    `.y_row = ${channels}`,
  ].join(', ')
}

/** Averages over all axes between the first and the last; what a sum is multiplied with, and moved by before it is rounded. */
const AverageBytes: LoweredOperator = {
  name: 'AverageBytes',
  domain: 'om',
  rules: takes('x:T[_, _, ...] x_zero:T[.] scale:float32[.] y_zero:byte[.] nudge?:float32[.]', { T: 'byte' }),
  infer(node) {
    const { dims } = node.input(0)
    return [{ type: typeOf(node), shape: dims.map((dim, axis) => (axis === 0 || axis === dims.length - 1 ? dim : 1)) }]
  },
  lower(node, k) {
    const { dims } = node.input(0)
    const sizes = [k.dim(dims[0]!), k.dim(product(dims.slice(1, -1)))]
    const fields = averageFields(node, k, k.dim(dims.at(-1)!))
    k.include('bytes.h')
    k.line(`om_average_bytes(${[k.input(0), ...sizes, `&(om_int_product){${fields}}`].join(', ')});`)
  },
}

/** The same over windows, which average inside the image: scale and nudge are tables by how many elements a window has. */
const AverageWindows: LoweredOperator = {
  name: 'AverageWindows',
  domain: 'om',
  rules: takes('x:T[_, _, _, _] x_zero:T[.] scale:float32[_] y_zero:byte[.] nudge?:float32[_]', { T: 'byte' }),
  infer(node) {
    const { dims } = node.input(0)
    return [{ type: typeOf(node), shape: [dims[0]!, ...windowOfImage(node).output, dims[3]!] }]
  },
  lower(node, k) {
    const channels = k.dim(node.input(0).dims[3]!)
    const window = windowOfImage(node)
    const [pad_bottom, pad_right] = window.padsEnd as readonly [Dim, Dim]
    k.include('bytes.h')
    k.line(
      `const om_pool2d_shape shape = ${imageGeometry('om_pool2d_shape', node, window, { pad_bottom, pad_right }, k)};`,
    )
    k.line(`om_average_windows(${k.input(0)}, &shape, &(om_int_product){${averageFields(node, k, channels)}});`)
  },
}

const windowOfImage = (node: Node): Window =>
  windowOf(node, node.input(0).dims.slice(1, 3), node.ints('kernel_shape')!, 'beyond')

/** Two tensors that are broadcast, by lines: slope and start for each code of a, in units of 2^-shift codes of the result; `shifts` tells it for each. */
const PairBytes: LoweredOperator = {
  name: 'PairBytes',
  domain: 'om',
  rules: takes('a:T1[~] b:T2[~] lines:int32[512] shifts?:uint8[256]', { T1: 'byte', T2: 'byte' }),
  infer: (node) => [{ type: typeOf(node), shape: broadcastShapes(node, [node.input(0).dims, node.input(1).dims]) }],
  lower(node, k) {
    const { count, a, b } = byteLoops(node.input(0).dims, node.input(1).dims)!
    const list = (numbers: readonly number[]): string => `{${numbers.join(', ')}}`
    const bytes = (input: number): string => `(const uint8_t *)${k.input(input)}`
    const flip = node.input(1).type === 'int8' ? 128 : 0
    const numbers = (['pivot', 'nudge', 'shift', 'even', 'zero', 'least', 'most'] as const).map((name) =>
      node.int(name, 0),
    )
    k.include('bytes.h')
    k.line(
      `const om_byte_pairs pairs = {${[...[count, a, b].map(list), k.input(2), node.inputs[3] ? k.input(3) : 'NULL', flip, ...numbers].join(', ')}};`,
    )
    k.line(`om_pair_bytes(${[bytes(0), bytes(1), '&pairs', `(uint8_t *)${k.output()}`].join(', ')});`)
  },
}

/** The axis `axis`, and with `rows` that before it, by the neighbours of each element and their weights (passes/byte-resizes.ts). */
const ResizeBytes: LoweredOperator = {
  name: 'ResizeBytes',
  domain: 'om',
  rules: takes('x:byte columns:int32[_, 2] rows?:int32[_, 2]'),
  infer(node) {
    const { dims, type } = node.input(0)
    const axis = node.int('axis', 0)
    const shape = dims.with(axis, node.input(1).dims[0]!)
    return [{ type, shape: node.inputs[2] ? shape.with(axis - 1, node.inputs[2].dims[0]!) : shape }]
  },
  lower(node, k) {
    const { dims, type } = node.input(0)
    const [axis, rows] = [node.int('axis', 0), node.inputs[2]]
    const [height, outHeight] = rows ? [dims[axis - 1]!, rows.dims[0]!] : [1, 1]
    const sizes = [
      k.count(dims.slice(0, rows ? axis - 1 : axis)),
      ...[height, dims[axis]!].map((dim) => k.dim(dim)),
      k.count(dims.slice(axis + 1)),
      ...[outHeight, node.input(1).dims[0]!].map((dim) => k.dim(dim)),
    ]
    const weights = [node.int('rows_one', 1), node.int('columns_one', 1)]
    k.include('bytes.h')
    k.line(`const om_byte_resize shape = {${[...sizes, ...weights].join(', ')}};`)
    if (!rows) k.line('static const int32_t row[2];')
    const taps = [rows ? k.input(2) : 'row', k.input(1)]
    const how = [node.int('even', 0), node.int('zero', 0), `(uint8_t *)${k.output()}`]
    k.line(`om_resize_bytes(${[k.input(0), '&shape', type === 'int8', ...taps, ...how].join(', ')});`)
  },
}

export const byteOperators: readonly LoweredOperator[] = [
  AverageBytes,
  AverageWindows,
  PairBytes,
  ResizeBytes,
  ...byteRowOperators,
]

import { type Dim, product } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'
import { shareElements } from '../../lowering/sharing.ts'
import {
  checkPooled,
  imageGeometry,
  pixelFields,
  type Window,
  windowInitializer,
  windowOf,
} from '../../lowering/window.ts'

type Kind = 'max' | 'average'

function kernelShape(node: Node): readonly number[] {
  const kernel = node.ints('kernel_shape')
  if (kernel) return kernel
  throw node.error('MODEL_ATTRIBUTE', 'kernel_shape is required')
}

/** Suffixes of the kernels that pool each element type; narrow floats are widened. */
const suffixes: Readonly<Record<string, string>> = { float32: 'f32', float64: 'f64', int8: 'i8', uint8: 'u8' }

/** ONNX MaxPool-1 … 22 and AveragePool-1 … 22 in the file's layout. */
function pool(name: string, kind: Kind): LoweredOperator {
  const windowOfNode = (node: Node): Window => windowOf(node, node.input(0).dims.slice(2), kernelShape(node), 'beyond')
  return {
    name,
    rules: takes('X:T[_, _, _, ...]', { T: kind === 'max' ? 'float|byte' : 'float' }),
    infer(node): ValueInfo[] {
      const { dims, type } = node.input(0)
      const shape = [...dims.slice(0, 2), ...windowOfNode(node).output]
      const values = { type, shape }
      return kind === 'max' ? [values, { type: 'int64', shape }] : [values]
    },
    decompose: widenNarrowFloats,
    check: (node, k) => checkPooled(node, k, windowOfNode(node)),
    lower(node, k) {
      const [batch, channels] = node.input(0).dims as [Dim, Dim]
      const suffix = suffixes[node.input(0).type]!
      k.include('pool-nd.h')
      k.line(`const om_window_nd window = ${windowInitializer(windowOfNode(node), (dim) => k.dim(dim))};`)
      const planes = k.count([batch, channels])
      shareElements(k, [...node.output().dims, ...kernelShape(node)], 32)
      if (kind === 'max') {
        const indices = node.outputs[1] ? k.output(1) : 'NULL'
        k.line(
          `om_maxpool_nd_${suffix}(${k.input(0)}, ${k.output()}, ${indices}, ${node.int('storage_order', 0)}, ${planes}, &window);`,
        )
      } else {
        k.line(
          `om_avgpool_nd_${suffix}(${k.input(0)}, ${k.output()}, ${planes}, &window, ${Boolean(node.int('count_include_pad', 0))});`,
        )
      }
    },
    flops: (node) => product([...node.output().dims, ...kernelShape(node)]),
  }
}

/** The compiler's own: pools over NHWC with two spatial axes, for the fast kernels. */
function pool2d(name: string, kernel: string, types = 'float32'): LoweredOperator {
  const windowOfNode = (node: Node): Window =>
    windowOf(node, node.input(0).dims.slice(1, 3), kernelShape(node), 'beyond')
  return {
    name,
    domain: 'om',
    rules: takes(`X:${types}[_, _, _, _]`),
    infer(node): ValueInfo[] {
      const { dims, type } = node.input(0)
      return [{ type, shape: [dims[0]!, ...windowOfNode(node).output, dims[3]!] }]
    },
    check: (node, k) => checkPooled(node, k, windowOfNode(node)),
    pixelsApart: () => [0],
    lower(node, k) {
      const window = windowOfNode(node)
      const [pad_bottom, pad_right] = window.padsEnd as readonly [Dim, Dim]
      const pixels = pixelFields(k, node.input(0), node.output())
      const rest = { pad_bottom, pad_right, count_padding: node.int('count_include_pad', 0), ...pixels }
      k.include('pool.h')
      // A tap is a load and a maximum or sum: what four multiplications take.
      k.share(product([4, ...node.output().dims, ...kernelShape(node)]))
      const call = `${kernel}_${suffixes[node.input(0).type]!}`
      k.line(`${call}(${k.input(0)}, ${k.output()}, ${imageGeometry('om_pool2d_shape', node, window, rest, k)});`)
    },
    flops: (node) => product([...node.output().dims, ...kernelShape(node)]),
  }
}

/** Mean over all spatial axes, channels last: [N, H, W, C] → [N, 1, 1, C]. */
const GlobalAveragePool2d: LoweredOperator = {
  name: 'GlobalAveragePool2d',
  domain: 'om',
  rules: takes('X:float32[_, _, _, _]'),
  infer: (node) => [{ type: 'float32', shape: [node.input(0).dims[0]!, 1, 1, node.input(0).dims[3]!] }],
  lower(node, k) {
    const [batch, height, width, channels] = node.input(0).dims as [Dim, Dim, Dim, Dim]
    k.include('pool.h')
    shareElements(k, node.input(0).dims, 0.5)
    k.line(
      `om_global_avgpool_f32(${k.input(0)}, ${k.output()}, ${k.dim(batch)}, ${k.count([height, width])}, ${k.dim(channels)});`,
    )
  },
  flops: (node) => product(node.input(0).dims),
}

/** ONNX GlobalAveragePool and GlobalMaxPool are reductions over the spatial axes. */
function globalPool(name: string, reduction: string): LoweredOperator {
  return {
    name,
    rules: takes('X:float[_, _, _, ...]'),
    infer: (node) => [
      {
        type: node.input(0).type,
        shape: [
          ...node.input(0).dims.slice(0, 2),
          ...node
            .input(0)
            .dims.slice(2)
            .map(() => 1),
        ],
      },
    ],
    decompose: (node, b) => [
      b.op(reduction, [
        node.input(0),
        b.ints(
          node
            .input(0)
            .dims.slice(2)
            .map((_, i) => i + 2),
        ),
      ]),
    ],
  }
}

export const pooling: readonly LoweredOperator[] = [
  pool('MaxPool', 'max'),
  pool('AveragePool', 'average'),
  pool2d('MaxPool2d', 'om_maxpool2d', 'float32|int8|uint8'),
  pool2d('AveragePool2d', 'om_avgpool2d'),
  GlobalAveragePool2d,
  globalPool('GlobalAveragePool', 'ReduceMean'),
  globalPool('GlobalMaxPool', 'ReduceMax'),
]

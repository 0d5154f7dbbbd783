import { type Dim, product } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import type { InferContext } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { elementTypes, isFloat } from '../../onnx/element-type.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { flattened } from '../nn/softmax.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

interface Split {
  readonly outer: string
  readonly extent: string
  readonly inner: string
}

function splitAt(node: Node, axis: number, k: KernelWriter): Split {
  const { dims } = node.input(0)
  return { outer: k.count(dims.slice(0, axis)), extent: k.dim(dims[axis]!), inner: k.count(dims.slice(axis + 1)) }
}

/** ONNX ArgMax and ArgMin, 1 … 13. NaN wins over everything, as with numpy.argmax. */
function argument(name: string, sign: '>' | '<'): LoweredOperator {
  const axisOf = (node: Node): number => normalizeAxis(node, node.int('axis', 0), node.input(0).rank)
  return {
    name,
    rules: takes('data:number[_, ...]'),
    infer(node): ValueInfo[] {
      const { dims } = node.input(0)
      const at = axisOf(node)
      if (dims[at] === 0) throw node.error('MODEL_SHAPE', `axis ${at} has no elements`)
      const shape = node.int('keepdims', 1) ? dims.with(at, 1) : dims.toSpliced(at, 1)
      return [{ type: 'int64', shape }]
    },
    decompose: widenNarrowFloats,
    lower(node, k) {
      const { type } = node.input(0)
      const { outer, extent, inner } = splitAt(node, axisOf(node), k)
      if (!Number.isInteger(Number(extent))) k.failIf(`${extent} == 0`, 'the axis has no elements')
      const last = node.int('select_last_index', 0) !== 0
      shareElements(k, node.input(0).dims, 2)
      const nan = !isFloat(type) ? '' : last ? ' | (v != v)' : ' | ((v != v) & (top == top))'
      k.include('order.h')
      k.line(
        `OM_ARG(${k.input(0)}, ${k.output()}, ${outer}, ${extent}, ${inner}, ${elementTypes[type].c}, (v ${sign}${last ? '=' : ''} top)${nan})`,
      )
    },
    flops: (node) => product(node.input(0).dims),
  }
}

/** ONNX Hardmax-13: 1 at the first largest element along the axis, 0 elsewhere. */
const Hardmax: LoweredOperator = {
  name: 'Hardmax',
  since: 13,
  rules: takes('input:float[_, ...]'),
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  decompose: widenNarrowFloats,
  lower(node, k) {
    const { type, rank } = node.input(0)
    const { outer, extent, inner } = splitAt(node, normalizeAxis(node, node.int('axis', -1), rank), k)
    k.include('order.h')
    shareElements(k, node.input(0).dims, 2)
    k.line(`OM_HARDMAX(${k.input(0)}, ${k.output()}, ${outer}, ${extent}, ${inner}, ${elementTypes[type].c})`)
  },
  flops: (node) => product(node.input(0).dims),
}

/** How many elements TopK keeps: an input from opset 10 on. */
function keptCount(node: Node, context?: InferContext): Dim | undefined {
  if (!node.inputs[1]) return node.int('k')
  return node.input(1).contents?.[0] ?? context?.freshDim()
}

/** ONNX TopK-1 … 24. The result is always sorted; of equal elements those with lower indices come first. */
const TopK: LoweredOperator = {
  name: 'TopK',
  rules: ({ version }) => takes(`X:number[_, ...]${version < 10 ? '' : ' K:int64[.]'}`),
  sizedBy: [1],
  infer(node, context): ValueInfo[] {
    const { type, dims, rank } = node.input(0)
    const axis = normalizeAxis(node, node.int('axis', -1), rank)
    const kept = keptCount(node, context)
    const extent = dims[axis]!
    if (kept === undefined || (typeof kept === 'number' && kept < 0))
      throw node.error('MODEL_ATTRIBUTE', `k is ${kept}`)
    if (typeof kept === 'number' && typeof extent === 'number' && kept > extent) {
      throw node.error('MODEL_SHAPE', `k is ${kept}, but axis ${axis} has ${extent} elements`)
    }
    const shape = dims.with(axis, kept)
    return [
      { type, shape },
      { type: 'int64', shape },
    ]
  },
  decompose: widenNarrowFloats,
  sizes(node, k) {
    const axis = normalizeAxis(node, node.int('axis', -1), node.input(0).rank)
    const kept = node.output().dims[axis]!
    k.line(`*${k.symbol(kept)} = ${k.input(1)}[0];`)
    k.failIf(`${k.input(1)}[0] > ${k.dim(node.input(0).dims[axis]!)}`, 'k is larger than the axis')
  },
  lower(node, k) {
    const { type } = node.input(0)
    const axis = normalizeAxis(node, node.int('axis', -1), node.input(0).rank)
    const { outer, extent, inner } = splitAt(node, axis, k)
    const kept = node.output().dims[axis]!
    const key = isFloat(type) ? 'om_key_float' : type.startsWith('u') ? 'om_key_uint' : 'om_key_int'
    const [sense, stays] = node.int('largest', 1) ? ['', 'v <= top'] : ['~', 'v >= top']
    k.include('order.h')
    const ranked = k.scratch(product([16, kept]), 'om_ranked')
    const [x, most] = [k.input(0), k.dim(kept)]
    k.failIf(`${most} > ${extent}`, 'k is larger than the axis')
    k.line(`for (int64_t o = 0; o < ${outer}; o++)`)
    k.line(`  for (int64_t i = 0; i < ${inner}; i++) {`)
    k.line('    int64_t count = 0;')
    k.line(`    const ${elementTypes[type].c} *from = ${x} + o * ${extent} * ${inner} + i;`)
    k.line(
      `    OM_RANK_ALL(from, ${inner}, ${extent}, ${elementTypes[type].c}, ${ranked}, &count, ${most}, ${sense}${key}(v), ${stays})`,
    )
    k.line(`    om_rank_sort(${ranked}, count);`)
    k.line(`    for (int64_t a = 0; a < ${most}; a++) {`)
    k.line(
      `      ${k.output(0)}[(o * ${most} + a) * ${inner} + i] = ${x}[(o * ${extent} + ${ranked}[a].index) * ${inner} + i];`,
    )
    if (node.outputs[1]) k.line(`      ${k.output(1)}[(o * ${most} + a) * ${inner} + i] = ${ranked}[a].index;`)
    k.line('    }\n  }')
  },
  flops: (node) => product(node.input(0).dims),
}

export const selections: readonly LoweredOperator[] = [
  argument('ArgMax', '>'),
  argument('ArgMin', '<'),
  Hardmax,
  flattened('Hardmax'),
  TopK,
]

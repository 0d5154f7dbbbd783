import { dimEquals, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, sizeOrOne, takes } from '../../graph/rules.ts'
import type { Builder } from '../../graph/operator.ts'
import { type ElementType, elementTypeOf } from '../../onnx/element-type.ts'
import { isHalf, literal } from '../../lowering/c-text.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { castTo } from '../../lowering/widen.ts'

/** First of the axes that are normalised; they reach to the last. */
function firstAxis(node: Node): number {
  return normalizeAxis(node, node.int('axis', -1), node.input(0).rank)
}

/** Scale and bias are broadcast to what is normalised, never the other way. */
function agree(node: Node): Agreement[] {
  const normalised = node.input(0).rank - firstAxis(node)
  return [1, 2].flatMap((input) => {
    const { rank = 0, dims = [] } = node.inputs[input] ?? {}
    if (rank > normalised)
      throw node.error(
        'MODEL_SHAPE',
        `input ${input} has shape [${dims.join(', ')}], but ${normalised} axes are normalised`,
      )
    return dims.map((_, axis) => sizeOrOne(node, [input, axis - rank], [0, axis - rank]))
  })
}

/** The type that statistics are computed in (attribute `stash_type`). */
function stashType(node: Node): ElementType {
  const type = elementTypeOf(node.int('stash_type', 1))
  if (type === 'float32' || type === 'float64' || type === 'float16' || type === 'bfloat16') return type
  throw node.error('MODEL_ATTRIBUTE', `stash_type is ${type ?? node.int('stash_type')}, which is no type of floats`)
}

/** Whether the kernels do: all is float32, and scale and bias have the shape of what is normalised. */
function fitsKernel(node: Node): boolean {
  const normalised = node.input(0).dims.slice(firstAxis(node))
  const fits = (value: Value | undefined): boolean =>
    !value ||
    (value.type === 'float32' &&
      value.rank === normalised.length &&
      value.dims.every((dim, i) => dimEquals(dim, normalised[i]!)))
  return (
    node.input(0).type === 'float32' && stashType(node) === 'float32' && fits(node.input(1)) && fits(node.inputs[2])
  )
}

/**
 * The function body that ONNX gives LayerNormalization-17 and RMSNormalization-23: statistics and normalisation in the
 * stash type, scale and bias in the type of the input.
 */
function normaliseByParts(node: Node, b: Builder, centred: boolean): Value[] {
  const [x, scale, bias] = [node.input(0), node.input(1), node.inputs[2]]
  const stash = stashType(node)
  const axes = b.ints(x.dims.map((_, axis) => axis).slice(firstAxis(node)))
  const given = castTo(b, x, stash)
  const mean = b.op('ReduceMean', [given, axes])
  const from = centred ? b.op('Sub', [given, mean]) : given
  const variance = b.op('ReduceMean', [b.op('Mul', [from, from]), axes])
  const epsilon = b.scalar(node.float('epsilon', 1e-5), stash)
  const inverse = b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [variance, epsilon])])])
  const normalised = castTo(b, b.op('Mul', [from, inverse]), scale.type)
  const scaled = b.op('Mul', [normalised, scale])
  return [bias ? b.op('Add', [scaled, bias]) : scaled, mean, inverse]
}

/** float16 and bfloat16 with statistics in float32 are normalised in float32 throughout: `undefined` of all else. */
function widened(node: Node, b: Builder): Value[] | undefined {
  if (!isHalf(node.input(1).type) || stashType(node) !== 'float32') return undefined
  const wide = node.inputs.map((input) => input && castTo(b, input, 'float32'))
  const [y, ...statistics] = b.ops(node.op, wide, node.outputCount, Object.fromEntries(node.attributes))
  return [castTo(b, y!, node.input(1).type), ...statistics]
}

/** ONNX LayerNormalization-17, with the statistics as outputs 1 and 2. */
const LayerNormalization: LoweredOperator = {
  name: 'LayerNormalization',
  rules: takes('X:T Scale:T B?:T', { T: 'float' }, agree),
  infer(node): ValueInfo[] {
    const { type, dims } = node.input(0)
    const axis = firstAxis(node)
    const statistics = { type: stashType(node), shape: dims.map((dim, i) => (i < axis ? dim : 1)) }
    return [{ type, shape: dims }, statistics, statistics]
  },
  decompose: (node, b) => (fitsKernel(node) ? undefined : (widened(node, b) ?? normaliseByParts(node, b, true))),
  lower(node, k) {
    const { dims } = node.input(0)
    const axis = firstAxis(node)
    k.include('normalize.h')
    shareElements(k, dims)
    const bias = node.inputs[2] ? k.input(2) : 'NULL'
    const [mean, inverse] = [1, 2].map((i) => (node.outputs[i] ? k.output(i) : 'NULL'))
    const sizes = `${k.count(dims.slice(0, axis))}, ${k.count(dims.slice(axis))}, ${literal('float32', node.float('epsilon', 1e-5))}`
    k.line(`om_layernorm_f32(${k.input(0)}, ${k.input(1)}, ${bias}, ${k.output()}, ${mean}, ${inverse}, ${sizes});`)
  },
  // Mean, differences, squares, scale and bias.
  flops: (node) => product([8, ...node.input(0).dims]),
}

/** ONNX RMSNormalization-23. */
const RMSNormalization: LoweredOperator = {
  name: 'RMSNormalization',
  rules: takes('X:float scale:float', {}, agree),
  infer(node): ValueInfo[] {
    return [{ type: node.input(1).type, shape: node.input(0).dims }]
  },
  decompose: (node, b) =>
    fitsKernel(node) ? undefined : (widened(node, b) ?? normaliseByParts(node, b, false).slice(0, 1)),
  lower(node, k) {
    const { dims } = node.input(0)
    const axis = firstAxis(node)
    k.include('normalize.h')
    shareElements(k, dims)
    const sizes = `${k.count(dims.slice(0, axis))}, ${k.count(dims.slice(axis))}, ${literal('float32', node.float('epsilon', 1e-5))}`
    k.line(`om_rmsnorm_f32(${k.input(0)}, ${k.input(1)}, ${k.output()}, ${sizes});`)
  },
  flops: (node) => product([4, ...node.input(0).dims]),
}

export const layerNormalizations: readonly LoweredOperator[] = [LayerNormalization, RMSNormalization]

import type { Dim } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, elementTypeOf, elementTypes, isFloat } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { computeType, literal, loadElement, storeElement } from '../../lowering/c-text.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'

/** Declares the generator `random`. Seeds are floats in ONNX; their whole part is taken, as NumPy does. */
function writeGenerator(node: Node, k: KernelWriter): void {
  const attribute = node.attributes.get('seed')
  const seed = attribute?.kind === 'int' ? Number(attribute.value) : node.float('seed')
  k.include('types.h')
  k.include('random.h')
  k.line('om_random random;')
  k.line(
    `om_random_seed(&random, ${seed === undefined ? 'om_random_entropy(&random)' : `${Math.trunc(seed) >>> 0}u`});`,
  )
}

function typeAttribute(node: Node, otherwise: ElementType): ElementType {
  const code = node.int('dtype')
  const type = code === undefined ? otherwise : elementTypeOf(code)
  if (!type || type === 'string' || type.startsWith('complex'))
    throw node.error('MODEL_ATTRIBUTE', `dtype is ${code}, which is no type of numbers`)
  return type
}

/** Numbers drawn from a range are floats: others might not hold them. */
function floatAttribute(node: Node, otherwise: ElementType): ElementType {
  const type = typeAttribute(node, otherwise)
  if (isFloat(type)) return type
  throw node.error('MODEL_ATTRIBUTE', `random numbers can't be of type ${type}; say a float type as dtype`)
}

function writeElements(node: Node, k: KernelWriter, expression: string): void {
  const { type, dims } = node.output()
  k.line(
    `for (int64_t i = 0; i < ${k.count(dims)}; i++) ${storeElement(type, `${k.output()}[i]`, `(${computeType(type)})(${expression})`)}`,
  )
}

/** The parameters of a distribution, as attributes of its operators. */
type Distribution = (node: Node) => string

function number(node: Node, name: 'mean' | 'scale' | 'low' | 'high', otherwise: number): string {
  return literal('float64', node.float(name, otherwise))
}

const normal: Distribution = (node) =>
  `${number(node, 'mean', 0)} + ${number(node, 'scale', 1)} * om_random_normal(&random)`
const uniform: Distribution = (node) => {
  const [low, high] = [number(node, 'low', 0), number(node, 'high', 1)]
  return `${low} + (${high} - ${low}) * om_random_uniform(&random)`
}

/** ONNX RandomNormal-1 … 22 and RandomUniform: the shape is an attribute. */
function ofShape(name: string, distribution: Distribution): LoweredOperator {
  return {
    name,
    varies: true,
    rules: takes(''),
    infer: (node): ValueInfo[] => [{ type: floatAttribute(node, 'float32'), shape: shapeAttribute(node) }],
    lower: (node, k) => lowerRandom(node, k, distribution),
  }
}

function shapeAttribute(node: Node): readonly Dim[] {
  const shape = node.ints('shape')
  if (!shape || shape.some((dim) => dim < 0))
    throw node.error('MODEL_ATTRIBUTE', `shape is ${shape ? `[${shape.join(', ')}]` : 'missing'}`)
  return shape
}

/** ONNX RandomNormalLike-1 … 22 and RandomUniformLike: the shape, and unless `dtype` says otherwise the type, of an input. */
function likeInput(name: string, distribution: Distribution): LoweredOperator {
  return {
    name,
    varies: true,
    rules: takes('input:any'),
    infer: (node): ValueInfo[] => [{ type: floatAttribute(node, node.input(0).type), shape: node.input(0).shape }],
    lower: (node, k) => lowerRandom(node, k, distribution),
  }
}

function lowerRandom(node: Node, k: KernelWriter, distribution: Distribution): void {
  writeGenerator(node, k)
  writeElements(node, k, distribution(node))
}

/** ONNX Bernoulli-15 … 22: 1 with the probability that the input says, else 0. */
const Bernoulli: LoweredOperator = {
  name: 'Bernoulli',
  varies: true,
  rules: takes('input:float'),
  infer: (node): ValueInfo[] => [{ type: typeAttribute(node, node.input(0).type), shape: node.input(0).shape }],
  lower(node, k) {
    writeGenerator(node, k)
    writeElements(node, k, `om_random_event(&random, (double)${loadElement(node.input(0).type, `${k.input(0)}[i]`)})`)
  },
}

/** ONNX Multinomial-7 … 22: classes drawn by the logarithms of their odds, [batch, classes] → [batch, sample_size]. */
const Multinomial: LoweredOperator = {
  name: 'Multinomial',
  varies: true,
  rules: takes('input:float[_, _]'),
  infer(node): ValueInfo[] {
    const { dims } = node.input(0)
    if (dims[1] === 0) throw node.error('MODEL_SHAPE', 'there are no classes to draw from')
    const type = typeAttribute(node, 'int32')
    if (type !== 'int32' && type !== 'int64') throw node.error('MODEL_ATTRIBUTE', `classes can't be of type ${type}`)
    return [{ type, shape: [dims[0]!, node.int('sample_size', 1)] }]
  },
  lower(node, k) {
    const [batch, classes] = node.input(0).dims.map((dim) => k.dim(dim))
    const samples = k.dim(node.output().dims[1]!)
    if (typeof node.input(0).dims[1] !== 'number') k.failIf(`${classes} == 0`, 'there are no classes to draw from')
    const odds = loadElement(node.input(0).type, `${k.input(0)}[b * ${classes} + c]`)
    writeGenerator(node, k)
    k.line(`for (int64_t b = 0; b < ${batch}; b++) {`)
    k.line('  double top = -INFINITY, total = 0.0;')
    k.line(`  for (int64_t c = 0; c < ${classes}; c++) top = fmax(top, (double)${odds});`)
    k.line(`  for (int64_t c = 0; c < ${classes}; c++) total += exp((double)${odds} - top);`)
    k.line(`  for (int64_t s = 0; s < ${samples}; s++) {`)
    k.line('    double left = om_random_uniform(&random) * total;')
    k.line('    int64_t c = 0;')
    k.line(`    for (; c < ${classes} - 1 && (left -= exp((double)${odds} - top)) >= 0.0; c++) {}`)
    k.line(`    ${k.output()}[b * ${samples} + s] = c;`)
    k.line('  }\n}')
  },
}

/**
 * ONNX Dropout-1 … 22. Outside of training, which since opset 12 an input says, nothing is dropped; in training each
 * element is, with the probability `ratio`, and what is left is scaled to keep the sum.
 */
const Dropout: LoweredOperator = {
  name: 'Dropout',
  rules: takes('data:float|float8 ratio?:float|float8[.] training_mode?:bool[.]'),
  infer(node): ValueInfo[] {
    const { type, shape } = node.input(0)
    return [
      { type, shape },
      { type: maskType(node), shape },
    ]
  },
  decompose(node, b): readonly Value[] {
    const [x, ratio, training] = [node.input(0), node.inputs[1], node.inputs[2]]
    if (!training || training.constant?.data[0] === 0)
      return [x, b.op('ConstantOfShape', [b.op('Shape', [x])], { value: tensorFrom(maskType(node), [1], [1]) })]
    const seed = node.attributes.get('seed')
    const drawn = b.op('RandomUniformLike', [x], { dtype: elementTypes.float64.code, ...(seed && { seed }) })
    const dropped = castTo(b, ratio ?? b.scalar(0.5, 'float32'), 'float64')
    const mask = b.op('Or', [b.op('GreaterOrEqual', [drawn, dropped]), b.op('Not', [training])])
    const scale = b.op('Where', [
      training,
      b.op('Reciprocal', [b.op('Sub', [b.scalar(1, 'float64'), dropped])]),
      b.scalar(1, 'float64'),
    ])
    const kept = b.op('Mul', [x, castTo(b, scale, x.type)])
    return [b.op('Where', [mask, kept, b.scalar(0, x.type)]), mask]
  },
}

/** The mask is of the type of the data until Dropout-10 makes it bool. */
function maskType(node: Node): ElementType {
  return node.version < 10 ? node.input(0).type : 'bool'
}

export const random: readonly LoweredOperator[] = [
  ofShape('RandomNormal', normal),
  ofShape('RandomUniform', uniform),
  likeInput('RandomNormalLike', normal),
  likeInput('RandomUniformLike', uniform),
  Bernoulli,
  Multinomial,
  Dropout,
]

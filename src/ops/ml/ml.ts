import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { type ElementType, isFloat } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { agreeFeatures, type Decompose, floats, mlOperator } from './ml-operator.ts'
import { featureMatrix } from './ml-scores.ts'
import { castTo } from '../../lowering/widen.ts'

/** Lists go by feature, or have a single entry for all of them. */
function agreeLists(node: Node, lists: Readonly<Record<string, readonly number[] | undefined>>): Agreement[] {
  return Object.entries(lists).flatMap(([name, list]) =>
    list && list.length > 1 ? agreeFeatures(node, list.length, `attribute ${name} says`) : [],
  )
}

/** A list attribute as constant: of whichever element type the node gives it in. */
function listed(node: Node, b: Builder, stem: 'keys' | 'values' | 'cats'): Value | undefined {
  const tensor = node.tensor(`${stem}_tensor`)
  if (tensor) return b.constant(tensor)
  const strings = node.strings(`${stem}_strings`)
  if (strings?.length) return b.constant(tensorFrom('string', [strings.length], strings))
  const ints = node.bigints(`${stem}_int64s`)
  if (ints?.length) return b.ints(ints)
  const numbers = node.floats(`${stem}_floats`)
  return numbers?.length ? floats(b, numbers) : undefined
}

function defaultValue(node: Node, b: Builder, type: ElementType): Value {
  const tensor = node.tensor('default_tensor')
  if (tensor && (tensor.type !== type || tensor.dims.some((dim) => dim !== 1))) {
    throw node.error('MODEL_ATTRIBUTE', `default_tensor should be a single ${type}`)
  }
  if (tensor) return b.constant(tensor)
  if (type === 'string') return b.constant(tensorFrom('string', [], [node.string('default_string', '_Unused')]))
  return b.scalar(type === 'int64' ? node.bigint('default_int64', -1n) : node.float('default_float', -0), type)
}

/** ONNX LabelEncoder-2 … 4 (keys and values of any type) and 1 (texts by index, or the other way round). */
const labelEncoder: Decompose = (node, b) => {
  const x = node.input(0)
  const classes = node.strings('classes_strings')
  const texts = classes && b.constant(tensorFrom('string', [classes.length], classes))
  const numbers = classes && b.ints([...classes.keys()])
  const keys = texts ? (x.type === 'string' ? texts : numbers) : listed(node, b, 'keys')
  const values = texts ? (x.type === 'string' ? numbers : texts) : listed(node, b, 'values')
  return [lookUp(node, b, keys, values)]
}

function lookUp(node: Node, b: Builder, keys: Value | undefined, values: Value | undefined): Value {
  const x = node.input(0)
  if (!keys || !values || keys.dims[0] !== values.dims[0])
    throw node.error('MODEL_ATTRIBUTE', 'there are not as many values as keys')
  if (keys.type !== x.type) throw node.error('MODEL_TYPES', `keys are ${keys.type}, but the input is ${x.type}`)
  return b.op('LookUp', [x, keys, values, defaultValue(node, b, values.type)], {}, 'om')
}

/** The compiler's own: the value of the first key that equals an element (NaN equals NaN), or the default. */
const LookUp: LoweredOperator = {
  name: 'LookUp',
  domain: 'om',
  rules: takes('x:K keys:K[n] values:V[n] default:V[.]', { K: 'float32|float64|integer|string', V: 'any' }),
  infer: (node) => [{ type: node.input(2).type, shape: node.input(0).dims }],
  lower(node, k) {
    const { dims, type } = node.input(0)
    const [x, keys] = [k.input(0), k.input(1)]
    const same =
      type === 'string'
        ? `strcmp(${keys}[j], ${x}[i]) == 0`
        : `${keys}[j] == ${x}[i] || (${keys}[j] != ${keys}[j] && ${x}[i] != ${x}[i])`
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) {`)
    k.line(`  int64_t j = 0;\n  while (j < ${k.count(node.input(1).dims)} && !(${same})) j++;`)
    k.line(`  ${k.output()}[i] = j < ${k.count(node.input(1).dims)} ? ${k.input(2)}[j] : ${k.input(3)}[0];\n}`)
  },
}

/** ONNX CategoryMapper-1: texts to numbers or back. */
const categoryMapper: Decompose = (node, b) => {
  const [texts, numbers] = [listed(node, b, 'cats'), b.ints(node.bigints('cats_int64s') ?? [])]
  return [node.input(0).type === 'string' ? lookUp(node, b, texts, numbers) : lookUp(node, b, numbers, texts)]
}

const normalizer: Decompose = (node, b) => {
  const x = featureMatrix(node, b)
  const norm = node.string('norm', 'MAX')
  const last = b.ints([-1])
  const sizes: Readonly<Record<string, () => Value>> = {
    // As the operator page and onnxruntime have it: not the largest magnitude.
    MAX: () => b.op('ReduceMax', [x, last]),
    L1: () => b.op('ReduceL1', [x, last]),
    L2: () => b.op('ReduceL2', [x, last]),
  }
  const size = Object.hasOwn(sizes, norm) ? sizes[norm]!() : undefined
  if (!size) throw node.error('MODEL_ATTRIBUTE', `norm ${JSON.stringify(norm)} is not one of MAX, L1, L2`)
  const divisor = b.op('Where', [b.op('Equal', [size, b.scalar(0, x.type)]), b.scalar(1, x.type), size])
  return [b.reshape(castTo(b, b.op('Div', [x, divisor]), 'float32'), node.input(0).dims)]
}

const imputer: Decompose = (node, b) => {
  const x = node.input(0)
  const numbers = isFloat(x.type) ? node.floats('imputed_value_floats') : undefined
  const imputed = numbers?.length ? floats(b, numbers, x.type) : b.ints(node.bigints('imputed_value_int64s') ?? [])
  if (imputed.type !== x.type || imputed.dims[0] === 0)
    throw node.error('MODEL_TYPES', `imputed values for ${x.type} are missing`)
  const replaced = x.type === 'int64' ? node.bigint('replaced_value_int64', 0n) : node.float('replaced_value_float', 0)
  const missing = Number.isNaN(Number(replaced)) ? b.op('IsNaN', [x]) : b.op('Equal', [x, b.scalar(replaced, x.type)])
  return [b.op('Where', [missing, imputed, x])]
}

const scaler: Decompose = (node, b) => {
  const x = castTo(b, node.input(0), 'float32')
  const moved = b.op('Sub', [x, floats(b, node.floats('offset') ?? [0])])
  return [b.op('Mul', [moved, floats(b, node.floats('scale') ?? [1])])]
}

/** 1-D and 2-D features side by side, as floats: of each as many as `inputdimensions` says, 0 where it has fewer. */
const featureVectorizer: Decompose = (node, b) => {
  const widths = node.ints('inputdimensions')
  if (widths && widths.length !== node.inputs.length)
    throw node.error('MODEL_ATTRIBUTE', `inputdimensions has ${widths.length} entries for ${node.inputs.length} inputs`)
  const parts = node.inputs.map((_, i) => {
    const x = castTo(b, node.input(i), 'float32')
    const row = x.rank === 1 ? b.op('Unsqueeze', [x, b.ints([0])]) : x
    const width = widths?.[i]
    if (width === undefined || row.dims[1] === width) return row
    const padded = b.op('Pad', [row, b.ints([0, 0, 0, width])])
    return b.op('Slice', [padded, b.ints([0]), b.ints([width]), b.ints([1])])
  })
  return [b.op('Concat', parts, { axis: 1 })]
}

const arrayFeatureExtractor: Decompose = (node, b) => {
  const x = node.input(0)
  const flat = b.op('Reshape', [node.input(1), b.ints([-1])])
  const picked = b.op('Gather', [x, flat], { axis: -1 })
  return [x.rank === 1 ? b.op('Unsqueeze', [picked, b.ints([0])]) : picked]
}

/** Categories that are not listed give a row of zeros, or an error where `zeros` is 0. */
const oneHotEncoder: Decompose = (node, b) => {
  const x = node.input(0)
  const categories = listed(node, b, 'cats')
  if (!categories) throw node.error('MODEL_ATTRIBUTE', 'cats_int64s or cats_strings are required')
  const count = Number(categories.dims[0])
  const values = x.type === 'string' ? x : castTo(b, x, 'int64')
  if (values.type !== categories.type)
    throw node.error('MODEL_TYPES', `categories are ${categories.type}, but the input is ${x.type}`)
  const index = b.op(
    'LookUp',
    [values, categories, b.ints([...Array(count).keys()]), b.scalar(count, 'int64')],
    {},
    'om',
  )
  const known = node.int('zeros', 1) ? index : b.op('CheckedIndex', [index], { count }, 'om')
  return [b.op('OneHot', [known, b.ints([count]), floats(b, [0, 1])])]
}

/** The compiler's own: indices as they are, none of them `count` or more. */
const CheckedIndex: LoweredOperator = {
  name: 'CheckedIndex',
  domain: 'om',
  rules: takes('x:int64'),
  infer: (node) => [{ type: 'int64', shape: node.input(0).dims }],
  lower(node, k) {
    k.line(`for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) {`)
    k.failIf(`${k.input(0)}[i] >= ${node.int('count', 0)}`, 'a category is not listed')
    k.line(`${k.output()}[i] = ${k.input(0)}[i];\n}`)
  },
}

const binarizer: Decompose = (node, b) => {
  const x = node.input(0)
  const threshold = node.float('threshold', 0)
  // An integer is above a threshold where it is above the integer below that.
  const bound = isFloat(x.type) ? threshold : Math.floor(threshold)
  return [castTo(b, b.op('Greater', [x, b.scalar(bound, x.type)]), x.type)]
}

export const machineLearning: readonly LoweredOperator[] = [
  mlOperator('ArrayFeatureExtractor', 'X:float32|float64|index|string[_, ...] Y:int64', arrayFeatureExtractor),
  mlOperator('Binarizer', 'X:T', binarizer),
  mlOperator('CategoryMapper', 'X:int64|string', categoryMapper),
  mlOperator('FeatureVectorizer', 'X+:float32|float64|index', featureVectorizer),
  mlOperator('Imputer', 'X:T', imputer, (node) =>
    agreeLists(node, {
      imputed_value_floats: node.floats('imputed_value_floats'),
      imputed_value_int64s: node.ints('imputed_value_int64s'),
    }),
  ),
  mlOperator('LabelEncoder', 'X:float32|float64|integer|string', labelEncoder),
  mlOperator('Normalizer', 'X:T', normalizer),
  mlOperator('OneHotEncoder', 'X:float32|float64|index|string', oneHotEncoder),
  mlOperator('Scaler', 'X:T', scaler, (node) =>
    agreeLists(node, { offset: node.floats('offset'), scale: node.floats('scale') }),
  ),
  LookUp,
  CheckedIndex,
]

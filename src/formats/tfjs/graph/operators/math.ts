import type { ElementType } from '../../../../onnx/element-type.ts'
import { elu, leakyRelu, prelu, relu, relu6, selu, sigmoid, softplus, tanh, along } from '../../ops/activations.ts'
import { elementwise, named } from '../../ops/elementwise.ts'
import { elementsIn, listOf } from '../../ops/lists.ts'
import type { Builder } from '../../builder.ts'
import type { Value } from '../../value.ts'
import type { Convert, NodeCall, Operators } from '../call.ts'
import { atan2, expm1, log1p } from '../../../scalar-math.ts'

function unary(op: string, type?: ElementType): Convert {
  return ({ b, x }) => named(b, op, [x], type)
}

function written(write: (b: Builder, x: string, type: ElementType) => string): Convert {
  return ({ b, x }) => elementwise(b, [x], (name) => write(b, name!, x.type))
}

/** Of integers that are sizes, what is known of the result is kept. */
function binary(op: string, fold?: (x: number, y: number) => number): Convert {
  return (call) => counted(call, fold, (a, c) => named(call.b, op, [a, c]))
}

function counted(
  { b, inputs }: NodeCall,
  fold: ((x: number, y: number) => number) | undefined,
  make: (x: Value, y: Value) => Value,
): Value {
  // prettier-ignore
  const [x, y] = inputs
  if (!x || !y) return b.wrong('takes two tensors')
  const [p, q] = [elementsIn(x), elementsIn(y)]
  if (!fold || !p || !q || (p.length !== q.length && p.length !== 1 && q.length !== 1)) return make(x, y)
  const count = Math.max(p.length, q.length)
  const folded = Array.from({ length: count }, (_, i) => {
    const [m, n] = [p[p.length === 1 ? 0 : i], q[q.length === 1 ? 0 : i]]
    return m === undefined || n === undefined ? undefined : fold(m, n)
  })
  const isScalar = x.shape?.length === 0 && y.shape?.length === 0
  return listOf(b, folded, isScalar, () => make(x, y))
}

/** The quotient of integers is rounded down, as tfjs does for its `div`. */
function floorDiv(b: Builder, x: Value, y: Value): Value {
  if (x.type !== 'int32') return elementwise(b, [x, y], (p, q) => b.op('Floor', [b.op('Div', [p!, q!])]))
  // The rest has the divisor's sign; without it, the division is even.
  return elementwise(b, [x, y], (p, q) => b.op('Div', [b.op('Sub', [p!, b.op('Mod', [p!, q!])]), q!]))
}

const divide: Convert = (call) =>
  counted(call, (x, y) => Math.floor(x / y), (x, y) => (x.type === 'int32' ? floorDiv(call.b, x, y) : named(call.b, 'Div', [x, y]))) // prettier-ignore

/** The rest has the divisor's sign (tfjs-backend-cpu kernels/Mod.ts). */
const modulo: Convert = (call) =>
  counted(call, (x, y) => ((x % y) + y) % y, (x, y) => {
    const { b } = call
    if (x.type === 'int32') return named(b, 'Mod', [x, y])
    return elementwise(b, [x, y], (p, q) => {
      const zero = b.scalar(0, 'float32')
      const rest = b.op('Mod', [p!, q!], { fmod: 1n })
      const differs = b.op('Xor', [b.op('Less', [p!, zero]), b.op('Less', [q!, zero])])
      return b.writer.where(differs, b.op('Mod', [b.op('Add', [rest, q!]), q!], { fmod: 1n }), rest)
    })
  }) // prettier-ignore

const divideNoNan: Convert = ({ b, inputs }) =>
  elementwise(b, inputs, (x, y) => {
    const zero = b.scalar(0, 'float32')
    return b.writer.where(b.op('Equal', [y!, zero]), zero, b.op('Div', [x!, y!]))
  })

const squaredDifference: Convert = ({ b, inputs }) =>
  elementwise(b, inputs, (x, y) => {
    const difference = b.op('Sub', [x!, y!])
    return b.op('Mul', [difference, difference])
  })

const addN: Convert = ({ b, inputs }) => {
  const [first, ...rest] = inputs
  return first ? rest.reduce((sum, value) => named(b, 'Add', [sum, value]), first) : b.wrong('adds no tensors')
}

const biasAdd: Convert = (call) => {
  call.expectChannelsLast()
  return named(call.b, 'Add', [call.x, call.input(1)])
}

const clip: Convert = ({ b, inputs }) => elementwise(b, inputs, (x, least, most) => b.op('Min', [b.op('Max', [x!, least!]), most!])) // prettier-ignore

const compare = (op: string): Convert => ({ b, inputs }) => named(b, op, inputs, 'bool') // prettier-ignore

const cast: Convert = (call) => {
  const { b, x } = call
  const to = call.type('DstT')
  if (x.type === 'string' || to === 'string' || x.type === 'complex64' || to === 'complex64') b.fail(`casts ${x.type} to ${to}`) // prettier-ignore
  return b.cast(x, to)
}

/** A condition of rank 1 chooses along the first axis; ONNX broadcasts from the last. */
const select: Convert = (call) => {
  const { b, inputs } = call
  const [condition, x, y] = [call.x, call.input(1), call.input(2)]
  const rank = x.shape?.length ?? 0
  if (call.op !== 'Select' || condition.shape?.length !== 1 || rank < 2) return elementwise(b, inputs, (...names) => b.op('Where', names), x.type) // prettier-ignore
  const axes = Array.from({ length: rank - 1 }, (_, i) => i + 1)
  const along = b.value(b.writer.unsqueeze(b.get(condition), ...axes), 'bool', [
    condition.shape[0],
    ...axes.map(() => 1),
  ])
  return elementwise(b, [along, x, y], (...names) => b.op('Where', names), x.type)
}

const identity: Convert = ({ x }) => x

export const math: Operators = {
  Add: binary('Add', (x, y) => x + y),
  AddV2: binary('Add', (x, y) => x + y),
  Sub: binary('Sub', (x, y) => x - y),
  Mul: binary('Mul', (x, y) => x * y),
  Maximum: binary('Max', Math.max),
  Minimum: binary('Min', Math.min),
  Pow: binary('Pow'),
  Div: divide,
  RealDiv: divide,
  FloorDiv: (call) => counted(call, (x, y) => Math.floor(x / y), (x, y) => floorDiv(call.b, x, y)), // prettier-ignore
  Mod: modulo,
  FloorMod: modulo,
  DivNoNan: divideNoNan,
  SquaredDifference: squaredDifference,
  AddN: addN,
  BiasAdd: biasAdd,
  ClipByValue: clip,
  Equal: compare('Equal'),
  NotEqual: ({ b, inputs }) => elementwise(b, inputs, (x, y) => b.op('Not', [b.op('Equal', [x!, y!])]), 'bool'),
  Less: compare('Less'),
  LessEqual: compare('LessOrEqual'),
  Greater: compare('Greater'),
  GreaterEqual: compare('GreaterOrEqual'),
  LogicalAnd: compare('And'),
  LogicalOr: compare('Or'),
  LogicalNot: unary('Not', 'bool'),
  Select: select,
  SelectV2: select,
  Cast: cast,
  Abs: unary('Abs'),
  Neg: unary('Neg'),
  Sign: unary('Sign'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Sqrt: unary('Sqrt'),
  Floor: unary('Floor'),
  Ceil: unary('Ceil'),
  Round: unary('Round'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Tan: unary('Tan'),
  Sinh: unary('Sinh'),
  Cosh: unary('Cosh'),
  Tanh: ({ b, x }) => tanh(b, x),
  Asin: unary('Asin'),
  Acos: unary('Acos'),
  Atan: unary('Atan'),
  Asinh: unary('Asinh'),
  Acosh: unary('Acosh'),
  Atanh: unary('Atanh'),
  Erf: unary('Erf'),
  Reciprocal: unary('Reciprocal'),
  Inv: unary('Reciprocal'),
  IsNan: unary('IsNaN', 'bool'),
  IsInf: unary('IsInf', 'bool'),
  IsFinite: ({ b, x }) => elementwise(b, [x], (name) => b.op('Not', [b.op('Or', [b.op('IsNaN', [name!]), b.op('IsInf', [name!])])]), 'bool'), // prettier-ignore
  Rsqrt: written((b, x) => b.op('Reciprocal', [b.op('Sqrt', [x])])),
  Square: written((b, x) => b.op('Mul', [x, x])),
  Expm1: written((b, x) => expm1(b.writer, x)),
  Log1p: written((b, x) => log1p(b.writer, x)),
  Atan2: ({ b, inputs }) => elementwise(b, inputs, (y, x) => atan2(b.writer, y!, x!)),
  Relu: ({ b, x }) => relu(b, x),
  Relu6: ({ b, x }) => relu6(b, x),
  Elu: ({ b, x }) => elu(b, x),
  Selu: ({ b, x }) => selu(b, x),
  Sigmoid: ({ b, x }) => sigmoid(b, x),
  Softplus: ({ b, x }) => softplus(b, x),
  LeakyRelu: ({ b, x, attributes }) => leakyRelu(attributes.float('alpha', 0.2))(b, x),
  Prelu: (call) => prelu(call.b, call.x, call.input(1)),
  Softmax: ({ b, x }) => along(b, 'Softmax', x, -1),
  LogSoftmax: ({ b, x }) => along(b, 'LogSoftmax', x, -1),
  Identity: identity,
  IdentityN: ({ inputs }) => inputs,
  StopGradient: identity,
  Snapshot: identity,
  PlaceholderWithDefault: identity,
  PreventGradient: identity,
  CheckNumerics: identity,
}

import { describe, expect, it } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apart, sessionsOf, wave } from './sessions.ts'

// Activations as exporters write them, behind a product and alone. Against onnxruntime, which does as the graph says.

const runtime = onnxruntime()

const numbers = {
  half: 0.5,
  one: 1,
  three: 3,
  six: 6,
  sixth: 1 / 6,
  zero: 0,
  root: Math.SQRT2,
  inverse: Math.SQRT1_2,
  quick: 1.702,
  pi: Math.sqrt(2 / Math.PI),
  cubic: 0.044715,
  off: 0.51,
}
const scalars = Object.fromEntries(
  Object.entries(numbers).map(([name, value]) => [name, tensorFrom('float32', [], [value])]),
)

/** A node for each line `y = Op a b`. */
function written(text: string): NodeSource[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [y = '', op = '', ...inputs] = line.trim().split(/[\s=]+/)
      return node(op, inputs, [y], op === 'HardSigmoid' ? { alpha: 0.16666667 } : {})
    })
}

const erf = 'a = Div x root\nb = Erf a\nc = Add b one\n'
const tanh = 'a = Mul x x\nb = Mul a x\nc = Mul cubic b\nd = Add x c\ne = Mul d pi\nf = Tanh e\ng = Add one f\n'
const six = 'a = Add x three\nb = Clip a zero six\n'

/** From x to y, and the operators that are left. */
const forms: readonly (readonly [string, string, string])[] = [
  ['SiLU', 'a = Sigmoid x\ny = Mul x a', 'Swish'],
  ['SiLU, the other way round', 'a = Sigmoid x\ny = Mul a x', 'Swish'],
  ['SiLU with a factor', 'a = Mul x quick\nb = Sigmoid a\ny = Mul x b', 'Swish'],
  ['HardSwish by HardSigmoid', 'a = HardSigmoid x\ny = Mul x a', 'HardSwish'],
  ['HardSwish, divided last', `${six}c = Mul x b\ny = Div c six`, 'HardSwish'],
  ['HardSwish, divided first', `${six}c = Div b six\ny = Mul x c`, 'HardSwish'],
  ['HardSwish, multiplied', `${six}c = Mul sixth b\ny = Mul c x`, 'HardSwish'],
  ['Mish', 'a = Softplus x\nb = Tanh a\ny = Mul x b', 'Mish'],
  ['GELU, halved last', `${erf}d = Mul x c\ny = Mul d half`, 'Gelu'],
  ['GELU, halved first', `${erf}d = Mul x half\ny = Mul d c`, 'Gelu'],
  ['GELU, its bell halved', `${erf}d = Mul half c\ny = Mul d x`, 'Gelu'],
  ['GELU without a division', 'a = Mul x inverse\nb = Erf a\nc = Add one b\nd = Mul x c\ny = Mul half d', 'Gelu'],
  ['GELU by tanh', `${tanh}h = Mul half x\ny = Mul h g`, 'Gelu'],
  ['another factor', `${erf}d = Mul x c\ny = Mul d off`, 'Div Erf Add Mul Mul'],
  ['another bound', 'a = Add x three\nb = Clip a zero three\nc = Mul x b\ny = Div c six', 'Add Clip Mul Div'],
  ['the gate of another value', 'a = Neg x\nb = Sigmoid a\ny = Mul x b', 'Neg Sigmoid Mul'],
  ['a gate that is used again', 'a = Sigmoid x\nb = Mul x a\ny = Add a b', 'Sigmoid Mul Add'],
  ['a factor that widens', 'a = Mul x each\nb = Sigmoid a\ny = Mul x b', 'Mul Sigmoid Mul'],
  ['an x that is one number', 'z = ReduceMax x\na = Sigmoid z\ny = Mul z a', 'ReduceMax Swish'],
]

const weights = { w: wave([5, 7], 0.37), filter: wave([6, 4, 3, 3], 0.41), depth: wave([4, 1, 3, 3], 0.43) }
const products = {
  alone: { dims: ['n', 7], nodes: [] },
  MatMul: { dims: ['n', 5], nodes: [node('MatMul', ['in', 'w'], ['x'])] },
  Conv: { dims: ['n', 4, 9, 7], nodes: [node('Conv', ['in', 'filter'], ['x'])] },
  depthwise: { dims: ['n', 4, 9, 7], nodes: [node('Conv', ['in', 'depth'], ['x'], { group: 4n })] },
} as const

function modelOf(kind: keyof typeof products, some: typeof forms): ModelSource {
  const { dims, nodes } = products[kind]
  const isShared = (name: string): boolean => name in scalars || name in weights || name === 'in' || name === 'each'
  const input = kind === 'alone' ? 'x' : 'in'
  return {
    opsets: { '': 20 },
    inputs: { in: tensorType('float32', dims) },
    outputs: Object.fromEntries(some.map((_, i) => [`y${i}`, undefined])),
    initializers: {
      ...scalars,
      ...weights,
      each: tensorFrom('float32', [3, ...dims.slice(1).map(() => 1), 1], [1, 2, 3]),
    },
    nodes: some.flatMap(([, text], i) =>
      [...nodes, ...written(text)].map((one) => ({
        ...one,
        inputs: one.inputs?.map((name) => (name === input ? 'in' : isShared(name) ? name : `${name}${i}`)),
        outputs: one.outputs.map((name) => `${name}${i}`),
      })),
    ),
  }
}

it.each(forms)('%s', (name, text, operators) => {
  const graph = prepareGraph(decodeModel(modelBytes(modelOf('alone', [[name, text, operators]]))))
  expect(graph.nodes.map(({ op }) => op).join(' ')).toBe(operators)
})

describe.skipIf(!runtime).each(Object.keys(products) as (keyof typeof products)[])(
  'behind what stands before: %s',
  (kind) => {
    it('all of them', async () => {
      const sessions = await sessionsOf(runtime!, modelOf(kind, forms), 3)
      for (const [n, scale] of [
        [2, 1],
        [1, 30],
        [3, 0.01],
      ] as const) {
        const dims = [n, ...products[kind].dims.slice(1).map(Number)]
        const given = wave(dims, 0.13)
        const feeds = {
          in: tensorFrom(
            'float32',
            dims,
            Array.from(new Float32Array(given.data!.buffer), (x) => x * scale),
          ),
        }
        const [ours, theirs] = [sessions.ours(feeds), await sessions.theirs(feeds)]
        for (const [i, [name]] of forms.entries())
          expect(apart(ours[`y${i}`]!, theirs[`y${i}`]!) / scale, `${name}, ${scale}`).toBeLessThan(2e-5)
      }
    })
  },
)

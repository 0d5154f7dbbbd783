import { numbersOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { RewriteContext } from '../../graph/rewrite.ts'
import { elementsOf, tensorFrom } from '../../onnx/tensor.ts'

// Tables of codes (byte-tables.ts) that compilers leave to the machine that runs them, whose exp is its own: for one that computes
// floats by calls they are made here, of the true functions in double precision, rounded to float32 once. The machine's are up to three
// units in the last place away, so that a code is another where the true number is within a ten thousandth of a half.

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const softplus = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0)

type OfNode = (node: Node) => (x: number) => number

const plain = (f: (x: number) => number): OfNode => () => f // prettier-ignore

/** ONNX's functions of the same names, with the defaults of their attributes. */
const FUNCTIONS: Readonly<Record<string, OfNode>> = {
  Elu: (node) => (x) => (x < 0 ? node.float('alpha', 1) * Math.expm1(x) : x),
  Erf: plain(erf),
  Exp: plain(Math.exp),
  Gelu: (node) =>
    node.string('approximate', 'none') === 'tanh' ? geluByTanh : (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  HardSigmoid: (node) => (x) => Math.max(0, Math.min(1, node.float('alpha', 0.2) * x + node.float('beta', 0.5))),
  HardSwish: plain((x) => x * Math.max(0, Math.min(1, x / 6 + 1 / 2))),
  LeakyRelu: (node) => (x) => (x < 0 ? node.float('alpha', 0.01) * x : x),
  Log: plain(Math.log),
  Mish: plain((x) => x * Math.tanh(softplus(x))),
  Selu: (node) => {
    const [alpha, gamma] = [node.float('alpha', 1.6732632423543772), node.float('gamma', 1.0507009873554805)]
    return (x) => gamma * (x > 0 ? x : alpha * Math.expm1(x))
  },
  Sigmoid: plain(sigmoid),
  Softplus: plain(softplus),
  Softsign: plain((x) => x / (1 + Math.abs(x))),
  Swish: (node) => (x) => x * sigmoid(node.float('alpha', 1) * x),
  Tanh: plain(Math.tanh),
  ThresholdedRelu: (node) => (x) => (x > node.float('alpha', 1) ? x : 0),
}

function geluByTanh(x: number): number {
  return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
}

/** 2/√π ∑ (−1)^n x^(2n+1) / (n! (2n+1)), as its continued fraction where that is 1 but for 10^-10. */
function erf(x: number): number {
  if (Math.abs(x) > 3) return Math.sign(x) * (1 - tail(Math.abs(x)))
  let [term, sum] = [x, x]
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= -(x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

/** erfc(x) of x > 3 (Abramowitz and Stegun 7.1.14). */
function tail(x: number): number {
  let fraction = x
  for (let n = 40; n > 0; n--) fraction = x + n / 2 / fraction
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction)
}

/** The codes of a type, no more: what byte-tables.ts makes tables of. */
const MOST = 256

/** A function of constants, when compiling. */
export function functionOfConstants(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const of = node.domain === '' ? FUNCTIONS[node.op] : undefined
  const x = of && node.input(0).constant
  const numbers = x?.type === 'float32' ? numbersOf(x) : undefined
  if (!of || !x || !numbers || numbers.length > MOST) return undefined
  return [b.constant(tensorFrom('float32', x.dims, Array.from(numbers, of(node))))]
}

/** What stands between such a function and codes, and folds wherever its inputs are known. */
const BESIDE = new Set(['om.RoundTo', 'Add', 'Div', 'Mul', 'Relu', 'Reshape', 'Sub'])

/** The same arithmetic of what was no constant before. */
export function arithmeticOfConstants(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const isKnown = node.inputs.every((input) => !input || (input.constant && elementsOf(input.constant.dims) <= MOST))
  if (!BESIDE.has(node.operator) || !isKnown || node.input(0).type !== 'float32') return undefined
  return [b.op(node.op, node.inputs, Object.fromEntries(node.attributes), node.domain)]
}

import { shapeEquals } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import { literal } from './c-text.ts'
import { numbersOf } from '../graph/fold.ts'
import type { KernelWriter } from './lowering.ts'

/** An activation of native/kernels/activation.h with its parameters. */
export interface Activation {
  readonly kind: string
  readonly alpha?: number
  readonly beta?: number
}

/** Defaults: ONNX operators of the same names. */
const activations: Readonly<Record<string, (node: Node) => Activation | undefined>> = {
  Relu: () => ({ kind: 'OM_ACT_RELU' }),
  Clip: (node) => {
    const [low, high] = [limit(node, 1, 'min', -Infinity), limit(node, 2, 'max', Infinity)]
    return low === undefined || high === undefined || low > high
      ? undefined
      : { kind: 'OM_ACT_CLIP', alpha: low, beta: high }
  },
  LeakyRelu: (node) => ({ kind: 'OM_ACT_LEAKY_RELU', alpha: node.float('alpha', 0.01) }),
  Sigmoid: () => ({ kind: 'OM_ACT_SIGMOID' }),
  Tanh: () => ({ kind: 'OM_ACT_TANH' }),
  HardSigmoid: (node) => ({
    kind: 'OM_ACT_HARD_SIGMOID',
    alpha: node.float('alpha', 0.2),
    beta: node.float('beta', 0.5),
  }),
  HardSwish: () => ({ kind: 'OM_ACT_HARD_SWISH' }),
  Swish: (node) => ({ kind: 'OM_ACT_SWISH', alpha: node.float('alpha', 1) }),
  Gelu: (node) => ({ kind: geluKind(node) }),
  Mish: () => ({ kind: 'OM_ACT_MISH' }),
  Elu: (node) => ({ kind: 'OM_ACT_ELU', alpha: node.float('alpha', 1) }),
}

/** ONNX Gelu-20. @throws the node's error for another approximation */
export function geluKind(node: Node): string {
  const approximation = node.string('approximate', 'none')
  if (approximation === 'none') return 'OM_ACT_GELU'
  if (approximation === 'tanh') return 'OM_ACT_GELU_TANH'
  throw node.error('MODEL_ATTRIBUTE', `approximate is ${JSON.stringify(approximation)}, but should be "none" or "tanh"`)
}

function limit(node: Node, input: number, attribute: 'min' | 'max', otherwise: number): number | undefined {
  const given = node.inputs[input]
  if (!given) return node.float(attribute, otherwise)
  return given.constant ? numbersOf(given.constant)?.[0] : undefined
}

/** The activation that a node is, where the fast kernels have it. */
export function activationOf(node: Node): Activation | undefined {
  if (node.domain !== '' || node.input(0).type !== 'float32') return undefined
  return activations[node.op]?.(node)
}

/** Whether `next` may be fused behind a product: one addition of a whole tensor, then one activation. */
export function fusesEpilogue(product: Value, epilogue: readonly Node[], next: Node): boolean {
  if (epilogue.some((node) => activationOf(node))) return false
  if (activationOf(next)) return true
  return epilogue.length === 0 && residualOf(next, product) !== undefined
}

/** The other operand of an Add of whole tensors. */
function residualOf(node: Node, product: Value): Value | undefined {
  if (node.op !== 'Add' || node.domain !== '' || node.input(0) === node.input(1)) return undefined
  const other = node.inputs.find((input) => input !== product)
  return other && shapeEquals(other.dims, product.dims) ? other : undefined
}

/** Compound literal of `om_epilogue`. `bias`: C expression of the bias' pointer. */
export function epilogueLiteral(
  k: KernelWriter,
  product: Value,
  epilogue: readonly Node[],
  bias: { column?: string; row?: string },
): string {
  const fields: string[] = []
  if (bias.column) fields.push(`.bias = ${bias.column}`)
  if (bias.row) fields.push(`.row_bias = ${bias.row}`)
  for (const node of epilogue) {
    const activation = activationOf(node)
    const residual = activation ? undefined : residualOf(node, product)
    if (residual) {
      const { pixel } = k.slice(residual)
      fields.push(`.residual = ${k.value(residual)}`)
      if (pixel !== residual.dims.at(-1)) fields.push(`.residual_row = ${k.dim(pixel)}`)
    }
    if (activation) {
      fields.push(`.activation = ${activation.kind}`)
      if (activation.alpha !== undefined) fields.push(`.alpha = ${literal('float32', activation.alpha)}`)
      if (activation.beta !== undefined) fields.push(`.beta = ${literal('float32', activation.beta)}`)
    }
  }
  return `(om_epilogue){${fields.join(', ') || '0'}}`
}

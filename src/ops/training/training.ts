import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, sameSize, takes } from '../../graph/rules.ts'
import type { Builder } from '../../graph/operator.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'

const DOMAIN = 'ai.onnx.preview.training'

/** Arithmetic on values of one type, in which numbers stand for constants. */
class Algebra {
  private readonly b: Builder
  private readonly type: Value['type']

  constructor(b: Builder, type: Value['type']) {
    this.b = b
    this.type = type
  }

  value(operand: Value | number): Value {
    return typeof operand === 'number' ? this.b.scalar(operand, this.type) : operand
  }

  add(a: Value | number, c: Value | number): Value {
    return this.b.op('Add', [this.value(a), this.value(c)])
  }

  subtract(a: Value | number, c: Value | number): Value {
    return this.b.op('Sub', [this.value(a), this.value(c)])
  }

  multiply(a: Value | number, c: Value | number): Value {
    return this.b.op('Mul', [this.value(a), this.value(c)])
  }

  divide(a: Value | number, c: Value | number): Value {
    return this.b.op('Div', [this.value(a), this.value(c)])
  }

  power(a: Value | number, c: Value): Value {
    return this.b.op('Pow', [this.value(a), c])
  }

  root(a: Value): Value {
    return this.b.op('Sqrt', [a])
  }

  cast(a: Value): Value {
    return castTo(this.b, a, this.type)
  }
}

/** One tensor that is trained: its value, its gradient, and the optimizer's state of it. */
interface Step {
  readonly rate: Value
  readonly count: Value
  readonly x: Value
  readonly gradient: Value
  readonly state: readonly Value[]
}

/**
 * An optimizer of ONNX's training preview. After the learning rate and the count of updates, inputs come in groups:
 * all tensors, all gradients, all states of a kind; outputs are the new tensors and states in the same order.
 */
function optimizer(
  name: string,
  states: number,
  update: (node: Node, step: Step, b: Builder) => Value[],
): LoweredOperator {
  const kinds = 2 + states
  return {
    name,
    domain: DOMAIN,
    rules: takes('R:float32|float64[.] T:int64[.] inputs+:float32|float64', {}, (node) => agree(node, kinds)),
    infer: (node): ValueInfo[] => node.inputs.slice(2).map((_, i) => node.input(i + 2)),
    decompose(node, b) {
      const count = (node.inputs.length - 2) / kinds
      const updated = Array.from({ length: count }, (_, i) => {
        const [x, gradient, ...state] = Array.from({ length: kinds }, (_unused, kind) =>
          node.input(2 + kind * count + i),
        ) as [Value, Value, ...Value[]]
        return update(node, { rate: node.input(0), count: node.input(1), x, gradient, state }, b)
      })
      return Array.from({ length: 1 + states }, (_, kind) => updated.map((values) => values[kind]!)).flat()
    },
  }
}

/** Gradient and states of a tensor are of its type and shape. */
function agree(node: Node, kinds: number): Agreement[] {
  const count = (node.inputs.length - 2) / kinds
  if (!Number.isInteger(count) || count < 1)
    throw node.error('MODEL_INPUTS', `${node.inputs.length} inputs are not two and ${kinds} per tensor`)
  return node.inputs.slice(2 + count).flatMap((_, i) => {
    const [input, of] = [2 + count + i, 2 + (i % count)]
    const [own, tensor] = [node.input(input), node.input(of)]
    if (own.type !== tensor.type || own.rank !== tensor.rank) {
      const [is, should] = [own, tensor].map(({ type, dims }) => `${type} [${dims.join(', ')}]`)
      throw node.error('MODEL_TYPES', `input ${input} is ${is}, but should be like input ${of}, ${should}`)
    }
    return own.dims.map((__, axis) => sameSize(node, [input, axis], [of, axis]))
  })
}

/** ONNX Adagrad-1: H' = H + G², X' = X - R / (1 + T * decay) * G / (√H' + ε), with G regularised by X. */
const Adagrad = optimizer('Adagrad', 1, (node, { rate, count, x, gradient, state }, b) => {
  const a = new Algebra(b, x.type)
  const decayed = a.divide(a.cast(rate), a.add(1, a.multiply(a.cast(count), node.float('decay_factor', 0))))
  const g = a.add(a.multiply(x, node.float('norm_coefficient', 0)), gradient)
  const squares = a.add(state[0]!, a.multiply(g, g))
  const adapted = a.add(a.root(squares), node.float('epsilon', 1e-6))
  return [a.subtract(x, a.divide(a.multiply(decayed, g), adapted)), squares]
})

/** ONNX Adam-1. The rate is corrected for the bias of the first steps, but not at step 0. */
const Adam = optimizer('Adam', 2, (node, { rate, count, x, gradient, state }, b) => {
  const a = new Algebra(b, x.type)
  const [alpha, beta] = [node.float('alpha', 0.9), node.float('beta', 0.999)]
  const g = a.add(a.multiply(x, node.float('norm_coefficient', 0)), gradient)
  const mean = a.add(a.multiply(state[0]!, alpha), a.multiply(g, 1 - alpha))
  const squares = a.add(a.multiply(state[1]!, beta), a.multiply(a.multiply(g, g), 1 - beta))
  const steps = a.cast(count)
  const correction = a.divide(a.root(a.subtract(1, a.power(beta, steps))), a.subtract(1, a.power(alpha, steps)))
  const started = b.op('Greater', [steps, a.value(0)])
  const corrected = b.op('Where', [started, a.multiply(a.cast(rate), correction), a.cast(rate)])
  const adapted = a.add(a.root(squares), node.float('epsilon', 1e-6))
  const moved = a.subtract(x, a.divide(a.multiply(corrected, mean), adapted))
  return [a.multiply(moved, 1 - node.float('norm_coefficient_post', 0)), mean, squares]
})

/** ONNX Momentum-1, standard and Nesterov's. */
const Momentum = optimizer('Momentum', 1, (node, { rate, count, x, gradient, state }, b) => {
  const a = new Algebra(b, x.type)
  const mode = node.string('mode', 'standard')
  if (mode !== 'standard' && mode !== 'nesterov') {
    throw node.error('MODEL_ATTRIBUTE', `mode is ${JSON.stringify(mode)}, but should be "standard" or "nesterov"`)
  }
  const [alpha, beta] = [node.float('alpha', 0), node.float('beta', 0)]
  const g = a.add(a.multiply(x, node.float('norm_coefficient', 0)), gradient)
  const started = b.op('Greater', [a.cast(count), a.value(0)])
  const dampening = b.op('Where', [started, a.value(beta), a.value(1)])
  const velocity = a.add(a.multiply(state[0]!, alpha), a.multiply(g, dampening))
  const direction = mode === 'standard' ? velocity : a.add(g, a.multiply(velocity, alpha))
  return [a.subtract(x, a.multiply(a.cast(rate), direction)), velocity]
})

export const training: readonly LoweredOperator[] = [Adagrad, Adam, Momentum]

import type { Value } from '../../graph/graph.ts'
import { type Program, producerOf, type Step } from '../program.ts'
import { eitherOrder, isNumber, part } from './rewrite.ts'

/** 0.5 · x · (1 + erf(x / √2)), and its approximation with tanh → Gelu: RecomposeGeluFromMulPattern. */
export function gelu(step: Step, program: Program): Step[] | undefined {
  const half = factorsOfHalf(step)
  for (const [sum, x] of half ? [half, [half[1], half[0]] as const] : []) {
    const onePlus = besideConstant(producerOf(sum, 'Add'), 1)
    const inner = producerOf(onePlus, 'Erf') ?? producerOf(onePlus, 'Tanh')
    const body = inner && chainTo(inner, x)
    if (!inner || !body) continue
    const steps = [step, producerOf(sum)!, inner, ...body, ...halfSteps(step)]
    return [part(program, step, 'Gelu', [x], step.output()).absorbing(steps)]
  }
  return undefined
}

/** a and b of 0.5 · a · b, however the product is put together. */
function factorsOfHalf(step: Step): readonly [Value, Value] | undefined {
  const product = producerOf(besideConstant(step, 0.5), 'Mul')
  if (product) return [product.input(0), product.input(1)]
  for (const [i, j] of eitherOrder) {
    const halved = besideConstant(producerOf(step.input(i), 'Mul'), 0.5)
    if (halved) return [halved, step.input(j)]
  }
  return undefined
}

function halfSteps(step: Step): Step[] {
  return step.inputs.map((input) => producerOf(input, 'Mul')).filter((input) => input !== undefined)
}

/** The other operand of a step one of whose operands is `number` everywhere. */
function besideConstant(step: Step | undefined, number: number): Value | undefined {
  if (step?.inputs.length !== 2) return undefined
  const index = step.inputs.findIndex((input) => isNumber(input, number))
  return index < 0 ? undefined : step.inputs[1 - index]
}

/** The steps from `x` to the argument of a Gelu's Erf or Tanh, where they are those of the formula. */
function chainTo(inner: Step, x: Value): Step[] | undefined {
  if (inner.op === 'Erf') {
    const scaled = producerOf(inner.input(0), 'Div')
    return scaled?.input(0) === x && isNumber(scaled.input(1), Math.SQRT2) ? [scaled] : undefined
  }
  const scaled = producerOf(inner.input(0), 'Mul')
  const sum = producerOf(besideConstant(scaled, Math.sqrt(2 / Math.PI)), 'Add')
  const cubicTerm = sum?.inputs.find((input) => input !== x)
  const cubic = producerOf(cubicTerm, 'Mul')
  const power = producerOf(besideConstant(cubic, 0.044715))
  if (!scaled || !sum?.inputs.includes(x) || !cubic || power?.input(0) !== x) return undefined
  const isCube = power.op === 'Pow' && isNumber(power.inputs[1], 3)
  return isCube ? [scaled, sum, cubic, power] : undefined
}

/** QuantizeLinear(MatMul(DequantizeLinear(a), DequantizeLinear(b))) → QLinearMatMul: RecomposeQLinearMatMulFromQuantizeLinearPattern. */
export function quantizedProduct(step: Step, program: Program): Step[] | undefined {
  const [product, scale, zeroPoint] = step.inputs
  const matmul = producerOf(product, 'MatMul')
  const [a, b] = (matmul?.inputs ?? []).map((input) => producerOf(input, 'DequantizeLinear'))
  if (!matmul || !a || !b) return undefined
  const inputs = [...a.inputs.slice(0, 3), ...b.inputs.slice(0, 3), scale, zeroPoint]
  return [part(program, step, 'QLinearMatMul', inputs, step.output()).absorbing([matmul, a, b])]
}

/** scale · (x − mean) / √(variance + ε) → LayerNormalization, which has no accelerated form: RecomposeLayerNormFromMulPattern. */
export function layerNormalization(step: Step, program: Program): Step[] | undefined {
  for (const [i, j] of eitherOrder) {
    const scale = step.input(j)
    const body = normalized(producerOf(step.input(i)))
    if (!body) continue
    return [part(program, step, 'LayerNormalization', [body.x, scale], step.output()).absorbing(body.steps)]
  }
  return undefined
}

function normalized(division: Step | undefined): { x: Value; steps: Step[] } | undefined {
  if (!division) return undefined
  const quotient =
    division.op === 'Div'
      ? { d: division.input(0), root: producerOf(division.inputs[1], 'Sqrt'), inverse: [] as Step[] }
      : reciprocal(division)
  const sum = producerOf(quotient?.root?.input(0), 'Add')
  const mean = sum?.inputs.map((input) => producerOf(input, 'ReduceMeanV13')).find((found) => found)
  const square = producerOf(mean?.input(0), 'Mul')
  const isSquare = square?.inputs.every((input) => input === quotient?.d)
  if (!quotient?.root || !sum || !mean || !square || !isSquare || !isOfLastAxes(mean)) return undefined
  const steps = [division, ...quotient.inverse, quotient.root, sum, mean, square]
  const difference = producerOf(quotient.d, 'Sub')
  const average = producerOf(difference?.inputs[1], 'ReduceMeanV13')
  const x = difference?.input(0)
  if (difference && average && average.input(0) === x && isOfLastAxes(average))
    return { x: x!, steps: [...steps, difference, average] }
  return { x: quotient.d, steps }
}

/**
 * Whether a mean goes over the last axes, counted from the front: onnx-mlir turns axes that count from the end round in
 * an assertion (getAxisInRange, ShapeHelper.cpp), so that builds without assertions never find them.
 */
function isOfLastAxes(mean: Step): boolean {
  const rank = mean.input(0).shape?.length
  const axes = mean.ints('axes')?.toSorted((a, b) => a - b) ?? []
  const areLast = axes.every((axis, i) => axis === rank! - axes.length + i)
  return rank !== undefined && axes.length > 0 && areLast && mean.int('keepdims', 1) === 1
}

/** d · (1 / √v) or d · Reciprocal(√v). */
function reciprocal(step: Step): { d: Value; root: Step | undefined; inverse: Step[] } | undefined {
  if (step.op !== 'Mul') return undefined
  for (const [i, j] of eitherOrder) {
    const inverse = producerOf(step.input(i))
    if (inverse?.op === 'Reciprocal')
      return { d: step.input(j), root: producerOf(inverse.input(0), 'Sqrt'), inverse: [inverse] }
    if (inverse?.op === 'Div' && isNumber(inverse.inputs[0], 1))
      return { d: step.input(j), root: producerOf(inverse.inputs[1], 'Sqrt'), inverse: [inverse] }
  }
  return undefined
}

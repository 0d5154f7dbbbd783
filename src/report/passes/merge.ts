import { shapeEquals } from '../../graph/dim.ts'
import type { Value } from '../../graph/graph.ts'
import { tensorNumbers } from '../../onnx/tensor.ts'
import { entryFor, type Program, producerOf, type Step } from '../program.ts'
import { part, type Rewrite, type Uses } from './rewrite.ts'

/**
 * Steps that onnx-mlir makes one of before it looks at the accelerator. What merges runs where the merged step runs.
 * Source: Canonicalize.td, ConstProp.td and Recompose.cpp of onnx-mlir.
 */
export const mergeSteps: Rewrite = (step, program, uses) => {
  for (const merge of entryFor(merges, step) ?? []) {
    const merged = merge(step, program, uses)
    if (merged) return merged
  }
  return undefined
}

type Merge = (step: Step, program: Program, uses: Uses) => readonly Step[] | undefined

const merges: Readonly<Record<string, readonly Merge[]>> = {
  Add: [gemmOfMatMul, biasOfGemm, intoConvolution, constantsTogether],
  Mul: [gelu, layerNormalization, intoConvolution, scaleOfMatMul, constantsTogether],
  Div: [scaleOfMatMul],
  BatchNormalization: [batchNormOfConvolution],
  MatMul: [matMulOfReshape],
}

/** The inputs of a commutative step with the constant second, as onnx-mlir orders them. */
function operands(step: Step, program: Program): [Value, Value] {
  const [a, b] = [step.input(0), step.input(1)]
  return program.isConstant(a) && !program.isConstant(b) ? [b, a] : [a, b]
}

/** Add(MatMul(a, b), c) of matrices → Gemm(a, b, c): MulAddToGemmOptPattern. */
function gemmOfMatMul(step: Step, program: Program, uses: Uses): Step[] | undefined {
  const [product, c] = operands(step, program)
  const matmul = producerOf(product, 'MatMul')
  if (!matmul || uses.get(product) !== 1 || matmul.inputs.some((input) => input?.shape?.length !== 2)) return undefined
  const gemm = part(program, step, 'Gemm', [...matmul.inputs, c], step.output())
  return [gemm.with(gemm.inputs, matmul.origins)]
}

/** Add(Gemm(a, b), c) → Gemm(a, b, c): FuseGemmFollowedByAddition. */
function biasOfGemm(step: Step, program: Program, uses: Uses): Step[] | undefined {
  const [product, c] = operands(step, program)
  const gemm = producerOf(product, 'Gemm')
  if (!gemm || uses.get(product) !== 1 || gemm.inputs[2]) return undefined
  const biased = part(program, step, 'Gemm', [gemm.inputs[0], gemm.inputs[1], c], step.output())
  return [biased.with(biased.inputs, gemm.origins, gemm.attributes)]
}

/** Add or Mul of one number per channel after a Conv → its bias or weights: FuseAddConvPattern, FuseMulConvNullBiasPattern. */
function intoConvolution(step: Step, program: Program): Step[] | undefined {
  const [x, constant] = operands(step, program)
  const conv = producerOf(x, 'Conv')
  const rank = step.output().shape?.length
  if (!conv || rank === undefined || !constant.constant || constant.shape?.length !== rank - 1) return undefined
  const isPerChannel = constant.shape.length > 0 && constant.shape.slice(1).every((dim) => dim === 1)
  const weights = conv.input(1)
  const isBias = step.op === 'Add'
  if (!isPerChannel || (!isBias && (conv.inputs[2] || constant.shape[0] !== weights.shape?.[0]))) return undefined
  const bias = isBias ? program.constant({ type: weights.type, shape: [constant.shape[0]!] }) : undefined
  return [convolutionFor(program, step, conv, isBias ? weights : program.constant(weights), bias)]
}

/** BatchNormalization after a Conv → its weights and bias: FuseBatchNormInferenceModeConvPattern. */
function batchNormOfConvolution(step: Step, program: Program, uses: Uses): Step[] | undefined {
  const conv = producerOf(step.input(0), 'Conv')
  const inTraining = step.int('training_mode', 0) !== 0 || step.outputs.slice(1).some((output) => uses.has(output))
  const isKnown = step.inputs.slice(1).every((value) => program.isConstant(value))
  if (!conv || inTraining || !isKnown || !program.isConstant(conv.inputs[1])) return undefined
  const weights = conv.input(1)
  const bias = program.constant({ type: weights.type, shape: [weights.shape?.[0] ?? 1] })
  return [convolutionFor(program, step, conv, program.constant(weights), bias)]
}

function convolutionFor(program: Program, step: Step, conv: Step, w: Value, b: Value | undefined): Step {
  const plain = part(program, step, 'Conv', [], step.output())
  return plain.with([conv.inputs[0], w, b], conv.origins, conv.attributes)
}

/** Mul or Div of a MatMul with a constant matrix by one number → that matrix: FuseScalarMulMatMulPattern. */
function scaleOfMatMul(step: Step, program: Program): Step[] | undefined {
  const [x, scale] = step.op === 'Mul' ? operands(step, program) : [step.input(0), step.input(1)]
  const matmul = producerOf(x, 'MatMul')
  const isNumber = program.isConstant(scale) && scale.shape?.every((dim) => dim === 1) && scale.shape.length <= 1
  if (!matmul || !isNumber || !program.isConstant(matmul.inputs[1])) return undefined
  const scaled = part(program, step, 'MatMul', [], step.output())
  return [scaled.with([matmul.inputs[0], program.constant(matmul.input(1))], matmul.origins)]
}

/** op(op(x, c1), c2) → op(x, c1 op c2): AddConstAssociative1, MulConstAssociative1. */
function constantsTogether(step: Step, program: Program, uses: Uses): Step[] | undefined {
  const [x, c2] = operands(step, program)
  const inner = producerOf(x, step.op)
  if (!inner || uses.get(x) !== 1 || !program.isConstant(c2)) return undefined
  const [y, c1] = operands(inner, program)
  if (!program.isConstant(c1) || !c1.shape || !c2.shape) return undefined
  const wider = c1.shape.length >= c2.shape.length ? c1 : c2
  if (program.isConstant(y) || !(shapeEquals(c1.shape, c2.shape) || c1.shape.length !== c2.shape.length))
    return undefined
  const folded = program.constant({ type: c1.type, shape: wider.shape })
  const outer = part(program, step, step.op, [y, folded], step.output())
  return [outer.with(outer.inputs, inner.origins)]
}

/** A matrix product of rows that a Reshape laid out flat → the product of the tensor itself: SwapReshapeMatMulPattern. */
function matMulOfReshape(step: Step, program: Program): Step[] | undefined {
  const reshape = producerOf(step.input(0), 'Reshape')
  const a = reshape?.input(0)
  const b = step.input(1)
  const flat = step.input(0).shape
  const isRows = a?.shape && a.shape.length > 2 && flat?.length === 2 && b.shape?.length === 2
  if (!reshape || !isRows || a.shape.at(-1) !== flat[1] || !step.output().staticShape) return undefined
  const info = { type: step.output().type, shape: [...a.shape.slice(0, -1), b.shape.at(-1)!] }
  const matmul = part(program, step, 'MatMul', [a, b], info)
  const merged = matmul.with([a, b], reshape.origins)
  return [merged, part(program, step, 'Reshape', [merged.output(), undefined], step.output())]
}

/** 0.5 · x · (1 + erf(x / √2)), and its approximation with tanh → Gelu: RecomposeGeluFromMulPattern. */
function gelu(step: Step, program: Program): Step[] | undefined {
  const half = factorsOfHalf(step)
  for (const [sum, x] of half ? [half, [half[1], half[0]] as const] : []) {
    const onePlus = besideConstant(producerOf(sum, 'Add'), 1)
    const inner = producerOf(onePlus, 'Erf') ?? producerOf(onePlus, 'Tanh')
    const body = inner && chainTo(inner, x)
    if (!inner || !body) continue
    const steps = [step, producerOf(sum)!, inner, ...body, ...halfSteps(step)]
    const merged = part(program, step, 'Gelu', [x], step.output())
    return [
      merged.with(
        [x],
        steps.flatMap(({ origins }) => [...origins]),
      ),
    ]
  }
  return undefined
}

/** a and b of 0.5 · a · b, however the product is put together. */
function factorsOfHalf(step: Step): readonly [Value, Value] | undefined {
  const product = producerOf(besideConstant(step, 0.5), 'Mul')
  if (product) return [product.input(0), product.input(1)]
  for (const [i, j] of [
    [0, 1],
    [1, 0],
  ] as const) {
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

export function isNumber(value: Value | undefined, number: number): boolean {
  const tensor = value?.constant
  if (!tensor || tensor.type === 'string' || tensor.data.length > 4096) return false
  const numbers = tensorNumbers(tensor)
  return numbers.length > 0 && numbers.every((element) => Math.abs(element - number) < 1e-6)
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

/** scale · (x − mean) / √(variance + ε) → LayerNormalization, which has no accelerated form: RecomposeLayerNormFromMulPattern. */
function layerNormalization(step: Step, program: Program): Step[] | undefined {
  for (const [i, j] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const scale = step.input(j)
    const body = normalized(producerOf(step.input(i)))
    if (!body) continue
    const merged = part(program, step, 'LayerNormalization', [body.x, scale], step.output())
    return [
      merged.with(
        merged.inputs,
        body.steps.flatMap(({ origins }) => [...origins]),
      ),
    ]
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
  if (!quotient?.root || !sum || !mean || !square || !square.inputs.every((input) => input === quotient.d))
    return undefined
  const steps = [division, ...quotient.inverse, quotient.root, sum, mean, square]
  const difference = producerOf(quotient.d, 'Sub')
  const average = producerOf(difference?.inputs[1], 'ReduceMeanV13')
  const x = difference?.input(0)
  if (difference && average && average.input(0) === x) return { x: x!, steps: [...steps, difference, average] }
  return { x: quotient.d, steps }
}

/** d · (1 / √v) or d · Reciprocal(√v). */
function reciprocal(step: Step): { d: Value; root: Step | undefined; inverse: Step[] } | undefined {
  if (step.op !== 'Mul') return undefined
  for (const [i, j] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const inverse = producerOf(step.input(i))
    if (inverse?.op === 'Reciprocal')
      return { d: step.input(j), root: producerOf(inverse.input(0), 'Sqrt'), inverse: [inverse] }
    if (inverse?.op === 'Div' && isNumber(inverse.inputs[0], 1))
      return { d: step.input(j), root: producerOf(inverse.inputs[1], 'Sqrt'), inverse: [inverse] }
  }
  return undefined
}

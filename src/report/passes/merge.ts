import { shapeEquals } from '../../graph/dim.ts'
import type { Value } from '../../graph/graph.ts'
import { entryFor, type Program, producerOf, type Step } from '../program.ts'
import { gelu, layerNormalization, quantizedProduct } from './recompose.ts'
import { part, type Rewrite, type Uses } from './rewrite.ts'
import { permutationOf } from './simplify.ts'

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

type Merge = (step: Step, program: Program, uses: Uses) => readonly Step[] | Value | undefined

const merges: Readonly<Record<string, readonly Merge[]>> = {
  Add: [gemmOfMatMul, biasOfGemm, biasOfLayerNormalization, intoConvolution, constantsTogether],
  Mul: [gelu, layerNormalization, intoConvolution, scaleOfMatMul, scaleOfAttention, constantsTogether],
  Div: [scaleOfMatMul, scaleOfAttention],
  Sub: [sumWithNegative],
  BatchNormalization: [batchNormOfConvolution],
  MatMul: [matMulOfReshape],
  QuantizeLinear: [quantizedProduct],
  Transpose: [transposeOfTranspose, transposeAroundUnary],
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
  const merged = convolutionFor(program, step, conv, isBias ? weights : program.constant(weights), bias)
  return [merged.with(merged.inputs, program.originsOf(constant))]
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
  if (!matmul || !isScalarConstant(scale, program) || !program.isConstant(matmul.inputs[1])) return undefined
  const scaled = part(program, step, 'MatMul', [], step.output())
  return [scaled.with([matmul.inputs[0], program.constant(matmul.input(1))], matmul.origins)]
}

/** The scale of attention scores → the weights of the query or the key: PropagateConstantScalingInAttentionLayerPattern. */
function scaleOfAttention(step: Step, program: Program, uses: Uses): Value | undefined {
  const [x, scale] = step.op === 'Mul' ? operands(step, program) : [step.input(0), step.input(1)]
  const matmul = producerOf(x, 'MatMul')
  if (!matmul || !isScalarConstant(scale, program)) return undefined
  return matmul.inputs.some((input) => isProjection(input, program, uses)) ? x : undefined
}

/** Whether a value is x · A + B with constants, used once, and perhaps laid out anew. */
function isProjection(value: Value | undefined, program: Program, uses: Uses): boolean {
  let origin = value
  while (origin && uses.get(origin) === 1 && layoutOps.has(producerOf(origin)?.op ?? ''))
    origin = producerOf(origin)!.inputs[0]
  if (!origin || uses.get(origin) !== 1) return false
  const gemm = producerOf(origin, 'Gemm')
  if (gemm) return program.isConstant(gemm.inputs[1]) && (!gemm.inputs[2] || program.isConstant(gemm.inputs[2]))
  const sum = producerOf(origin, 'Add')
  const [product, bias] = sum ? operands(sum, program) : []
  const matmul = product && uses.get(product) === 1 ? producerOf(product, 'MatMul') : undefined
  return program.isConstant(bias) && program.isConstant(matmul?.inputs[1])
}

const layoutOps: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze'])

function isScalarConstant(value: Value, program: Program): boolean {
  return program.isConstant(value) && isScalar(value)
}

function isScalar({ shape }: Value): boolean {
  return shape !== undefined && shape.length <= 1 && shape.every((dim) => dim === 1)
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
  return [outer.with(outer.inputs, [...inner.origins, ...program.originsOf(c1), ...program.originsOf(c2)])]
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

/** op(Reshape(x), scalar) → Reshape(op(x, scalar)): PropagateReshapeThroughBinaryOpPattern. */
export const reshapeLast: Rewrite = (step, program) => {
  if (!['Add', 'Sub', 'Mul', 'Div'].includes(step.op) || step.domain !== '') return undefined
  const isCommutative = step.op === 'Add' || step.op === 'Mul'
  const [reshaped, scalar] = isCommutative ? operands(step, program) : [step.input(0), step.input(1)]
  const reshape = producerOf(reshaped, 'Reshape')
  const x = reshape?.input(0)
  if (!reshape || !x || !isScalar(scalar)) return undefined
  const first = part(program, step, step.op, [x, scalar], { type: step.output().type, shape: x.shape })
  const moved = first.with(first.inputs, reshape.origins)
  const back = part(program, step, 'Reshape', [moved.output(), ...reshape.inputs.slice(1)], step.output())
  return [moved, back.with(back.inputs, reshape.origins, reshape.attributes)]
}

/** x − c → x + (−c): SubConstToNeg. */
function sumWithNegative(step: Step, program: Program): Step[] | undefined {
  const [x, c] = step.inputs
  if (!c?.constant || program.isConstant(x)) return undefined
  const negative = program.constant({ type: c.type, shape: c.shape })
  const sum = part(program, step, 'Add', [x, negative], step.output())
  return [sum.with(sum.inputs, program.originsOf(c))]
}

/** What is added to a LayerNormalization without bias is its bias: PropagateBiasIntoLayerNormRewritePattern. */
function biasOfLayerNormalization(step: Step, program: Program, uses: Uses): Step[] | undefined {
  const [x, bias] = operands(step, program)
  const norm = producerOf(x, 'LayerNormalization')
  if (!norm || uses.get(x) !== 1 || norm.inputs[2]) return undefined
  const biased = part(program, step, 'LayerNormalization', [norm.inputs[0], norm.inputs[1], bias], step.output())
  return [biased.with(biased.inputs, [], norm.attributes).absorbing([norm])]
}

/** Two Transposes → one: FuseTransposePattern. */
function transposeOfTranspose(step: Step, program: Program): Step[] | undefined {
  const inner = producerOf(step.input(0), 'Transpose')
  const perm = inner && combined(inner, step)
  if (!perm) return undefined
  const merged = part(program, step, 'Transpose', inner.inputs, step.output(), { perm })
  return [merged.with(merged.inputs, inner.origins)]
}

/** A Transpose, a step on each element and another Transpose → the step, and one Transpose: FuseTransposeAnd…Pattern. */
function transposeAroundUnary(step: Step, program: Program): Step[] | undefined {
  const unary = producerOf(step.input(0))
  const inner = unary && entryFor(unaryOps, unary) && producerOf(unary.inputs[0], 'Transpose')
  const perm = inner && combined(inner, step)
  if (!perm) return undefined
  const origins = [...unary.origins, ...inner.origins]
  const info = { type: unary.output().type, shape: inner.input(0).shape }
  const first = part(program, step, unary.op, inner.inputs, info).with(inner.inputs, origins, unary.attributes)
  const turned = part(program, step, 'Transpose', [first.output()], step.output(), { perm })
  return [first, turned.with(turned.inputs, origins)]
}

/** What two Transposes do together. */
function combined(inner: Step, outer: Step): number[] | undefined {
  const [first, second] = [permutationOf(inner), permutationOf(outer)]
  return first && second?.map((axis) => first[axis]!)
}

const unaryOps: Readonly<Record<string, true>> = Object.fromEntries(
  (
    'Acos Acosh Asin Asinh Atan Atanh Cast Ceil Cos Cosh Elu Erf Exp Floor HardSigmoid IsNaN LeakyRelu Log Neg Not ' +
    'Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Tan Tanh'
  )
    .split(' ')
    .map((op) => [op, true]),
)

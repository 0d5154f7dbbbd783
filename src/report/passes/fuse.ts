import type { Value } from '../../graph/graph.ts'
import type { NnpaLevel } from '../nnpa-level.ts'
import { entryFor, type Program, producerOf, type Step } from '../program.ts'
import { legality, refusal } from '../rules/index.ts'
import { eitherOrder, isNumber, part, type Rewrite } from './rewrite.ts'

/** Operators of the accelerator that are several of ONNX's: they go there without further checks. */
export const fusedOps = {
  matmul: 'nnpa.MatMul',
  convolution: 'nnpa.Conv',
  softmax: 'nnpa.LogSoftmax',
  inverseRoot: 'nnpa.InvSqrt',
  quantizedMatmul: 'nnpa.QuantizedMatMul',
}

/**
 * Steps that one operation of the accelerator does together: one pass over one program.
 * Source: the patterns for several operators in ONNXToZHigh.td.
 */
export function fuseFor(level: NnpaLevel): Rewrite {
  let sums: Sums | undefined
  return (step, program) => {
    sums ??= sumsOf(program)
    return entryFor(fusions, step)?.(step, { program, level, sums })
  }
}

/** What a fusion looks at beside the step. */
interface Surroundings {
  readonly program: Program
  readonly level: NnpaLevel
  readonly sums: Sums
}

type Fuse = (step: Step, surroundings: Surroundings) => Step[] | undefined

const fusions: Readonly<Record<string, Fuse>> = {
  Gemm: (step, { program, level }) => matrixApart(step, program, level),
  Mul: (step, { program, level }) => dynamicallyQuantized(step, program, level),
  Add: (step, { program, level }) => biasOfQuantized(step, program) ?? fused(step, program, biasedProduct(step, level)),
  MatMul: (step, { program, level, sums }) =>
    isBiased(step, level, sums) ? undefined : fused(step, program, transposedProduct(step, level)),
  Relu: (step, { program, level }) => {
    const conv = producerOf(step.input(0), 'Conv')
    if (!conv || legality(conv, level) !== undefined) return undefined
    return fused(step, program, { op: fusedOps.convolution, inputs: conv.inputs, steps: [conv] })
  },
  Log: (step, { program, level }) => {
    const softmax = producerOf(step.input(0), 'Softmax')
    if (!softmax || legality(softmax, level) !== undefined) return undefined
    return fused(step, program, { op: fusedOps.softmax, inputs: softmax.inputs, steps: [softmax] })
  },
  Div: (step, { program, level }) =>
    isNumber(step.inputs[0], 1) ? fused(step, program, inverseRoot(step.inputs[1], level)) : undefined,
  Reciprocal: (step, { program, level }) => fused(step, program, inverseRoot(step.inputs[0], level)),
}

interface Fusion {
  readonly op: string
  readonly inputs: (Value | undefined)[]
  /** Those that the fused step stands for, beside the one that it replaces. */
  readonly steps: readonly Step[]
}

function fused(step: Step, program: Program, fusion: Fusion | undefined): Step[] | undefined {
  if (!fusion) return undefined
  const { op, inputs, steps } = fusion
  const one = part(program, step, op, inputs, step.output())
  return [
    one.with(
      inputs,
      steps.flatMap(({ origins }) => [...origins]),
    ),
  ]
}

/** What a Gemm adds is a row for the accelerator; a matrix is added by another step, which may have to stay on the CPU. */
function matrixApart(step: Step, program: Program, level: NnpaLevel): Step[] | undefined {
  const [a, b, c] = step.inputs
  if (c?.shape?.length !== 2 || refusal(step, level) !== undefined) return undefined
  // The compiler compared dimensions before this pass: those of the product, which it makes here, it doesn't know.
  const shape = step.output().shape?.map((dim) => (typeof dim === 'number' ? dim : program.unknownDim()))
  const product = part(program, step, 'Gemm', [a, b], { type: step.output().type, shape })
  const sum = part(program, step, 'Add', [product.output(), c], step.output())
  return [product.with([a, b], [], step.attributes), sum]
}

function inverseRoot(value: Value | undefined, level: NnpaLevel): Fusion | undefined {
  const root = producerOf(value, 'Sqrt')
  return root && level === 'z17' ? { op: fusedOps.inverseRoot, inputs: root.inputs, steps: [root] } : undefined
}

/** A product and what is added to each of its rows. */
function biasedProduct(step: Step, level: NnpaLevel): Fusion | undefined {
  for (const [i, j] of eitherOrder) {
    const matmul = producerOf(step.input(i), 'MatMul')
    const bias = step.input(j)
    if (matmul && isBias(bias, matmul, level) && legality(matmul, level) === undefined)
      return { op: fusedOps.matmul, inputs: [...matmul.inputs, bias], steps: [matmul] }
  }
  return undefined
}

/** Whether a product is to be done together with what is added to it, which comes first. */
function isBiased(matmul: Step, level: NnpaLevel, sums: Sums): boolean {
  const product = matmul.output()
  return (sums.get(product) ?? []).some(({ inputs }) => {
    const other = inputs.find((input) => input !== product)
    return other !== undefined && isBias(other, matmul, level)
  })
}

/** The Adds that use a value. */
type Sums = ReadonlyMap<Value, readonly Step[]>

/** Those of a program as the pass finds it. */
function sumsOf({ steps }: Program): Sums {
  const sums = new Map<Value, Step[]>()
  for (const step of steps) {
    if (step.op !== 'Add') continue
    for (const input of step.inputs) {
      const known = input && sums.get(input)
      if (known) known.push(step)
      else if (input) sums.set(input, [step])
    }
  }
  return sums
}

function isBias({ shape: bias }: Value, { inputs: [a, b] }: Step, level: NnpaLevel): boolean {
  if (!a?.shape || !b?.shape || !bias) return false
  const columns = b.shape.at(-1)
  if (typeof columns !== 'number' || bias.at(-1) !== columns) return false
  if (b.shape.length === 2) return bias.length === 1
  const isStack = a.shape.length === 3 || (a.shape.length === 2 && level === 'z17')
  return isStack && bias.length === 3 && bias[1] === 1 && typeof bias[0] === 'number' && bias[0] === b.shape[0]
}

/** On z17 a product takes its operands transposed. */
function transposedProduct(step: Step, level: NnpaLevel): Fusion | undefined {
  if (level !== 'z17' || legality(step, level) !== undefined) return undefined
  const transposes = step.inputs.map((input) => {
    const transpose = producerOf(input, 'Transpose')
    return transpose && isOfMatrices(transpose.ints('perm')) ? transpose : undefined
  })
  const found = transposes.filter((transpose) => transpose !== undefined)
  const inputs = step.inputs.map((input, i) => transposes[i]?.inputs[0] ?? input)
  return found.length > 0 ? { op: fusedOps.matmul, inputs, steps: found } : undefined
}

function isOfMatrices(perm: readonly number[] | undefined): boolean {
  return perm?.join() === '1,0' || perm?.join() === '0,2,1'
}

/**
 * Mul(Cast(MatMulInteger(DynamicQuantizeLinear(x), b)), scales) → the product of x itself, quantised on the accelerator.
 * Source: replaceMatMulIntegerSubGraphFromMulPattern.
 */
function dynamicallyQuantized(step: Step, program: Program, level: NnpaLevel): Step[] | undefined {
  for (const [i, j] of eitherOrder) {
    const found = scaledCast(step.input(i), step.input(j))
    const matmul = producerOf(found?.cast.inputs[0], 'MatMulInteger')
    const quantized = producerOf(matmul?.inputs[0], 'DynamicQuantizeLinear')
    if (!found || !matmul || !quantized || legality(matmul, level) !== undefined) continue
    const [x, b, , zeroPoint] = [quantized.inputs[0], matmul.inputs[1], undefined, matmul.inputs[3]]
    const isOfX = found.scales.includes(quantized.outputs[1]!) && matmul.inputs[2] === quantized.outputs[2]
    if (!isOfX || !b?.constant || !zeroPoint?.constant) continue
    // With a zero point of 0 what only b decides is added as a bias, of whose scales the CPU takes care.
    const scalar = { type: 'float32', shape: [] } as const
    const scales = isNumber(zeroPoint, 0)
      ? [part(program, step, 'Div', [program.value(scalar), program.value(scalar)], scalar)]
      : []
    const inputs = [x, b, ...scales.map((division) => division.output())]
    const product = part(program, step, fusedOps.quantizedMatmul, inputs, step.output())
    return [...scales, product.absorbing([matmul, quantized, found.cast, ...found.others])]
  }
  return undefined
}

/** cast and scales of cast · (s · t) and of (cast · s) · t. */
function scaledCast(a: Value, b: Value): { cast: Step; scales: Value[]; others: Step[] } | undefined {
  const isScalar = ({ shape }: Value): boolean => shape?.every((dim) => dim === 1) ?? false
  const inner = producerOf(a, 'Mul')
  const cast = producerOf(a, 'Cast')
  const product = producerOf(b, 'Mul')
  if (cast && product && isScalar(b)) return { cast, scales: [product.input(0), product.input(1)], others: [product] }
  if (!inner || !isScalar(b)) return undefined
  for (const [i, j] of eitherOrder) {
    const innerCast = producerOf(inner.input(i), 'Cast')
    if (innerCast && isScalar(inner.input(j))) return { cast: innerCast, scales: [b, inner.input(j)], others: [inner] }
  }
  return undefined
}

/** A vector that is added to such a product goes into its bias: fuseZHighQuantizedMatMulONNXAddPattern. */
function biasOfQuantized(step: Step, program: Program): Step[] | undefined {
  for (const [i, j] of eitherOrder) {
    const product = producerOf(step.input(i))
    if (product?.op !== fusedOps.quantizedMatmul || product.inputs.length < 3) continue
    if (step.input(j).shape?.length === 1)
      return [part(program, step, fusedOps.quantizedMatmul, [...product.inputs, step.input(j)], step.output())]
  }
  return undefined
}

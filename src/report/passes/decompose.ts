import { floorDivide, isStatic, multiply } from '../../graph/dim.ts'
import type { Value, ValueInfo } from '../../graph/graph.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { numbersOf } from '../numbers.ts'
import { entryFor, type Program, Step } from '../program.ts'
import { decomposedEinsum } from './einsum.ts'
import { part, type Rewrite } from './rewrite.ts'

/**
 * Operators that onnx-mlir writes with others before it looks at the accelerator.
 * Source: Decompose.td, Decompose.cpp and Canonicalize.td of onnx-mlir.
 */
export const decompose: Rewrite = (step, program, uses) => entryFor(decompositions, step)?.(step, program, uses)

const decompositions: Readonly<Record<string, Rewrite>> = {
  Sum: (step, program) =>
    chain(
      step,
      program,
      step.inputs.slice(1).map((input) => ['Add', input]),
    ),
  Pow: (step, program) => powers(step, program),
  LogSoftmax: (step, program) => {
    const probabilities = program.value(step.output())
    const softmax = part(program, step, 'Softmax', [step.input(0)], probabilities, { axis: softmaxAxis(step) })
    return [softmax, part(program, step, 'Log', [probabilities], step.output())]
  },
  Softmax: (step, program) => {
    // Before opset 13 all dimensions from `axis` on are one; with the last axis that is the same.
    const axis = softmaxAxis(step)
    if (step.version >= 13) return undefined
    const op = axis === -1 || axis === (step.output().shape?.length ?? NaN) - 1 ? 'Softmax' : 'SoftmaxV11'
    return [part(program, step, op, [step.input(0)], step.output(), { axis })]
  },
  GlobalAveragePool: (step, program) => [
    part(program, step, 'ReduceMeanV13', [step.input(0)], step.output(), {
      axes: spatialAxes(step.input(0)),
      keepdims: 1,
    }),
  ],
  GlobalMaxPool: (step, program) => [part(program, step, 'ReduceMaxV13', [step.input(0)], step.output())],
  ReduceMean: (step) => (step.version < 18 ? [renamed(step, 'ReduceMeanV13')] : undefined),
  ReduceMax: (step) => (step.version < 18 ? [renamed(step, 'ReduceMaxV13')] : undefined),
  ReduceMin: (step) => (step.version < 18 ? [renamed(step, 'ReduceMinV13')] : undefined),
  ReduceL1: (step, program) => reduction(step, program, ['Abs'], []),
  ReduceL2: (step, program) => reduction(step, program, ['Mul'], ['Sqrt']),
  ReduceSumSquare: (step, program) => reduction(step, program, ['Mul'], []),
  ReduceLogSum: (step, program) => reduction(step, program, [], ['Log']),
  ReduceLogSumExp: logSumExp,
  Einsum: decomposedEinsum,
  BatchNormalization: (step, program, uses) => batchNormalization(step, program, uses),
  ConvTranspose: (step, program) => transposedConvolution(step, program),
  LSTM: (step) => withoutLengths(step),
  GRU: (step) => withoutLengths(step),
}

function softmaxAxis(step: Step): number {
  return step.int('axis', step.version < 13 ? 1 : -1)
}

function spatialAxes({ shape }: Value): number[] {
  return Array.from({ length: Math.max(0, (shape?.length ?? 2) - 2) }, (_, i) => i + 2)
}

function renamed(step: Step, op: string): Step {
  return new Step({ ...step, op }, step.outputs)
}

/** Binary operators in a row, from the step's first input on. */
function chain(step: Step, program: Program, links: (readonly [string, Value | undefined])[]): Step[] {
  let left: Value = step.input(0)
  return links.map(([op, right], i) => {
    const output = i === links.length - 1 ? step.output() : program.value(step.output())
    const link = part(program, step, op, [left, right], output)
    left = output
    return link
  })
}

/** x^n for whole n up to 64, by squaring. Source: PowToMulRewritePattern, Canonicalize.cpp. */
function powers(step: Step, program: Program): readonly Step[] | Value | undefined {
  const { constant } = step.input(1)
  const [exponent, ...others] = constant && constant.type !== 'string' ? numbersOf(constant) : []
  if (exponent === undefined || others.some((other) => other !== exponent)) return undefined
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > 64) return undefined
  if (exponent === 0) return program.constant(step.output())
  if (exponent === 1) return step.input(0)
  const factors: Step[] = []
  const times = (a: Value, b: Value, output: Value | ValueInfo = infoOf(a)): Value => {
    const product = part(program, step, 'Mul', [a, b], output)
    factors.push(product)
    return product.output()
  }
  // The highest bit of the exponent is the last factor, and makes the output.
  const bits = exponent.toString(2).slice(1)
  let square = step.input(0)
  let rest: Value | undefined
  for (let i = bits.length; i > 0; i--) {
    if (exponent & (1 << (bits.length - i))) rest = rest ? times(rest, square) : square
    square = times(square, square, i === 1 && rest === undefined ? step.output() : infoOf(square))
  }
  if (rest) times(rest, square, step.output())
  return factors
}

/** `before` on the input, a sum, `after` on its output. A Mul squares. */
function reduction(step: Step, program: Program, before: readonly string[], after: readonly string[]): Step[] {
  const input = step.input(0)
  const prepared = before.map((op) => part(program, step, op, op === 'Mul' ? [input, input] : [input], infoOf(input)))
  const summed = after.length === 0 ? step.output() : program.value(step.output())
  const sum = part(program, step, 'ReduceSum', [prepared.at(-1)?.output() ?? input], summed)
  return [...prepared, sum, ...after.map((op) => part(program, step, op, [summed], step.output()))]
}

/** max + log Σ exp(x − max): ReduceLogSumExpOpPattern. */
function logSumExp(step: Step, program: Program): Step[] {
  const [x, axes] = step.inputs
  const isKept = step.int('keepdims', 1) !== 0
  const list = step.ints('axes') ?? (axes?.constant && numbersOf(axes.constant))
  const reduced = { type: x!.type, shape: list && x!.shape?.map((dim, i) => (isAmong(list, i, x!.rank) ? 1 : dim)) }
  // An input, as from opset 18 on.
  const counted = step.ints('axes') && tensorFrom('int64', [list!.length], list!)
  const along = counted ? program.constant({ type: 'int64', shape: counted.dims }, counted) : axes
  const maximum = part(program, step, 'ReduceMax', [x, along], reduced, { keepdims: 1 })
  const difference = part(program, step, 'Sub', [x, maximum.output()], infoOf(x!))
  const exponentials = part(program, step, 'Exp', [difference.output()], infoOf(x!))
  const sum = part(program, step, 'ReduceSum', [exponentials.output()], infoOf(step.output()))
  const logarithm = part(program, step, 'Log', [sum.output()], infoOf(step.output()))
  const squeezed = isKept ? [] : [part(program, step, 'Squeeze', [maximum.output()], infoOf(step.output()))]
  const scale = squeezed[0]?.output() ?? maximum.output()
  const result = part(program, step, 'Add', [logarithm.output(), scale], step.output())
  return [maximum, difference, exponentials, sum, logarithm, ...squeezed, result]
}

function isAmong(axes: readonly number[], axis: number, rank: number): boolean {
  return axes.includes(axis) || axes.includes(axis - rank)
}

function infoOf({ type, shape }: Value): ValueInfo {
  return { type, shape }
}

/** In inference it is a multiplication and an addition with constants; after a Conv it goes into the weights (fuse.ts). */
function batchNormalization(step: Step, program: Program, uses: ReadonlyMap<Value, number>): Step[] | undefined {
  const x = step.input(0)
  const rank = x.shape?.length
  const inTraining = step.int('training_mode', 0) !== 0 || step.outputs.slice(1).some((output) => uses.has(output))
  const parameters = step.inputs.slice(1)
  const channels = parameters[0]?.shape
  if (
    !channels ||
    rank === undefined ||
    rank === 2 ||
    inTraining ||
    !parameters.every((value) => program.isConstant(value))
  )
    return undefined
  if (x.producer?.op === 'Conv') return undefined
  // One value per channel: [C, 1, 1] for [N, C, H, W].
  const shape = [...channels, ...Array<number>(Math.max(0, rank - 2)).fill(1)]
  const channel = { type: x.type, shape }
  return chain(step, program, [
    ['Mul', program.constant(channel)],
    ['Add', program.constant(channel)],
  ])
}

/** A convolution with the kernel turned round, over an input with zeros between its elements. */
function transposedConvolution(step: Step, program: Program): Step[] | undefined {
  const x = step.input(0)
  const w = step.input(1)
  const output = step.output()
  const spatial = knownSizes(x)
  const kernel = knownSizes(w)
  if (!x.shape || !w.shape || !output.shape || !spatial || spatial.length !== kernel?.length) return undefined
  const strides = step.ints('strides') ?? kernel.map(() => 1)
  const dilations = step.ints('dilations') ?? kernel.map(() => 1)
  const group = step.int('group', 1)
  const spread = spatial.map((size, i) => (size - 1) * strides[i]! + 1)
  const reach = kernel.map((size, i) => dilations[i]! * (size - 1))
  const begin = reach.map((size, i) => Math.max(0, size - (step.ints('pads')?.[i] ?? 0)))
  // What the output has beyond a convolution with these pads is appended afterwards.
  const end = reach.map((size, i) => Math.max(0, size - (step.ints('pads')?.[kernel.length + i] ?? 0)))
  const zeros = { type: x.type, shape: [...x.shape.slice(0, 2), ...spread] }
  const spreadStep = strides.some((stride) => stride > 1) ? [part(program, step, 'Pad', [x], zeros)] : []
  const outputs = spread.map((size, i) => size + begin[i]! + end[i]! - reach[i]!)
  const channels = multiply(w.shape[1]!, group)
  const weights = { type: w.type, shape: [channels, floorDivide(w.shape[0]!, group), ...kernel] }
  const turned = program.isConstant(w) ? [] : [part(program, step, 'ReverseSequence', [w], weights)]
  const shape = [x.shape[0]!, channels, ...outputs]
  const whole = outputs.every((size, i) => size === output.shape![i + 2])
  const convolved = whole ? output : program.value({ type: x.type, shape })
  const convolution = part(
    program,
    step,
    'Conv',
    [spreadStep[0]?.output() ?? x, turned[0]?.output() ?? program.constant(weights), step.inputs[2]],
    convolved,
    { group, dilations, kernel_shape: kernel, pads: [...begin, ...end] },
  )
  return [...spreadStep, ...turned, convolution, ...(whole ? [] : [part(program, step, 'Pad', [convolved], output)])]
}

function knownSizes({ shape }: Value): readonly number[] | undefined {
  const sizes = shape?.slice(2)
  return sizes && isStatic(sizes) ? sizes : undefined
}

/** With one sequence in the batch its length is that of the batch. Source: RNNOpRewriteSeqLenPattern, Canonicalize.cpp. */
function withoutLengths(step: Step): Step[] | undefined {
  const [x, , , , lengths, initial] = step.inputs
  if (!lengths) return undefined
  const isOne =
    x?.shape?.[1] === 1 || (lengths.shape?.length === 1 && lengths.shape[0] === 1) || initial?.shape?.[1] === 1
  return isOne ? [step.with(step.inputs.map((input) => (input === lengths ? undefined : input)))] : undefined
}

import { type Dim, dimEquals, product } from '../../graph/dim.ts'
import type { Value } from '../../graph/graph.ts'
import { largestDim, type NnpaLevel } from '../nnpa-level.ts'
import { entryFor, type Program, producerOf, type Step } from '../program.ts'
import { legality } from '../rules/index.ts'
import { windowOf } from '../rules/window.ts'
import { part, type Rewrite } from './rewrite.ts'

/**
 * What onnx-mlir does so that more fits the accelerator: constants expanded to the shape that they are broadcast to,
 * stacks of matrices laid flat, pads made by a Pad. Source: RewriteONNXForZHigh.cpp and .td.
 */
export function prepareFor(level: NnpaLevel): Rewrite {
  return (step, program) => entryFor(preparations, step)?.(step, program, level)
}

type Preparation = (step: Step, program: Program, level: NnpaLevel) => readonly Step[] | undefined

const preparations: Readonly<Record<string, Preparation>> = {
  Add: expandedConstant,
  Sub: expandedConstant,
  Mul: expandedConstant,
  Div: expandedConstant,
  MatMul: (step, program) => flatProduct(step, program),
  Softmax: (step, program) => flatSoftmax(step, program),
  Conv: (step, program, level) => paddedConvolution(step, program, level),
}

function expandedConstant(step: Step, program: Program, level: NnpaLevel): Step[] | undefined {
  const index = step.inputs.findIndex((input) => program.isConstant(input))
  if (index < 0) return undefined
  const [constant, other] = [step.input(index), step.input(1 - index)]
  const bias = step.op === 'Add' ? biasShape(constant, producerOf(other, 'MatMul'), level) : undefined
  if (bias) {
    const expanded = bias === constant.shape ? constant : program.constant({ type: constant.type, shape: bias })
    return expanded === constant ? undefined : [step.with([other, expanded])]
  }
  if (!broadcastsTo(constant, other)) return undefined
  const expanded = program.constant({ type: constant.type, shape: other.shape })
  const inputs = index === 0 ? [expanded, other] : [other, expanded]
  // Of Add this is a pattern in C++; what the declarative ones match, constants too, gives its names to the result.
  return [step.with(inputs, step.op === 'Add' ? [] : program.originsOf(constant))]
}

/**
 * The shape in which the accelerator adds a constant to each row of a product (fuse.ts): [p], or [s, 1, p] with a stack
 * [s, n, p]; `undefined` where it is no such constant. Source: ExpandAddConstantPattern.
 */
function biasShape({ shape: c }: Value, matmul: Step | undefined, level: NnpaLevel): readonly Dim[] | undefined {
  const [a, b] = matmul?.inputs.map((input) => input?.shape) ?? []
  if (!matmul || !a || !b || !c || isSplit(matmul, level)) return undefined
  const ranks = `${a.length}x${b.length}`
  if (ranks === '2x2' || ranks === '3x2') return c.length === 1 ? c : undefined
  const isStack = ranks === '3x3' || (ranks === '2x3' && level === 'z17')
  if (!isStack) return undefined
  if (c.length === 3 && c[1] === 1) return c
  return c.length <= 1 ? [b[0]!, 1, b[2]!] : undefined
}

/** Products with too many rows or columns are done in several: SplitLargeMatMulPattern. */
function isSplit({ inputs: [a, b] }: Step, level: NnpaLevel): boolean {
  const sizes = [a?.shape?.at(-2), b?.shape?.at(-1)]
  return sizes.some((size) => typeof size === 'number' && size > largestDim(level, 2, 4))
}

/** Whether a constant is broadcast to the other operand, and only that way. Both shapes have to be known. */
function broadcastsTo(constant: Value, other: Value): boolean {
  const [from, to] = [constant.staticShape, other.staticShape]
  if (!from || !to || from.length > to.length || from.join() === to.join()) return false
  const padded = [...Array<number>(to.length - from.length).fill(1), ...from]
  return padded.every((size, i) => size === 1 || size === to[i])
}

/** Stacks of matrices in more than one dimension → in one. */
function flatProduct(step: Step, program: Program): Step[] | undefined {
  const [a, b] = [step.input(0), step.input(1)]
  if (!a.shape || !b.shape) return undefined
  const isStack = a.shape.length > 3 || b.shape.length > 3
  const fits =
    (a.shape.length > 3 && b.shape.length === 2) ||
    (b.shape.length > 3 && a.shape.length === 2) ||
    (a.shape.length === b.shape.length && a.shape.slice(0, -2).every((dim, i) => dimEquals(dim, b.shape![i]!)))
  if (!isStack || !fits) return undefined
  const flat = [a, b].map((value) =>
    value.shape!.length > 3 ? part(program, step, 'Reshape', [value], stackInfo(value)) : undefined,
  )
  const [flatA, flatB] = [flat[0]?.output() ?? a, flat[1]?.output() ?? b]
  const stack = [flatA, flatB].find((value) => value.rank === 3)!.dims[0]!
  const info = { type: step.output().type, shape: [stack, flatA.dims.at(-2)!, flatB.dims.at(-1)!] }
  const matmul = part(program, step, 'MatMul', [flatA, flatB], info)
  const back = part(program, step, 'Reshape', [matmul.output()], step.output())
  return [...flat.filter((reshape) => reshape !== undefined), matmul, back]
}

function stackInfo({ type, shape }: Value) {
  return { type, shape: [product(shape!.slice(0, -2)), ...shape!.slice(-2)] }
}

function flatSoftmax(step: Step, program: Program): Step[] | undefined {
  const x = step.input(0)
  const axis = step.int('axis', -1)
  if (!x.shape || x.shape.length <= 3 || (axis !== -1 && axis !== x.shape.length - 1)) return undefined
  const flat = part(program, step, 'Reshape', [x], stackInfo(x))
  const softmax = part(program, step, 'Softmax', [flat.output()], stackInfo(x), { axis: -1 })
  return [flat, softmax, part(program, step, 'Reshape', [softmax.output()], step.output())]
}

/** A Conv with pads that the accelerator can't make itself → Pad, and a Conv without pads. */
function paddedConvolution(step: Step, program: Program, level: NnpaLevel): Step[] | undefined {
  const x = step.input(0)
  const [n, c, height, width] = x.shape?.length === 4 ? x.shape : []
  const { pads, ...window } = windowOf(step)
  const isKnown = typeof height === 'number' && typeof width === 'number' && pads?.length === 4
  if (!isKnown || step.string('auto_pad') === 'VALID' || legality(step, level) === undefined) return undefined
  const [top, left, bottom, right] = pads as [number, number, number, number]
  const padded = part(program, step, 'Pad', [x], {
    type: x.type,
    shape: [n!, c!, height + top + bottom, width + left + right],
  })
  const attributes = {
    group: step.int('group', 1),
    strides: window.strides,
    dilations: window.dilations,
    pads: [0, 0, 0, 0],
    ...(window.kernel.every((size) => size !== undefined) && { kernel_shape: window.kernel as number[] }),
  }
  return [padded, part(program, step, 'Conv', [padded.output(), ...step.inputs.slice(1)], step.output(), attributes)]
}

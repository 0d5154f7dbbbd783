import type { Value } from '../../graph/graph.ts'
import { OnnxMlirError } from '../../errors/index.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { type Equation, equationOf } from '../../ops/math/einsum-equation.ts'
import type { Program, Step } from '../program.ts'
import { part } from './rewrite.ts'

/** A value and the label of each of its axes. */
interface Operand {
  readonly value: Value
  readonly labels: readonly string[]
}

/**
 * An Einsum of known sizes as sums, products and matrix products, of two operands at a time from the left.
 * Source: DecomposeEinsum.cpp of onnx-mlir.
 */
export function decomposedEinsum(step: Step, program: Program): Step[] | undefined {
  const isStatic = [...step.inputs, step.output()].every((value) => value?.staticShape !== undefined)
  const equation = isStatic ? readable(step) : undefined
  if (!equation || !/^(float|int|uint)(16|32|64)$/.test(step.output().type)) return undefined
  return new Decomposition(step, program, equation).steps
}

/** A wrong equation is an error elsewhere. */
function readable(step: Step): Equation | undefined {
  try {
    return equationOf(step)
  } catch (error) {
    if (error instanceof OnnxMlirError) return undefined
    throw error
  }
}

class Decomposition {
  readonly steps: Step[] = []
  private readonly source: Step
  private readonly program: Program
  private readonly output: readonly string[]

  constructor(source: Step, program: Program, { terms, output }: Equation) {
    this.source = source
    this.program = program
    this.output = output
    const operands = terms.map((labels, i) => this.withoutOnes({ value: source.input(i), labels }))
    let rest = operands.map((operand, i) => this.reduced(operand, labelsOf(operands.toSpliced(i, 1))))
    while (rest.length > 1) {
      const [left, right, ...others] = rest as [Operand, Operand, ...Operand[]]
      rest = [this.contracted(left, right, labelsOf(others)), ...others]
    }
    const last = this.transposed(rest[0]!, output)
    // Whatever came last makes the output; where nothing was to do, a copy does.
    this.steps.push(part(program, source, 'Identity', [last.value], source.output()))
  }

  private add(op: string, inputs: readonly Value[], shape: readonly number[], perm?: readonly number[]): Value {
    const info = { type: this.source.output().type, shape }
    const step = part(this.program, this.source, op, [...inputs], info, perm ? { perm } : {})
    this.steps.push(step)
    return step.output()
  }

  /** Axes of size 1 that the output lacks go first: products then need not broadcast them. */
  private withoutOnes(operand: Operand): Operand {
    const isKept = (axis: number): boolean => sizes(operand)[axis] !== 1 || this.output.includes(operand.labels[axis]!)
    return this.without(operand, 'Squeeze', isKept)
  }

  /** Sums over what neither the output nor another operand has. */
  private reduced(operand: Operand, others: ReadonlySet<string>): Operand {
    const diagonal = [...new Set(operand.labels)]
    const square = diagonal.map((label) => sizes(operand)[operand.labels.indexOf(label)]!)
    const single = diagonal.length === operand.labels.length
    const plain = single
      ? operand
      : { value: this.add('ReduceSum', [this.add('Where', [operand.value], sizes(operand))], square), labels: diagonal }
    const isKept = (axis: number): boolean =>
      others.has(plain.labels[axis]!) || this.output.includes(plain.labels[axis]!)
    return this.without(plain, 'ReduceSum', isKept)
  }

  private without(operand: Operand, op: string, isKept: (axis: number) => boolean): Operand {
    const axes = operand.labels.map((_, axis) => axis).filter(isKept)
    if (axes.length === operand.labels.length) return operand
    const shape = axes.map((axis) => sizes(operand)[axis]!)
    return { value: this.add(op, [operand.value], shape), labels: axes.map((axis) => operand.labels[axis]!) }
  }

  private contracted(a: Operand, b: Operand, others: ReadonlySet<string>): Operand {
    const shared = a.labels.filter((label) => b.labels.includes(label))
    const summed = shared.filter((label) => !others.has(label) && !this.output.includes(label))
    return summed.length === 0 ? this.multiplied(a, b) : this.matrixProduct(a, b, shared, summed)
  }

  private multiplied(a: Operand, b: Operand): Operand {
    const own = a.labels.filter((label) => !b.labels.includes(label))
    const labels = [...own, ...b.labels]
    const turned = this.transposed(a, [...own, ...b.labels.filter((label) => a.labels.includes(label))])
    const at = (operand: Operand, label: string): number => sizes(operand)[operand.labels.indexOf(label)] ?? 1
    const wide = this.reshaped(
      turned,
      'Unsqueeze',
      labels,
      labels.map((label) => at(turned, label)),
    )
    const shape = labels.map((label) => Math.max(at(wide, label), at(b, label)))
    return { value: this.add('Mul', [wide.value, b.value], shape), labels }
  }

  private matrixProduct(a: Operand, b: Operand, shared: readonly string[], summed: readonly string[]): Operand {
    const stack = shared.filter((label) => !summed.includes(label))
    const rows = a.labels.filter((label) => !shared.includes(label))
    const columns = b.labels.filter((label) => !shared.includes(label))
    const left = this.transposed(a, [...stack, ...rows, ...summed])
    const right = this.transposed(b, [...stack, ...summed, ...columns])
    const [s, r, d] = [stack.length, rows.length, summed.length]
    const [leftSizes, rightSizes] = [sizes(left), sizes(right)]
    const heights = leftSizes.slice(s, s + r)
    const widths = rightSizes.slice(s + d)
    const depth = elementsOf(leftSizes.slice(s + r))
    const [height, width] = [elementsOf(heights), elementsOf(widths)]
    const flatLeft = this.reshaped(left, 'Reshape', left.labels, [...leftSizes.slice(0, s), height, depth])
    const flatRight = this.reshaped(right, 'Reshape', right.labels, [...rightSizes.slice(0, s), depth, width])
    const batch = leftSizes.slice(0, s).map((size, i) => Math.max(size, rightSizes[i]!))
    const value = this.add('MatMul', [flatLeft.value, flatRight.value], [...batch, height, width])
    return this.reshaped(
      { value, labels: [] },
      'Reshape',
      [...stack, ...rows, ...columns],
      [...batch, ...heights, ...widths],
    )
  }

  private transposed(operand: Operand, labels: readonly string[]): Operand {
    if (labels.join() === operand.labels.join()) return operand
    const perm = labels.map((label) => operand.labels.indexOf(label))
    const shape = perm.map((axis) => sizes(operand)[axis]!)
    return { value: this.add('Transpose', [operand.value], shape, perm), labels }
  }

  private reshaped({ value }: Operand, op: string, labels: readonly string[], shape: readonly number[]): Operand {
    return { value: value.dims.join() === shape.join() ? value : this.add(op, [value], shape), labels }
  }
}

function sizes({ value }: Operand): readonly number[] {
  return value.staticShape!
}

function labelsOf(operands: readonly Operand[]): Set<string> {
  return new Set(operands.flatMap(({ labels }) => labels))
}

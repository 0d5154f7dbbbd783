import { type Dim, dimEquals, isAtLeast, product, shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { type Equation, equationOf } from './einsum-equation.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/**
 * Two operands as a batched matrix product, where no label repeats within an operand and those that are summed are in both:
 * "bhid,bhjd->bhij", "ibnd,hnd->ibh" and their kin. The labels of the rows, of the columns and of the sums become one axis each.
 */
function asMatMul(node: Node, b: Builder): Value | undefined {
  const { terms, output, summed, sizes } = equationOf(node)
  if (terms.length !== 2 || summed.length === 0) return undefined
  const [left, right] = terms as [readonly string[], readonly string[]]
  const shared = output.filter((label) => left.includes(label) && right.includes(label))
  if ([left, right].some((labels) => new Set(labels).size < labels.length)) return undefined
  const rows = output.filter((label) => !right.includes(label))
  const columns = output.filter((label) => !left.includes(label))
  if (!summed.every((label) => left.includes(label) && right.includes(label))) return undefined
  const of = (labels: readonly string[]): Dim[] => labels.map((label) => sizes.get(label)!)
  // An axis that nothing sums may be 1 in one operand, as batches of matrix products may; one that is summed is repeated.
  const whole = (i: number, labels: readonly string[]): Value => {
    const { dims } = node.input(i)
    const wanted = labels.map((label, axis) => (summed.includes(label) ? sizes.get(label)! : dims[axis]!))
    return shapeEquals(dims, wanted) ? node.input(i) : b.op('Expand', [node.input(i), b.dims(wanted)])
  }
  const matrices = (
    value: Value,
    from: readonly string[],
    first: readonly string[],
    second: readonly string[],
  ): Value => {
    const turned = permuted(b, value, from, [...shared, ...first, ...second])
    return shaped(b, turned, [...turned.dims.slice(0, shared.length), product(of(first)), product(of(second))])
  }
  const a = matrices(whole(0, left), left, rows, summed)
  const w = matrices(whole(1, right), right, summed, columns)
  const result = shaped(b, b.op('MatMul', [a, w]), of([...shared, ...rows, ...columns]))
  return permuted(b, result, [...shared, ...rows, ...columns], output)
}

function shaped(b: Builder, value: Value, dims: readonly Dim[]): Value {
  return shapeEquals(value.dims, dims) ? value : b.reshape(value, dims)
}

function permuted(b: Builder, value: Value, from: readonly string[], to: readonly string[]): Value {
  const perm = to.map((label) => from.indexOf(label))
  return perm.every((axis, i) => axis === i) ? value : b.op('Transpose', [value], { perm })
}

/** C expression of an operand's offset from the loop variables of its labels. */
function offsetOf(
  value: Value,
  labels: readonly string[],
  { sizes }: Equation,
  variables: ReadonlyMap<string, string>,
  k: KernelWriter,
): string {
  const terms = labels.flatMap((label, axis) => {
    const dim = value.dims[axis]!
    if (dim === 1) return []
    const variable = variables.get(label)!
    const position = dimEquals(dim, sizes.get(label)!) ? variable : `(${k.dim(dim)} == 1 ? 0 : ${variable})`
    return [`${position} * ${k.count(value.dims.slice(axis + 1))}`]
  })
  return terms.join(' + ') || '0'
}

/** Axes of one label are of one size, or of size 1. */
function agreeLabels(node: Node): Agreement[] {
  const { terms, sizes } = equationOf(node)
  return terms.flatMap((labels, input) =>
    labels.map((label, axis) => ({
      input,
      axis,
      expected: sizes.get(label)!,
      orOne: true,
      as: label.startsWith('.') ? 'the ellipses need' : `axes of label ${label} need`,
    })),
  )
}

/** ONNX Einsum-12. What is no matrix product is written as loops over all labels. */
const Einsum: LoweredOperator = {
  name: 'Einsum',
  rules: takes('Inputs+:T', { T: 'number' }, agreeLabels),
  infer(node) {
    const { output, sizes } = equationOf(node)
    return [{ type: node.input(0).type, shape: output.map((label) => sizes.get(label)!) }]
  },
  decompose(node, b) {
    const product = asMatMul(node, b)
    return product ? [product] : widenNarrowFloats(node, b)
  },
  lower(node, k) {
    const equation = equationOf(node)
    const { output, summed, sizes, terms } = equation
    const { type } = node.output()
    const loop = (variable: string, size: Dim): void =>
      k.line(`for (int64_t ${variable} = 0; ${variable} < ${k.dim(size)}; ${variable}++)`)
    const variables = new Map([...output, ...summed].map((label, i) => [label, `i${i}`]))
    for (const label of output) loop(variables.get(label)!, sizes.get(label)!)
    k.line('{')
    k.line(`  ${elementTypes[type].c} sum = 0;`)
    // Beside a size of 0 the others may be as large as one likes.
    const open = summed.map((label) => sizes.get(label)!).filter((size) => !isAtLeast(size, 1))
    if (open.length > 0) k.line(`  if (${open.map((size) => `${k.dim(size)} > 0`).join(' && ')})`)
    for (const label of summed) loop(variables.get(label)!, sizes.get(label)!)
    const factors = terms.map(
      (labels, i) => `${k.input(i)}[${offsetOf(node.input(i), labels, equation, variables, k)}]`,
    )
    k.line(`    sum += ${factors.join(' * ')};`)
    k.line(`  ${k.output()}[${offsetOf(node.output(), output, equation, variables, k)}] = sum;`)
    k.line('}')
  },
  flops: (node) => product([node.inputs.length, ...equationOf(node).sizes.values()]),
}

export const einsum: readonly LoweredOperator[] = [Einsum]

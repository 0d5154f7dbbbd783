import { type Dim, dimEquals, isAtLeast, product } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { type Equation, equationOf } from './einsum-equation.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/**
 * Two operands as a batched matrix product, where no label repeats within an operand and every group of labels
 * (in both and the output, only in one, summed) is one axis: "bhid,bhjd->bhij" and its kin.
 */
function asMatMul(node: Node, b: Builder): Value | undefined {
  const { terms, output, summed, sizes } = equationOf(node)
  if (terms.length !== 2) return undefined
  const [left, right] = terms as [readonly string[], readonly string[]]
  const plain = (i: number, labels: readonly string[]): boolean =>
    new Set(labels).size === labels.length &&
    labels.every((label, axis) => dimEquals(node.input(i).dims[axis]!, sizes.get(label)!))
  if (!plain(0, left) || !plain(1, right)) return undefined
  const shared = output.filter((label) => left.includes(label) && right.includes(label))
  const rows = output.filter((label) => !right.includes(label))
  const columns = output.filter((label) => !left.includes(label))
  const both = summed.every((label) => left.includes(label) && right.includes(label))
  if (!both || rows.length !== 1 || columns.length !== 1 || summed.length !== 1) return undefined
  const a = permuted(b, node.input(0), left, [...shared, ...rows, ...summed])
  const w = permuted(b, node.input(1), right, [...shared, ...summed, ...columns])
  return permuted(b, b.op('MatMul', [a, w]), [...shared, ...rows, ...columns], output)
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

import { add, type Dim, floorDivide, isStatic, multiply, subtract } from '../graph/dim.ts'
import type { Node, ValueInfo } from '../graph/graph.ts'
import { broadcastShapes } from './broadcast.ts'
import { foldElementwise } from './fold.ts'
import type { LoweredOperator } from './lowering.ts'

type Scalar = NonNullable<LoweredOperator['scalar']>
type OnDims = (a: Dim, b: Dim) => Dim

/** Binary arithmetic with broadcasting; `onDims` follows shape arithmetic through symbolic contents. */
function arithmeticOperator(
  name: string,
  scalar: Scalar,
  onNumbers: (a: number, b: number) => number,
  onDims?: OnDims,
): LoweredOperator {
  return {
    name,
    infer: (node) => [inferArithmetic(node, onDims)],
    fold: (node) => foldElementwise(node, node.input(0).type, onNumbers),
    scalar,
  }
}

function inferArithmetic(node: Node, onDims: OnDims | undefined): ValueInfo {
  const [a, b] = [node.input(0), node.input(1)]
  if (a.type !== b.type) throw node.error('MODEL_TYPES', `inputs are of types ${a.type} and ${b.type}, which should agree`)
  const shape = broadcastShapes(node, [a.dims, b.dims])
  return { type: a.type, shape, contents: onDims && combineContents(a.contents, b.contents, shape, onDims) }
}

function combineContents(
  a: readonly Dim[] | undefined,
  b: readonly Dim[] | undefined,
  shape: readonly Dim[],
  onDims: OnDims,
): Dim[] | undefined {
  if (!a || !b || shape.length > 1 || !isStatic(shape)) return undefined
  return Array.from({ length: shape[0] ?? 1 }, (_, i) => onDims(a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!))
}

export const arithmetic: readonly LoweredOperator[] = [
  arithmeticOperator('Add', (_node, [a, b]) => `${a} + ${b}`, (a, b) => a + b, add),
  arithmeticOperator('Sub', (_node, [a, b]) => `${a} - ${b}`, (a, b) => a - b, subtract),
  arithmeticOperator('Mul', (_node, [a, b]) => `${a} * ${b}`, (a, b) => a * b, multiply),
  arithmeticOperator('Div', divide, (a, b) => a / b, floorDivide),
  {
    name: 'Sum',
    infer: (node) => [{ type: node.input(0).type, shape: broadcastShapes(node, node.inputs.map((input) => input!.dims)) }],
    decompose: (node, b) => [node.inputs.map((_, i) => node.input(i)).reduce((sum, input) => b.op('Add', [sum, input]))],
  },
]

/** Integer division truncates (ONNX Div-14); by zero it would trap, so it gives 0, and the lowest number by -1 wraps. */
function divide(node: Node, [a, b]: readonly string[]): string {
  const { type } = node.output()
  if (type.startsWith('uint')) return `(${b} == 0 ? 0 : ${a} / ${b})`
  if (type.startsWith('int')) return `(${b} == 0 ? 0 : ${b} == -1 ? -${a} : ${a} / ${b})`
  return `${a} / ${b}`
}

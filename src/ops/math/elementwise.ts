import type { Dim } from '../../graph/dim.ts'
import { elementOf } from '../../graph/contents.ts'
import { isStatic } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Rules, takes } from '../../graph/rules.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'
import { type Elementwise, foldElementwise } from '../../graph/fold.ts'
import type { LoweredOperator, Scalar } from '../../lowering/lowering.ts'
import { MOST_FOLLOWED } from '../../graph/shape-contents.ts'

/** A function of the C library in the precision of `type`: `floor` of doubles, `floorf` of everything narrower. */
export function libm(type: ElementType, name: string): string {
  return type === 'float64' ? name : `${name}f`
}

/** The same function in JavaScript lets constants fold. */
interface UnaryOptions extends Elementwise {
  /** Element types, as in rules. */
  readonly types: string
  /** Default: the input's type. */
  readonly gives?: ElementType
  readonly since?: number
}

/** An elementwise function of one input. */
export function unaryOperator(name: string, scalar: Scalar, options: UnaryOptions): LoweredOperator {
  const { types, gives, since } = options
  const typeOf = (node: Node): ElementType => gives ?? node.input(0).type
  return {
    name,
    ...(since && { since }),
    rules: takes(`X:${types}`),
    infer: (node): ValueInfo[] => [{ type: typeOf(node), shape: node.input(0).shape }],
    fold: (node) => foldElementwise(node, typeOf(node), options),
    scalar,
  }
}

interface BinaryOptions extends Elementwise {
  /** Element types, as in rules: both operands are of one. */
  readonly types: string
  readonly gives?: ElementType
  /** Follows shape arithmetic through symbolic contents; `undefined` where the result can't be told. */
  readonly onDims?: (a: Dim, b: Dim) => Dim | undefined
}

/** An elementwise function of two inputs of one type, with broadcasting. */
export function binaryOperator(name: string, scalar: Scalar, options: BinaryOptions): LoweredOperator {
  const { types, gives, onDims } = options
  return {
    name,
    rules: pairRules('T', { T: types }),
    infer(node): ValueInfo[] {
      const [a, b] = [node.input(0), node.input(1)]
      const shape = broadcastShapes(node, [a.dims, b.dims])
      const type = gives ?? a.type
      return [{ type, shape, contents: onDims && combineContents([a, b], type, shape, onDims) }]
    },
    fold(node) {
      if (alignsByAxis(node)) return undefined
      return foldElementwise(node, gives ?? node.input(0).type, options)
    },
    decompose: (node, b) => alignByAxis(node, b),
    scalar,
  }
}

/** Contents of an elementwise result of rank 0 or 1, where those of both operands are known. */
function combineContents(
  operands: readonly [Value, Value],
  type: ElementType,
  shape: readonly Dim[],
  onDims: (a: Dim, b: Dim) => Dim | undefined,
): Dim[] | undefined {
  if (shape.length > 1 || !isStatic(shape)) return undefined
  const count = shape[0] ?? 1
  const [a, b] = operands.map((operand) => operand.contents)
  if (count > MOST_FOLLOWED || !a || !b) return undefined
  const results = Array.from({ length: count }, (_, i) => {
    const result = onDims(a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!)
    return result === undefined ? undefined : elementOf(type, result)
  })
  return results.every((dim) => dim !== undefined) ? results : undefined
}

/** Rules of two operands that broadcast, of element types `type`. */
export function pairRules(type: string, types: Readonly<Record<string, string>> = {}): (node: Node) => Rules {
  const [broadcast, byAxis] = [takes(`A:${type}[~] B:${type}[~]`, types), takes(`A:${type} B:${type}`, types)]
  return (node) => (alignsByAxis(node) ? byAxis : broadcast)
}

/** Up to opset 6 the attributes `broadcast` and `axis` said which axis of A the first of B goes with. */
function alignsByAxis(node: Node): boolean {
  return node.version < 7 && node.int('broadcast', 0) === 1 && node.has('axis')
}

function alignByAxis(node: Node, b: Builder): readonly Value[] | undefined {
  if (!alignsByAxis(node)) return undefined
  const [x, y] = [node.input(0), node.input(1)]
  const [axis, room] = [node.int('axis', 0), x.rank - y.rank]
  if (axis > room || axis < -x.rank)
    throw node.error('MODEL_AXIS', `axis ${axis} leaves no room for the ${y.rank} axes of B in the ${x.rank} of A`)
  const missing = axis < 0 ? -axis - y.rank : room - axis
  const axes = Array.from({ length: Math.max(0, missing) }, (_, i) => y.rank + i)
  return [b.op(node.op, [x, axes.length > 0 ? b.op('Unsqueeze', [y, b.ints(axes)]) : y])]
}

/** An associative operator of any number of inputs: a chain of the two-input form. */
export function variadicOperator(name: string, scalar: Scalar, options: BinaryOptions): LoweredOperator {
  const binary = binaryOperator(name, scalar, options)
  return {
    ...binary,
    rules: takes('data+:T[~]', { T: options.types }),
    fold: (node) => (node.inputs.length === 2 ? binary.fold!(node) : undefined),
    decompose(node, b) {
      const inputs = node.inputs.map((_, i) => node.input(i))
      if (inputs.length === 2) return undefined
      return [inputs.reduce((left, right) => b.op(name, [left, right]))]
    },
  }
}

import type { ElementType } from '../../../src/onnx/element-type.ts'
import { tensorFrom } from '../../../src/onnx/tensor.ts'
import type { RandomGraph } from './graph.ts'
import { isFloat, isNumber, type Rule, same } from './rule.ts'

// Elementwise operators, with broadcasting.

export const unary: Rule = (g) => {
  const x = g.find(isFloat)
  if (!x) return
  const op = g.random.pick([
    'Tanh',
    'Sigmoid',
    'Erf',
    'Softplus',
    'LeakyRelu',
    'Elu',
    'HardSigmoid',
    'Clip',
    'Relu',
    'Neg',
    'Abs',
  ])
  const exact = x.exact && ['Relu', 'Neg', 'Abs'].includes(op)
  if (op === 'Clip')
    g.add(op, [x, g.constant(tensorFrom('float32', [], [-1])), undefined], {}, same(x, { exact: x.exact }))
  else if (op === 'LeakyRelu') g.add(op, [x], { alpha: 0.25 }, same(x, { exact: false }))
  else g.add(op, [x], {}, same(x, { exact }))
}

export const positive: Rule = (g) => {
  const x = g.find(isFloat)
  if (!x) return
  // Away from zero, where the small errors of one function would become large ones of the next.
  const half = g.constant(tensorFrom('float32', [], [0.5]))
  const bounded = g.add(
    'Add',
    [g.add('Sigmoid', [x], {}, same(x, { exact: false })), half],
    {},
    same(x, { exact: false }),
  )
  g.add(g.random.pick(['Exp', 'Sqrt', 'Log', 'Reciprocal']), [bounded], {}, same(x, { exact: false }))
}

/** Sizes that broadcast with `dims` to `dims` or, where axes of 1 grow, beyond. */
function partner(g: RandomGraph, dims: readonly number[]): { other: number[]; result: number[] } {
  const kept = g.random.chance(0.2) ? dims.slice(g.random.int(0, dims.length)) : [...dims]
  const other = kept.map((dim) => (g.random.chance(0.3) ? 1 : dim === 1 && g.random.chance(0.3) ? 3 : dim))
  if (other.length === dims.length && dims.length < 4 && g.random.chance(0.1)) other.unshift(2)
  const rank = Math.max(dims.length, other.length)
  const at = (list: readonly number[], axis: number): number => list[axis - rank + list.length] ?? 1
  return { other, result: Array.from({ length: rank }, (_, i) => (at(dims, i) === 1 ? at(other, i) : at(dims, i))) }
}

export const binary: Rule = (g) => {
  const x = g.find(isNumber)
  if (!x) return
  const { other, result } = partner(g, x.dims)
  if (!g.fits(result)) return
  const y = g.operand(x.type, other)
  const pair = g.random.shuffled([x, y])
  const op = g.random.pick(['Add', 'Add', 'Sub', 'Mul', 'Min', 'Max', 'Less', 'Equal'])
  const exact = x.exact && y.exact
  if (op === 'Less' || op === 'Equal') {
    if (exact) g.add(op, pair, {}, { type: 'bool', dims: result, exact: true })
  } else g.add(op, pair, {}, { type: x.type, dims: result, exact: exact && op !== 'Mul' })
}

export const divide: Rule = (g) => {
  const x = g.find(isFloat)
  if (!x) return
  const { other, result } = partner(g, x.dims)
  if (!g.fits(result)) return
  const y = g.operand('float32', other)
  const size = g.add('Abs', [y], {}, same(y))
  const one = g.constant(tensorFrom('float32', [], [1]))
  g.add('Div', [x, g.add('Add', [size, one], {}, same(y))], {}, { type: 'float32', dims: result, exact: false })
}

export const where: Rule = (g) => {
  const x = g.find(isNumber)
  if (!x) return
  const { other, result } = partner(g, x.dims)
  if (!g.fits(result)) return
  const y = g.operand(x.type, other)
  g.add('Where', [g.operand('bool', result), x, y], {}, { type: x.type, dims: result, exact: x.exact && y.exact })
}

export const cast: Rule = (g) => {
  const x = g.find((item) => item.exact)
  if (!x) return
  const [type, code] = g.random.pick([
    ['float32', 1n],
    ['float64', 11n],
    ['int64', 7n],
    ['bool', 9n],
  ] as [ElementType, bigint][])
  g.add('Cast', [x], { to: code }, same(x, { type }))
}

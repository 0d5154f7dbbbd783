import { type ElementType, isFloat, limitsOf } from '../../../onnx/element-type.ts'
import { type Call, type Convert, type Operators, refuse } from '../call.ts'

/** `self` with `src` at the places that `index`, of the same sizes, says along an axis. */
export function scattered(
  { w }: Call,
  self: string,
  index: string,
  src: string,
  axis: number,
  reduction = 'none',
): string {
  return w.op('ScatterElements', [self, index, src], { axis: BigInt(axis), reduction })
}

const scatter =
  (reduction: 'none' | 'add'): Convert =>
  (call) => {
    const self = call.tensor('self')
    const index = call.tensor('index')
    const values = call.has('src')
      ? updatesOf(call)
      : call.w.op('Expand', [call.scalarTensor(call.operand('value'), self.type), call.w.sizes(index.name)])
    return scattered(call, self.name, index.name, values, call.axis('dim', self.sizes.length), reduction)
  }

/** `src` in the type of `self`. */
function updatesOf(call: Call): string {
  const src = call.tensor('src')
  if (src.sizes.join() !== call.tensor('index').sizes.join()) return refuse('its src is of another size than its index')
  return call.cast(src, call.tensor('self').type)
}

/** Without `include_self`, the places that are written begin at what changes nothing. */
const scatterReduce: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const { type } = self
  const reduce = call.text('reduce', '')
  const [reduction, neutral] = reductionOf(reduce, type)
  const { name: index } = call.tensor('index')
  const src = updatesOf(call)
  const axis = call.axis('dim', self.sizes.length)
  const isIncluded = call.bool('include_self', true)
  const filled = (value: number | bigint): string => w.op('Expand', [w.scalar(value, type), w.sizes(index)])
  const begin = isIncluded ? self.name : scattered(call, self.name, index, filled(neutral), axis)
  const y = scattered(call, begin, index, src, axis, reduction)
  if (reduce !== 'mean') return y
  const none = w.op('Expand', [w.scalar(isIncluded ? 1 : 0, type), w.sizes(self.name)])
  const counts = scattered(call, none, index, filled(1), axis, 'add')
  return w.op('Div', [y, w.op('Max', [counts, w.scalar(1, type)])])
}

/** What ONNX calls a reduction, and the value that changes nothing in it. */
function reductionOf(reduce: string, type: ElementType): readonly [string, number | bigint] {
  if (type === 'bool') return refuse('its input is of bools')
  const isReal = isFloat(type)
  const [low, high] = isReal ? [-Infinity, Infinity] : limitsOf(type)
  switch (reduce) {
    case 'mean':
      return isReal ? ['add', 0] : refuse('its mean of integers')
    case 'sum':
      return ['add', isReal ? 0 : 0n]
    case 'prod':
      return ['mul', isReal ? 1 : 1n]
    case 'amax':
      return ['max', low]
    case 'amin':
      return ['min', high]
    default:
      return refuse(`its reduce ${reduce}`)
  }
}

/** Writes whole slices of an axis, where a list says: `src` of their sizes, or one number. */
const indexed =
  (srcOf: (call: Call) => string, reduction?: string): Convert =>
  (call) => {
    const { w } = call
    const self = call.tensor('self')
    const rank = self.sizes.length
    if (rank === 0) return refuse('its input is a scalar')
    const axis = call.axis('dim', rank)
    const list = w.reshape(call.tensor('index').name, [-1, ...Array<number>(rank - 1 - axis).fill(1)])
    const count = w.sizes(list, 0, 1)
    const before = axis > 0 ? [w.sizes(self.name, 0, axis)] : []
    const sizes = w.concat([...before, count, ...(axis + 1 < rank ? [w.sizes(self.name, axis + 1)] : [])], 0)
    const src = w.op('Expand', [srcOf(call), sizes])
    return scattered(call, self.name, w.op('Expand', [list, sizes]), src, axis, reduction)
  }

/** `source`, times `alpha`, in the type of `self`. */
function sourceOf(call: Call): string {
  const { type } = call.tensor('self')
  const alpha = call.operand('alpha', 1)
  const source = call.cast(call.tensor('source'), type)
  return alpha === 1n ? source : call.w.op('Mul', [source, call.scalarTensor(alpha, type)])
}

const indexFill = indexed((call) => call.scalarTensor(call.operand('value'), call.tensor('self').type))

/** Operators that put elements where indices of one axis say; all make fresh memory. */
export const scattering: Operators = {
  'aten.scatter.src': scatter('none'),
  'aten.scatter.value': scatter('none'),
  'aten.scatter_add.default': scatter('add'),
  'aten.scatter_reduce.two': scatterReduce,
  'aten.index_add.default': indexed(sourceOf, 'add'),
  'aten.index_copy.default': indexed(sourceOf),
  'aten.index_fill.int_Scalar': indexFill,
  'aten.index_fill.int_Tensor': indexFill,
}

import { isFloat, limitsOf } from '../../../onnx/element-type.ts'
import { END } from '../../graph-writer.ts'
import { type Call, type Convert, type Operators, refuse } from '../call.ts'

/**
 * What `combine` makes of all elements up to each one, in log₂ n steps: step k takes in what the element 2^k before has. It is given
 * that and the element's own, of each of `parts`; before the first element stand the `neutral` ones.
 * Source: Hillis and Steele, "Data Parallel Algorithms", 1986.
 */
function scanned(
  call: Call,
  axis: number,
  parts: readonly string[],
  neutral: readonly string[],
  combine: (before: readonly string[], own: readonly string[]) => string[],
): string[] {
  const { w } = call
  const { sizes } = call.tensor('self')
  const size = sizes[axis] ?? refuse('its axis has a size that only the run knows')
  let all = [...parts]
  for (let step = 1; step < size; step *= 2) {
    const pads = sizes.map((_, i) => (i === axis ? step : 0))
    const list = w.ints([...pads, ...pads.map(() => 0)])
    const before = all.map((x, i) => w.op('Pad', [w.slice(x, axis, 0, -step), list, neutral[i]!], { mode: 'constant' }))
    all = combine(before, all)
  }
  return all
}

const cumprod: Convert = (call) => {
  const { w } = call
  const { type } = call.out
  const self = call.tensor('self')
  const x = w.op('Identity', [call.cast(self, type)])
  if (self.sizes.length === 0) return x
  const one = w.scalar(isFloat(type) ? 1 : 1n, type)
  return scanned(call, call.axis('dim', self.sizes.length), [x], [one], ([a], [b]) => [w.op('Mul', [a!, b!])])
}

/** The largest (smallest) so far and where it is, the last of equal ones; NaN stays. */
const extremeSoFar =
  (isReached: string): Convert =>
  (call) => {
    const { w } = call
    const self = call.tensor('self')
    const { type, sizes } = self
    if (type === 'bool' || sizes.length === 0)
      return refuse(`its input is ${type === 'bool' ? 'of bools' : 'a scalar'}`)
    const axis = call.axis('dim', sizes.length)
    const size = sizes[axis] ?? refuse('its axis has a size that only the run knows')
    const [low, high] = isFloat(type) ? [-Infinity, Infinity] : limitsOf(type)
    const worst = w.scalar(isReached === 'GreaterOrEqual' ? low : high, type)
    const counted = w.constant('int64', [...Array(size).keys()].map(BigInt), [
      size,
      ...Array<number>(sizes.length - 1 - axis).fill(1),
    ])
    const places = w.op('Expand', [counted, w.sizes(self.name)])
    return scanned(call, axis, [self.name, places], [worst, w.scalar(0n, 'int64')], (before, own) => {
      const isTaken = w.op(isReached, [own[0]!, before[0]!])
      const isLast = isFloat(type)
        ? w.op('Or', [w.op('IsNaN', [own[0]!]), w.op('And', [w.op('Not', [w.op('IsNaN', [before[0]!])]), isTaken])])
        : isTaken
      return own.map((x, i) => w.where(isLast, x, before[i]!))
    }).map((x) => w.op('Identity', [x]))
  }

/** Differences of neighbours, n times. */
const diff: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  if (self.type === 'bool') return refuse('its input is of bools')
  const axis = call.axis('dim', self.sizes.length, -1)
  const parts = ['prepend', 'append'].map((name) => (call.has(name) ? [call.cast(call.tensor(name), self.type)] : []))
  let x = w.concat([...parts[0]!, self.name, ...parts[1]!], axis)
  for (let n = call.int('n', 1); n > 0; n--) x = w.op('Sub', [w.slice(x, axis, 1, END), w.slice(x, axis, 0, -1)])
  return w.op('Identity', [x])
}

/** The k-th smallest of `x` along an axis, and where it is; `k` is int64 [1]. */
function ranked(call: Call, x: string, axis: number, k: string): string[] {
  const { w } = call
  const parts = w.ops('TopK', [x, k], 2, { axis: BigInt(axis), largest: 0n, sorted: 1n })
  const last = parts.map((part) => w.slice(part, axis, -1, END))
  return call.bool('keepdim', false) ? last : last.map((part) => w.squeeze(part, axis))
}

const kthvalue: Convert = (call) => {
  const self = call.tensor('self')
  if (self.sizes.length === 0) return refuse('its input is a scalar')
  return ranked(call, self.name, call.axis('dim', self.sizes.length, -1), call.w.ints([call.int('k')]))
}

/** The lower one of two in the middle. NaN, where there is one: the first. */
const median: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const isFlat = !call.has('dim')
  if (self.sizes.includes(0) || (!isFlat && self.sizes.length === 0)) return refuse('its input is empty, or a scalar')
  const [x, axis] = isFlat ? [w.reshape(self.name, [-1]), 0] : [self.name, call.axis('dim', self.sizes.length)]
  const half = w.op('Div', [w.op('Add', [w.sizes(x, axis, axis + 1), w.ints([1])]), w.ints([2])])
  const parts = ranked(call, x, axis, half)
  if (!isFloat(self.type)) return isFlat ? parts[0]! : parts
  const keepdims = call.bool('keepdim', false) ? 1n : 0n
  const flags = w.cast(w.op('IsNaN', [x]), 'bool', 'int32')
  const hasNaN = w.cast(w.op('ReduceMax', [flags, w.ints([axis])], { keepdims }), 'int32', 'bool')
  const value = w.where(hasNaN, w.scalar(NaN, self.type), parts[0]!)
  if (isFlat) return value
  return [value, w.where(hasNaN, w.op('ArgMax', [flags], { axis: BigInt(axis), keepdims }), parts[1]!)]
}

/** What an axis has up to each element, and what stands at a place of its order; all make fresh memory. */
export const running: Operators = {
  'aten.cumprod.default': cumprod,
  'aten.cummax.default': extremeSoFar('GreaterOrEqual'),
  'aten.cummin.default': extremeSoFar('LessOrEqual'),
  'aten.diff.default': diff,
  'aten.kthvalue.default': kthvalue,
  'aten.median.default': median,
  'aten.median.dim': median,
}

import { isAtLeast } from './bounds.ts'
import { call, callOf, type Dim, dimKey } from './polynomial.ts'

export function minimum(a: Dim, b: Dim): Dim {
  if (isAtLeast(b, a)) return a
  return isAtLeast(a, b) ? b : call('min', ...ordered(a, b))
}

export function maximum(a: Dim, b: Dim): Dim {
  if (isAtLeast(a, b)) return a
  return isAtLeast(b, a) ? b : call('max', ...ordered(a, b))
}

/** In one order, whichever was given first; numbers last. */
function ordered(a: Dim, b: Dim): [Dim, Dim] {
  if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' ? [b, a] : [a, b]
  return a.key < b.key ? [a, b] : [b, a]
}

/** Size of an axis where `a` and `b` are broadcast together, given that they fit: the one that is not 1 (which may be 0). */
export function broadcastDim(a: Dim, b: Dim): Dim {
  // Neither order nor repetition matters among dimensions that fit, and equal ones should have equal keys.
  const sizes = new Map([...broadcastSizes(a), ...broadcastSizes(b)].map((dim) => [dimKey(dim), dim]))
  sizes.delete('1')
  const [first = 1, ...others] = [...sizes].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, dim]) => dim)
  return others.reduce((all, dim) => call('broadcast', all, dim), first)
}

/** The dimensions that a broadcast is made of; of another dimension, itself. */
function broadcastSizes(dim: Dim): Dim[] {
  const broadcast = callOf(dim, 'broadcast')
  return broadcast ? [...broadcastSizes(broadcast.a), ...broadcastSizes(broadcast.b)] : [dim]
}

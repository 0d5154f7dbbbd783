/**
 * Inputs for a model that nobody knows anything about: random numbers where it takes floating-point ones, and zeros where it
 * takes whole ones, which may be indices or lengths. Symbolic dimensions are 1.
 */
export function randomInputs({ inputs }) {
  const next = generator(1)
  return Object.fromEntries(
    inputs.map(({ name, type, shape }) => {
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1))
      const length = dims.reduce((product, dim) => product * dim, 1)
      return [name, { data: Array.from({ length }, value(type, next)), dims }]
    }),
  )
}

function value(type, next) {
  if (type === 'string') return () => ''
  return /float/.test(type) ? next : () => (type.endsWith('int64') ? 0n : 0)
}

/** Park and Miller's minimal standard generator, scaled to [-1, 1): the same numbers in every run. */
function generator(seed) {
  let state = seed
  return () => {
    state = (state * 48271) % 0x7fffffff
    return (state / 0x7fffffff) * 2 - 1
  }
}

import type { UsageError } from '../errors.ts'
import { didYouMean } from '../request/suggest.ts'
import type { Arguments } from './parse.ts'

/** Sizes of symbolic dimensions by name. */
export type Sizes = Readonly<Record<string, number>>

/** Sizes for symbolic dimensions: `--dims batch=4,seq=128`, as often as wanted. A name may hold commas. @throws UsageError */
export function dimsOption({ all, usage }: Arguments): Sizes {
  const sizes = new Map<string, number>()
  for (const text of all('dims')) {
    const pairs = [...text.matchAll(/(.+?)=(\d+)(?:,(?=.)|$)/gy)]
    if (pairs.map(([pair]) => pair).join('') !== text)
      throw usage(`--dims must be like batch=4,seq=128, not ${JSON.stringify(text)}`)
    for (const [, name = '', digits] of pairs) {
      const size = Number(digits)
      if (size < 1 || !Number.isSafeInteger(size))
        throw usage(`--dims: ${JSON.stringify(name)} must be a size of at least 1`)
      sizes.set(name, size)
    }
  }
  return Object.fromEntries(sizes)
}

/** Whether all sizes are for dimensions that the model has. @throws UsageError otherwise, with the ones it has */
export function expectSymbols(
  sizes: Sizes,
  shapes: readonly (readonly unknown[])[],
  usage: (problem: string) => UsageError,
): void {
  const known = [...new Set(shapes.flat().filter((dim) => typeof dim === 'string'))]
  const unknown = Object.keys(sizes).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const all = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'
  const name = JSON.stringify(unknown)
  throw usage(`the model has no symbolic dimension ${name}; ${all}.${didYouMean(unknown, known)}`)
}

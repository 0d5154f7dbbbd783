import type { UsageError } from '../errors/index.ts'
import { isSize } from '../request/dims.ts'
import { didYouMean } from '../request/suggest.ts'
import { isTensor, type SignatureDim, type SignatureEntry, type TensorEntry } from '../runtime/signature.ts'
import type { Option } from './command.ts'
import type { Arguments } from './parse.ts'

/** Sizes of dynamic dimensions: by symbol, or as `x[1]` for axis 1 of input x where that has no name. */
export type Sizes = Readonly<Record<string, number>>

/** The option `--dims`, with what a command takes the sizes for. */
export function dimsFlag(help: string): Option {
  return { type: 'string', multiple: true, value: 'NAME=N,…', help }
}

/** `--dims` of commands that make up inputs. */
export const inputDimsFlag = dimsFlag('sizes of symbolic dimensions of random inputs (default: 1)')

/** Sizes for symbolic dimensions: `--dims batch=4,seq=128`, as often as wanted. A name may hold commas. @throws UsageError */
export function dimsOption({ all, usage }: Arguments): Sizes {
  const sizes = new Map<string, number>()
  for (const text of all('dims')) {
    const pairs = [...text.matchAll(/(.+?)=(\d+)(?:,(?=.)|$)/gy)]
    if (pairs.map(([pair]) => pair).join('') !== text)
      throw usage(`--dims must be like batch=4,seq=128, not ${JSON.stringify(text)}`)
    for (const [, name = '', digits] of pairs) {
      const size = Number(digits)
      if (!isSize(name, size)) throw usage(`--dims: ${JSON.stringify(name)} must be a size of at least 1`)
      sizes.set(name, size)
    }
  }
  return Object.fromEntries(sizes)
}

/** What a dynamic dimension is called in {@link Sizes}: its symbol, or `x[1]` where axis 1 of input x has none. */
export function dimName(input: string, dim: SignatureDim, axis: number): string | undefined {
  return typeof dim === 'number' ? undefined : (dim ?? `${input}[${axis}]`)
}

/** The dimensions of an input with sizes put in; those that are left out are 1. */
export function dimsOf({ name, shape }: TensorEntry, sizes: Sizes): number[] {
  return shape.map((dim, axis) => (typeof dim === 'number' ? dim : (sizes[dimName(name, dim, axis) ?? ''] ?? 1)))
}

/** Whether all sizes are for dynamic dimensions of these inputs. @throws UsageError otherwise, with those there are */
export function expectDims(
  sizes: Sizes,
  inputs: readonly SignatureEntry[],
  usage: (problem: string) => UsageError,
): void {
  const names = inputs.filter(isTensor).flatMap(({ name, shape }) => shape.map((dim, axis) => dimName(name, dim, axis)))
  expectNames(sizes, names, usage)
}

/** @throws UsageError where a size is for none of these dimensions */
export function expectNames(sizes: Sizes, dims: readonly unknown[], usage: (problem: string) => UsageError): void {
  const known = [...new Set(dims.filter((name) => typeof name === 'string'))]
  const unknown = Object.keys(sizes).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const all = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'
  const name = JSON.stringify(unknown)
  throw usage(`the model has no symbolic dimension ${name}; ${all}.${didYouMean(unknown, known)}`)
}

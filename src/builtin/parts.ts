import { definitionsOf, type KernelFunction } from './kernel-table.ts'

/** Functions that are worth another file: it takes a second and more by itself, for what the functions of both have in common. */
const FEWEST = 40

/**
 * Characters of calls that compile as fast as one of a kernel, which brings in headers: 1.8 s for 204 kB of them, where 1.4 kB of
 * a convolution take 0.3 (GCC 12 on Zen 4).
 */
const CALLS = 20

/** A model's functions, as they fall into files that are compiled side by side. */
export interface Parts {
  /** To stand before all else in the file that has the calls; empty where there is no other. */
  readonly macros: string
  /** In that file: the functions that are left to it, and what the others are called by. */
  readonly kernels: string
  /** The other files. */
  readonly others: readonly string[]
}

/** All of them in the file that calls them. */
export function onePart(functions: readonly KernelFunction[]): Parts {
  return { macros: '', kernels: definitionsOf(functions), others: [] }
}

/**
 * Puts a model's functions into two files of about the same time to compile where they are many: a detector (ultraface) is there
 * after 2.4 s instead of 3.7, for a sixth more work. A third file saves little more and costs as much again. It depends on the
 * model alone, so that its library is the same on all machines.
 *
 * @param head C to stand before functions
 * @param calls C that calls them, which stays in a file with some of them
 */
export function partsOf(
  functions: readonly KernelFunction[],
  { head, calls }: { readonly head: string; readonly calls: string },
): Parts {
  if (functions.length < FEWEST) return onePart(functions)
  const own: KernelFunction[] = []
  const other: KernelFunction[] = []
  let ahead = calls.length / CALLS
  for (const each of functions.toSorted((a, b) => b.definition.length - a.definition.length)) {
    const isOwn = ahead <= 0
    if (isOwn) own.push(each)
    else other.push(each)
    ahead += isOwn ? each.definition.length : -each.definition.length
  }
  const declarations = other.map(({ declaration }) => declaration).join('')
  return {
    macros: '#define OM_PARTS\n',
    kernels: `${declarations}\n${definitionsOf(own)}`,
    others: [`#define OM_PARTS\n#define OM_PART\n${head}\n${definitionsOf(other)}`],
  }
}

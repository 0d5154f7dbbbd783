/** As `threads=` states it. */
export type AskedThreads = number | 'auto'

/** The same of a page. */
export interface AskedOfPage {
  readonly count: AskedThreads
  /** The program of its workers: address of the package's dist/runtime/worker.js, or of a copy of it. */
  readonly worker?: string | { readonly href: string }
}

/** Beyond, kernels of models that fit into WebAssembly have too few parts, and each worker takes some megabytes. */
const MOST = 8

/** How many threads a model gets of those that the machine has, and that are asked for. */
export function threadCount(asked: AskedThreads, cores = coresOfPage()): number {
  return Math.min(asked === 'auto' ? MOST : asked, cores, MOST)
}

/** Node has its own way to tell. */
function coresOfPage(): number {
  const { navigator } = globalThis as { navigator?: { readonly hardwareConcurrency?: number } }
  return navigator?.hardwareConcurrency ?? 1
}

import type { Needing } from './features.ts'
import type { AskedOfPage } from './thread-count.ts'

/**
 * Where a file is: its address, relative to the page; its contents; or a function that gives either, called when the model
 * is loaded. Of a module it may also be the `WebAssembly.Module`, and of either a `Response`.
 */
export type WebSource = string | object | (() => unknown)

/** The files of a model that runs as WebAssembly. */
export interface WebFiles {
  /** What every engine runs. */
  readonly module: WebSource
  /** For engines that can more, best first: the first that runs is fetched instead. */
  readonly variants?: readonly (Needing & { readonly module: WebSource })[]
  /** Of a model whose weights are in a file of their own. */
  readonly weights?: WebSource
  /** How many run the module for them, and what starts them in a page. */
  readonly threads?: AskedOfPage
}

import type { Import } from '../emit/module.ts'
import type { BuildContext } from '../pipeline/index.ts'
import type { EmittedFile } from './files.ts'

/**
 * What a host does for one import of a model, in that host's own way. In mode `dev` the module runs on this machine, out
 * of the cache; in mode `build` it is written to run elsewhere.
 */
export interface Host extends Omit<BuildContext, 'progress'> {
  /** Called with every file that the module depends on. */
  watch(path: string): void
  /** A line for those who asked for every detail. */
  debug(line: string): void
  /**
   * Brings a file to where the program will run; gives a JavaScript expression for its path or `file:` URL there, for its URL
   * on the web. Constants come after the library that they belong to.
   */
  place(file: EmittedFile): string | Promise<string>
  /**
   * Brings a WebAssembly module to where the program's own `import` finds it, as edge runtimes have it; gives the specifier
   * for that. Absent: this host has no such thing.
   */
  importModule?(file: EmittedFile): string | Promise<string>
  /** Expression for the URL of the final code's file, in Node. Default: `import.meta.url`. */
  readonly code?: string
  /** How generated code imports a module of this package, or one of the cache, given its absolute path. Absent: by that. */
  imported?(path: string): Pick<Import, 'from' | 'attributes'>
}

import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The C files of operators: a change of one asks for a new build. */
export function operatorFiles(definitions: readonly { readonly file?: string | URL }[] = []): string[] {
  return definitions.flatMap(({ file }) => (file === undefined ? [] : [pathOf(file)]))
}

/** Absolute. */
export function pathOf(file: string | URL): string {
  return file instanceof URL || file.startsWith('file:') ? fileURLToPath(file) : resolve(file)
}

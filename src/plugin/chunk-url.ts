/** What Rollup and Rolldown tell of a reference to an emitted file. */
export interface FileReference {
  readonly fileName: string
  /** From the chunk that refers to it. */
  readonly relativePath: string
  readonly format: string
}

/**
 * Expression for the URL, on the web, of an emitted file that keeps its place relative to the chunk. For ES modules it is the
 * form that other bundlers know and follow, so that a library's files go with it into an application. A classic script knows
 * its own URL while it runs, unless it is a worker, which always does.
 */
export function chunkUrl({ relativePath, format }: FileReference): string {
  const path = encodeURI(relativePath)
  const url = JSON.stringify(path.startsWith('.') ? path : `./${path}`)
  if (format === 'es') return `new URL(${url}, import.meta.url).href`
  const script = `document.currentScript?.src ?? document.baseURI`
  if (format === 'cjs')
    return `new URL(${url}, typeof document === 'undefined' ? require('node:url').pathToFileURL(__filename) : (${script})).href`
  return `new URL(${url}, typeof document === 'undefined' ? self.location.href : (${script})).href`
}

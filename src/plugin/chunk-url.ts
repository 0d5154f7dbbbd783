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
  return urlBesideChunk(JSON.stringify(path.startsWith('.') ? path : `./${path}`), format)
}

/** The same of a name that an expression gives, relative to the chunk. */
export function urlBesideChunk(name: string, format: string): string {
  if (format === 'es') return `new URL(${name}, import.meta.url).href`
  const withoutDocument = format === 'cjs' ? `require('node:url').pathToFileURL(__filename)` : 'self.location.href'
  const chunk = `typeof document === 'undefined' ? ${withoutDocument} : (document.currentScript?.src ?? document.baseURI)`
  return `new URL(${name}, ${chunk}).href`
}

/**
 * Expression for the URL, in Node, of an emitted file whose place is known from the output folder on, but not how deep in it the
 * chunk lies: that folder is the nearest one above the chunk that has the file.
 *
 * @param name expression for the file's path in the output folder
 * @param chunk expression for the chunk's URL
 */
export function urlAboveChunk(name: string, chunk: string): string {
  return `((name, chunk) => {
    const { existsSync } = process.getBuiltinModule('node:fs')
    for (let folder = new URL('.', chunk), parent; ; folder = parent) {
      parent = new URL('..', folder)
      const url = new URL(name, folder)
      if (parent.href === folder.href || existsSync(url)) return url
    }
  })(${name}, ${chunk})`
}

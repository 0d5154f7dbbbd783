import { posix } from 'node:path'

const scheme = 'onnx-mlir-module:'

/**
 * Stands for an emitted WebAssembly module in the import of it, until it is known where the chunk is that imports it.
 *
 * @param reference what `emitFile` gave
 */
export function keptImport(reference: string): string {
  return scheme + reference
}

/** For the `resolveId` hook: imports that are kept are nobody else's. */
export const keptImports = new RegExp(`^${scheme}`)

interface RenderContext {
  getFileName(reference: string): string
}

/** The `renderChunk` hook: kept imports get the paths of their files, relative to the chunk. */
export async function renderKeptImports(this: RenderContext, code: string, chunk: { readonly fileName: string }) {
  if (!code.includes(scheme)) return null
  const { default: MagicString } = await import('magic-string')
  const text = new MagicString(code)
  for (const { index, 0: specifier } of code.matchAll(new RegExp(`${scheme}[\\w$-]+`, 'g'))) {
    const path = posix.relative(posix.dirname(chunk.fileName), this.getFileName(specifier.slice(scheme.length)))
    text.update(index, index + specifier.length, path.startsWith('.') ? path : `./${path}`)
  }
  return { code: text.toString(), map: text.generateMap({ hires: 'boundary' }) }
}

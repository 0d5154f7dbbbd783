import { readFile } from 'node:fs/promises'
import type { EmittedFile } from './files.ts'

/**
 * A file as part of the JavaScript: an expression for a function that gives its bytes. Decoded when it is called, not when
 * the module is imported. `fetch` of a `data:` URL would need a CSP that allows it.
 */
export async function inlined({ source }: EmittedFile): Promise<string> {
  const base64 = await readFile(source, 'base64')
  return `async () => Uint8Array.from(atob("${base64}"), (byte) => byte.charCodeAt(0))`
}

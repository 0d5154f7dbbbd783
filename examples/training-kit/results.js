import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Writes what training gave; to check, compares it with the files that are there and writes nothing.
 * A difference makes the process end with 1.
 *
 * @param {Record<string, Uint8Array>} files by path from `folder`
 * @param {URL} folder @param {boolean} check
 */
export function keepResults(files, folder, check) {
  for (const [name, bytes] of Object.entries(files)) {
    const path = new URL(name, folder)
    if (!check) writeFileSync(path, bytes)
    else if (!readFileSync(path).equals(bytes)) {
      console.error(`${name} differs from what training gives; run without --check to write it`)
      process.exitCode = 1
    }
    console.log(`${name}: ${bytes.length} bytes ${check ? 'compared' : 'written'}`)
  }
}

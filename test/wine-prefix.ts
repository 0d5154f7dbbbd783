import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Vitest's global setup: a folder for one Windows of Wine's, which the first test that needs one has Wine make and the others share. One for
 * each file took some ten seconds each, and 700 MB. Who has set WINEPREFIX, as .ci/run does, gives one that outlives the tests.
 *
 * @returns what removes it
 */
export default function setup(): (() => void) | undefined {
  if (process.env['WINEPREFIX']) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'onnx-mlir-wine-'))
  process.env['WINEPREFIX'] = folder
  return () => {
    // Wine's server stays for some seconds, and writes into the folder as it ends.
    spawnSync('wineserver', ['--kill'])
    spawnSync('wineserver', ['--wait'])
    rmSync(folder, { recursive: true, force: true })
  }
}

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { prebuiltAddon } from '../src/builtin/prebuilt-addon.ts'

/**
 * Vitest's global setup: tests get the addon as users do, prebuilt for this machine. Else each of the hundred or so caches
 * that they make would compile one (2.6 s of a processor). It stays where packing has it, and what is older than its
 * sources is not taken. Tests of the compiling say `ONNX_MLIR_ADDON=source`, as users would.
 */
export default function setup(): void {
  if (prebuiltAddon() !== undefined) return
  const script = join(import.meta.dirname, '../scripts/prebuild.js')
  const args = [script, '--only', `${process.platform}-${process.arch}`]
  try {
    execFileSync(process.execPath, args, { env: { ...process.env, CI: '' }, stdio: 'pipe' })
  } catch {
    console.log('no addon is prebuilt for this machine: tests compile it')
  }
}

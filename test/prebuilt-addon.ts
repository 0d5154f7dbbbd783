import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Vitest's global setup: tests get the addons as users do, prebuilt for every machine that there is a compiler for. Else each of
 * the hundred or so caches that they make would compile one (2.6 s of a processor). They stay where packing has them, and what
 * is older than its sources is not taken. Tests of the compiling say `ONNX_MLIR_ADDON=source`, as users would.
 */
export default function setup(): void {
  const script = join(import.meta.dirname, '../scripts/prebuild.js')
  try {
    execFileSync(process.execPath, [script, '--keep'], { env: { ...process.env, CI: '' }, stdio: 'pipe' })
  } catch {
    console.log('no addon is prebuilt for this machine: tests compile it')
  }
}

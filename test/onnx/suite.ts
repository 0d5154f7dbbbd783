import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Real models and ONNX's backend tests stand beside the repository, not in it.
const shared = fileURLToPath(new URL('../../../shared/', import.meta.url))
export const modelsDir = `${shared}models`
export const suiteDir = `${shared}onnx-backend-tests`

/** Whether a folder is there; prints what is skipped where it isn't. */
export function present(folder: string): boolean {
  if (existsSync(folder)) return true
  console.log(`skipped: ${folder} is absent, so the tests that read it did not run`)
  return false
}

/** Paths below a folder that end with `ending`, sorted. */
export function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .sort()
    .map((path) => `${folder}/${path}`)
}

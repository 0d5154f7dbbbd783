// The models' scripts are TypeScript, which the oldest Node that we run on does not read: esbuild makes one file of them.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/** Folder of the scripts. */
export const here = dirname(fileURLToPath(import.meta.url))

/** Where models are written that nobody asked for elsewhere. */
export const made = join(here, 'made')

/** What write.ts has, and the hash of all scripts. */
export async function loadScripts() {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'write.ts')],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'warning',
  })
  const { text } = outputFiles[0]
  const scripts = createHash('sha256').update(text).digest('hex')
  // Below the repository, so that its imports of packages are found.
  const folder = join(made, '.scripts')
  mkdirSync(folder, { recursive: true })
  const name = `${scripts}.mjs`
  for (const old of readdirSync(folder)) if (old !== name) rmSync(join(folder, old))
  const file = join(folder, name)
  writeFileSync(file, text)
  return { ...(await import(pathToFileURL(file).href)), scripts }
}

/**
 * Makes those of the models that are not there, or that other scripts made.
 *
 * @param {readonly string[] | undefined} only names of workloads; default: all
 * @param {(line: string) => void} progress
 */
export async function makeMissing(only, progress) {
  const { names, isWritten, writeModel, scripts } = await loadScripts()
  const options = { folder: made, isSmall: false, scripts }
  const wanted = names.filter(
    (name) => only === undefined || only.some((one) => one === name || one.startsWith(`${name}-`)),
  )
  for (const name of wanted) {
    if (isWritten(name, options)) continue
    progress(`making ${name}`)
    writeModel(name, options)
  }
}

import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Artifact } from '../cache/artifact.ts'
import { ownVersion } from '../cache/index.ts'
import { keepText } from '../cache/kept-text.ts'
import { inlineFileText } from '../emit/inline-file.ts'
import { isModule } from './facts.ts'
import type { Delivery, Surroundings } from './surroundings.ts'

/**
 * The addon as a JavaScript module that exports it as `addon`: a module of its own, so that a bundle has it once, however many
 * models are in it.
 *
 * @param outDir a folder that keeps such modules; processes share it
 * @returns absolute path of the module
 * @throws EnvironmentError `ENVIRONMENT_DISK`
 */
export async function inlineAddon(addon: string, sha256: string, outDir: string): Promise<string> {
  // How we write it is part of its name: a module that an earlier version made is no help.
  const name = createHash('sha256')
    .update(JSON.stringify(['inline addon', ownVersion(), sha256]))
    .digest('hex')
  const module = join(outDir, `${name.slice(0, 32)}.mjs`)
  const file = { path: `${sha256.slice(0, 16)}/onnx-mlir${extname(addon)}`, sha256 }
  await keepText(module, async () => `export const addon = ${inlineFileText(file, await readFile(addon))}\n`)
  return module
}

/** What is told of files that are in the JavaScript because they would be lost beside it. */
export function rebundlerNote({ rebundler }: Surroundings, delivery: Delivery): string | undefined {
  if (rebundler === undefined || delivery !== 'inline') return undefined
  return `${rebundler} carries no files beside the server's code: those of models are in the JavaScript (files=inline)`
}

/** Past this, a build takes seconds longer and a cold start half a second (docs/how-files-travel.md). */
const LARGE_BYTES = 32 * 2 ** 20

/** What is told of large files of native code that are in the JavaScript. */
export function inlineNote(path: string, artifact: Artifact): string | undefined {
  const { library, constants } = artifact
  const bytes = [library, constants?.path].reduce((sum, file) => sum + (file ? statSync(file).size : 0), 0)
  if (isModule(artifact) || bytes <= LARGE_BYTES) return undefined
  const size = (bytes / 2 ** 20).toFixed(0)
  return (
    `${basename(path)}: ${size} MiB of native code and weights are in the JavaScript; the option files: { dir } gives them ` +
    `a folder of their own, weights=f16 and weights=int8 make them smaller`
  )
}

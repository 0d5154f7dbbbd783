import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { diskError, makeFolder } from '../cache/disk.ts'
import { CompileError } from '../errors/index.ts'
import { onShutdown } from '../process/shutdown.ts'
import { type Weights, type WeightsForm, writeWeights } from './weights.ts'

/**
 * Compiles in a private folder, which is the caller's to remove when that succeeded. Where it fails the folder is removed, but
 * for the source if that is what doesn't compile.
 *
 * @param root folder in which it is made. Default: the system's for temporary files
 * @throws EnvironmentError `ENVIRONMENT_DISK`
 */
export async function inStaging<Result>(
  root: string | undefined,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await makeStaging(root ?? tmpdir())
  const forget = onShutdown(() => rmSync(folder, { recursive: true, force: true }))
  try {
    return await work(folder)
  } catch (error) {
    // Of a source that doesn't compile its text is kept, not a copy of the model's weights.
    const source = error instanceof CompileError ? error.data['source'] : undefined
    if (typeof source === 'string') await removeAllBut(basename(source), folder)
    else await rm(folder, { recursive: true, force: true })
    throw error
  } finally {
    forget()
  }
}

async function makeStaging(root: string): Promise<string> {
  await makeFolder(root)
  try {
    return await mkdtemp(join(root, 'compile-')) // mode 0700
  } catch (error) {
    throw diskError(error, root)
  }
}

async function removeAllBut(name: string, folder: string): Promise<void> {
  const others = (await readdir(folder)).filter((entry) => entry !== name)
  await Promise.all(others.map((entry) => rm(join(folder, entry), { recursive: true, force: true })))
}

/** Writes a model's C. @throws EnvironmentError `ENVIRONMENT_DISK` */
export async function writeSource(folder: string, source: string, name = 'model.c'): Promise<void> {
  try {
    await writeFile(join(folder, name), source, { flag: 'wx' })
  } catch (error) {
    throw diskError(error, folder)
  }
}

/** Writes its weights beside it. @throws EnvironmentError `ENVIRONMENT_DISK` */
export async function stageWeights(folder: string, weights: Weights | undefined, form: WeightsForm): Promise<void> {
  if (weights === undefined || weights.bytes === 0) return
  await writeWeights(folder, weights, form).catch((error: unknown) => {
    throw diskError(error, folder)
  })
}

/** Whether there is a file with contents. */
export function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile() && info.size > 0,
    () => false,
  )
}

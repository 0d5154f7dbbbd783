/** Takes what the driver made out of the staging folder. */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CompileError } from '../errors/index.ts'
import type { DriveResult } from './drive-result.ts'
import { type Stage, stageProducts } from './options.ts'
import { diskFull } from './staging.ts'

/**
 * The product of a stage in the staging folder.
 * @throws CompileError `COMPILE_NO_OUTPUT` if the driver says it succeeded and made nothing
 */
export async function productOf(
  { staging, names, run }: Pick<DriveResult, 'staging' | 'names' | 'run'>,
  stage: Stage,
  model: string,
): Promise<string> {
  for (const ending of stageProducts[stage].endings) {
    const path = join(staging.work, names.output + ending)
    if (await hasContent(path)) return path
  }
  throw new CompileError(
    'COMPILE_NO_OUTPUT',
    `${model}: onnx-mlir ended without an error, but wrote no ${stage}. It may have been stopped by a wrapper script, or its disk may be full.`,
    { model, stdout: run.stdout.slice(0, 10_000), stderr: run.stderr.slice(0, 10_000) },
  )
}

/** The constants file that belongs to a library, where there is one. */
export async function constantsOf({ staging, names }: DriveResult): Promise<string | undefined> {
  const path = join(staging.work, `${names.output}.constants.bin`)
  return (await hasContent(path)) ? path : undefined
}

/** A side file's text; `undefined` if the driver didn't write it. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return (await hasContent(path)) ? readFile(path, 'utf8') : undefined
}

/**
 * Copies a product to its place so that nobody ever sees half of it.
 * @throws EnvironmentError `ENVIRONMENT_DISK`
 */
export async function deliver(from: string, folder: string, name: string): Promise<string> {
  const path = join(folder, name)
  const partial = join(folder, `.${name}.${randomUUID()}.partial`)
  try {
    await mkdir(folder, { recursive: true })
    await copyFile(from, partial)
    await rename(partial, path)
    return path
  } catch (error) {
    await rm(partial, { force: true })
    throw diskFull(error, folder) ?? error
  }
}

async function hasContent(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined)
  return stats !== undefined && stats.isFile() && stats.size > 0
}

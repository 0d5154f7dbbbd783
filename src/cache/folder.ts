import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { makeFolders, userCache } from '../runtime/user-folder.ts'
import { isAlive } from './lock.ts'
import { nearestPackage } from './nearest-package.ts'

const NAME = 'unplugin-onnx-mlir'

/** After this long nobody can still be working on something. */
export const DAY_MS = 24 * 3600 * 1000

export interface FolderOptions {
  /** The project's folder, or one in it. Default: the working directory. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Where the cache is when nobody says: `ONNX_MLIR_CACHE_DIR`; `node_modules/.cache` of the nearest package, where CI
 * systems look for what to keep; the user's cache folder. `undefined` if none of them can be written.
 */
export function defaultFolder({ cwd = process.cwd(), env = process.env }: FolderOptions = {}): string | undefined {
  const chosen = env['ONNX_MLIR_CACHE_DIR']
  if (chosen) return resolve(chosen)
  const modules = nearestNodeModules(cwd)
  const candidates = [...(modules === undefined ? [] : [join(modules, '.cache', NAME)]), join(userCache(env), NAME)]
  return candidates.find(isWritable)
}

/**
 * Where compiled addons are kept, given a folder that can be written to: what is in `node_modules` is lost with `npm ci`,
 * and one addon serves all projects of a user.
 */
export function addonFolder(cache: string, env: Readonly<Record<string, string | undefined>> = process.env): string {
  const ofUser = join(userCache(env), NAME)
  const isLost = cache.split(sep).includes('node_modules')
  return join(isLost && isWritable(ofUser) ? ofUser : cache, 'addon')
}

/** Of the nearest package, if it has one: Yarn's Plug'n'Play does without, and we don't make it. */
function nearestNodeModules(start: string): string | undefined {
  const folder = nearestPackage(start)
  const modules = folder && join(folder, 'node_modules')
  return modules && existsSync(modules) ? modules : undefined
}

function isWritable(folder: string): boolean {
  try {
    makeFolders(folder)
    accessSync(folder, constants.W_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
}

/**
 * Makes a folder for this process alone, for when there is no cache. Its libraries must outlive this call, not this
 * process: the folders of processes that are gone are removed here after a day.
 */
export async function makePrivateFolder(): Promise<string> {
  const parent = tmpdir()
  // A random name, mode 0700: in a folder shared by all users a fixed name could be somebody else's trap.
  const folder = await mkdtemp(join(parent, `${NAME}-${process.pid}-`))
  await removeAbandoned(parent)
  return folder
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = new RegExp(`^${NAME}-(\\d+)-\\w+$`).exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    const folder = join(parent, name)
    const age = await ageOf(folder)
    if (age !== undefined && age > DAY_MS) await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}

/** Milliseconds since a file or folder was last written; `undefined` if it is gone. */
export async function ageOf(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(() => undefined)
  return info && Date.now() - info.mtimeMs
}

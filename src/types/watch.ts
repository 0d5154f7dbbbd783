import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signature } from '../cache/artifact.ts'
import { isModelName, isOnlyAsImported } from '../request/extensions.ts'
import { modelFile } from '../request/request.ts'
import { generateTypes, type TypesOptions, type TypesResult } from './generate.ts'
import { isSourceFile, projectFiles } from './project.ts'

export interface WatchOptions extends TypesOptions {
  /** Called after each run: the first one, and those that changed something or found a problem. */
  readonly onResult: (result: TypesResult) => void
  /** Called where a run or a watcher fails; watching goes on. */
  readonly onError: (error: unknown) => void
}

export interface TypesWatcher {
  /** Stops watching; resolves once a run in progress has ended. */
  close(): Promise<void>
}

/** Editors and compilers write a file in several steps; a run waits until it has been quiet for this many milliseconds. */
const quietTime = 50

/**
 * Keeps the type layer up to date until closed. One `fs.watch` per folder of the project: recursive watching would take
 * in `node_modules`. A model is read again only when its size or time changed.
 */
export async function watchTypes(options: WatchOptions): Promise<TypesWatcher> {
  const { onResult, onError, ...given } = options
  const { root, exclude } = given
  const generation = { ...given, signatureOf: rememberedByStat(given.signatureOf) }
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()
  let closed = false

  const update = async (first: boolean): Promise<void> => {
    if (closed) return
    try {
      // Watch before reading: a change in between then starts another run instead of being missed.
      await watchFolders()
      const result = await generateTypes(generation)
      const news = result.written.length + result.removed.length + result.problems.length > 0
      if (first || news) onResult(result)
    } catch (error) {
      onError(error)
    }
  }

  const schedule = (): void => {
    if (closed) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      running = running.then(() => update(false))
    }, quietTime)
  }

  const watchFolders = async (): Promise<void> => {
    const { folders } = await projectFiles(root, exclude)
    for (const [folder, watcher] of watchers) {
      if (folders.includes(folder)) continue
      watcher.close()
      watchers.delete(folder)
    }
    for (const folder of folders) {
      if (watchers.has(folder) || closed) continue
      // No name, or one without an extension, may be a folder that came or went.
      const watcher = watch(join(root, folder), (_, name) => {
        if (name === null || matters(name)) schedule()
      })
      watcher.on('error', (error) => {
        // A watched folder that is removed fails on some systems; the run that follows drops it.
        watcher.close()
        watchers.delete(folder)
        if (!('code' in error && (error.code === 'EPERM' || error.code === 'ENOENT'))) onError(error)
      })
      watchers.set(folder, watcher)
    }
  }

  await update(true)
  return {
    async close() {
      closed = true
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
      await running
    },
  }
}

function matters(name: string): boolean {
  if (name.startsWith('.')) return false
  return isModelName(name) || name.endsWith('.json') || isSourceFile(name) || !name.includes('.')
}

/** `signatureOf` that reads a file again only when its size or modification time changed. */
function rememberedByStat(signatureOf: TypesOptions['signatureOf']): TypesOptions['signatureOf'] {
  const known = new Map<string, { readonly stamp: string; readonly signature: Signature }>()
  return async (id) => {
    const path = modelFile(id)
    // Of what Python reads, other files have a say, too.
    if (isOnlyAsImported(path)) return signatureOf(id)
    const { size, mtimeMs } = await stat(path)
    const stamp = `${size} ${mtimeMs}`
    const before = known.get(id)
    if (before?.stamp === stamp) return before.signature
    const signature = await signatureOf(id)
    known.set(id, { stamp, signature })
    return signature
  }
}

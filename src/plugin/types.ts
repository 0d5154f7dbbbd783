import { resolve } from 'node:path'
import { openCache } from '../cache/index.ts'
import { nearestProject } from '../cache/nearest-package.ts'
import { declaredOf } from '../pipeline/index.ts'
import { generateTypes } from '../types/generate.ts'
import type { HostOptions } from './models.ts'

/** Keeps the declarations of a project's models up to date while a host builds or serves it. */
export interface TypeLayer {
  /** The folder that the host works in. */
  folder: string
  /** Writes what has changed. A model that can't be typed is no failure, but told to `warn`. */
  update(warn: (line: string) => void): Promise<void>
}

export function createTypeLayer(options: HostOptions, folder = process.cwd()): TypeLayer {
  let running: Promise<void> = Promise.resolve()
  let queued: Promise<void> | undefined

  return {
    folder,
    // Environments of one server start together, and a model may change while its old state is being read:
    // so runs don't overlap, and what is asked for before a run has begun is that run.
    async update(warn) {
      if (options.types === false) return
      const previous = running.catch(() => undefined)
      queued ??= previous.then(() => {
        queued = undefined
        return generate(options, resolve(options.root ?? nearestProject(this.folder)), warn)
      })
      running = queued
      await running
    },
  }
}

/** A process may have many compilers, environments and rebuilds of one project; its problems are told once. */
const told = new Set<string>()

async function generate(
  { operators, python, cache }: HostOptions,
  root: string,
  warn: (line: string) => void,
): Promise<void> {
  const { store } = openCache({ ...(cache !== undefined && { root: cache }), cwd: root, warn: () => undefined })
  const tell = (line: string): void => {
    if (!told.has(`${root}\0${line}`)) warn(line)
    told.add(`${root}\0${line}`)
  }
  try {
    const { problems } = await generateTypes({
      root,
      signatureOf: (id) => declaredOf(id, { operators, ...(python !== undefined && { python }), store }),
      ...(store.folder !== undefined && { memoFolder: store.folder }),
    })
    // Messages about a model's content begin with its path.
    for (const { file, message } of problems) tell(message.includes(file) ? message : `${file}: ${message}`)
  } catch (error) {
    // A project that can't be written to is built all the same.
    if (!(error instanceof Error && 'syscall' in error)) throw error
    tell(`The models' types are not up to date: ${error.message}`)
  }
}

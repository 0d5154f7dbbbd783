import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { signatureOf } from '../pipeline.ts'
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
        return generate(options, resolve(options.root ?? projectOf(this.folder)), warn)
      })
      running = queued
      await running
    },
  }
}

async function generate({ operators }: HostOptions, root: string, warn: (line: string) => void): Promise<void> {
  const { problems } = await generateTypes({ root, signatureOf: (path) => signatureOf(path, operators) })
  // Messages about a model's content begin with its path.
  for (const { file, message } of problems) warn(message.includes(file) ? message : `${file}: ${message}`)
}

function projectOf(folder: string): string {
  for (let candidate = folder; ; candidate = dirname(candidate)) {
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (candidate === dirname(candidate)) return folder
  }
}

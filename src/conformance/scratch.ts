import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onShutdown } from '../process/shutdown.ts'

/** A folder for temporary files, which goes when it is closed or when this process is told to end. */
export interface Scratch {
  readonly folder: string
  readonly close: () => Promise<void>
}

export async function openScratch(prefix: string): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const forget = onShutdown(remove)
  return {
    folder,
    close: async () => {
      forget()
      remove()
    },
  }
}

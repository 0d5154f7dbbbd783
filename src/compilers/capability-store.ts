import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../cache/disk.ts'
import type { Capabilities } from '../onnx-mlir/capabilities.ts'
import type { CapabilityStore } from '../onnx-mlir/probe.ts'

/** Keeps what compilers can do beside the artifacts; without a folder, only in this process. */
export function capabilityStore(folder: string | undefined): CapabilityStore {
  const fileOf = (key: string): string =>
    join(folder!, `${createHash('sha256').update(`capabilities ${key}`).digest('hex')}.memo`)
  return {
    async get(key) {
      if (folder === undefined) return undefined
      try {
        return JSON.parse(await readFile(fileOf(key), 'utf8')) as Capabilities
      } catch {
        // Not there yet, or damaged: the compiler is asked again.
        return undefined
      }
    },
    async set(key, capabilities) {
      if (folder === undefined) return
      const temporary = `${fileOf(key)}.${process.pid}.tmp`
      try {
        await makeFolder(folder)
        await writeFile(temporary, JSON.stringify(capabilities), { flag: 'wx' })
        await rename(temporary, fileOf(key))
      } catch {
        // A cache that can't be written costs a second, and is warned about elsewhere.
      }
    },
  }
}

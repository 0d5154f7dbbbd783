import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a file, and the folder that it is in, so that whoever reads it meanwhile finds what was there or all that comes: half
 * a declaration would pass for somebody else's. Several builds of one project are at it at a time: two bundlers, or the plugin twice.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const part = `${path}.${randomUUID()}.part`
  try {
    await makeAndWrite(part, text)
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function makeAndWrite(path: string, text: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(dirname(path), { recursive: true })
    try {
      return await writeFile(path, text)
    } catch (error) {
      // Somebody else found the folder empty, and took it away.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 5) throw error
    }
  }
}

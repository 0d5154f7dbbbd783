import { randomUUID } from 'node:crypto'
import { rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { diskError, makeFolder } from './disk.ts'

/**
 * Keeps a text under a name that says what is in it: it is made only where it isn't there, and comes in place whole, as other
 * processes may be at the same.
 *
 * @param path absolute
 * @throws EnvironmentError `ENVIRONMENT_DISK`
 */
export async function keepText(path: string, make: () => string | Promise<string>): Promise<void> {
  if (await isFilled(path)) return
  const text = await make()
  const part = `${path}.${randomUUID()}`
  try {
    await makeFolder(dirname(path))
    await writeFile(part, text)
    await rename(part, path)
  } catch (error) {
    throw diskError(error, dirname(path))
  }
}

/** Whether there is a file with something in it. */
export function isFilled(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile() && info.size > 0,
    () => false,
  )
}

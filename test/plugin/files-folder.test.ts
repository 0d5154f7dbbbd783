import { createHash } from 'node:crypto'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { placeInFolder } from '../../src/plugin/files-folder.ts'
import type { EmittedFile } from '../../src/plugin/files.ts'
import { temporaryFolder, writeFiles } from '../hosts/app.ts'

const host = { code: undefined }

async function emitted(text: string): Promise<EmittedFile> {
  const root = await temporaryFolder()
  await writeFiles(root, { source: text })
  const sha256 = createHash('sha256').update(text).digest('hex')
  return { role: 'constants', source: join(root, 'source'), sha256, name: 'm.bin', fileName: 'm-1a2b3c4d/m.bin' }
}

test('a file that is there under the name is used if it is the same, and is replaced if it is another of that size', async () => {
  const dir = join(await temporaryFolder(), 'models')
  const there = join(dir, 'm-1a2b3c4d/m.bin')
  const first = await emitted('weights 1')
  await placeInFolder({ dir }, first, host)
  await utimes(there, 1, 1)
  await placeInFolder({ dir }, first, host)
  expect((await stat(there)).mtimeMs).toBe(1000)
  // Other weights, the same code: the library's name says nothing of it.
  await placeInFolder({ dir }, await emitted('weights 2'), host)
  expect(await readFile(there, 'utf8')).toBe('weights 2')
  await writeFile(there, 'an attack')
  await placeInFolder({ dir }, await emitted('weights 2'), host)
  expect(await readFile(there, 'utf8')).toBe('weights 2')
  expect(await readdir(join(dir, 'm-1a2b3c4d'))).toEqual(['m.bin'])
})

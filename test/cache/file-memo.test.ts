import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { hashFile, rememberByStat } from '../../src/cache/file-memo.ts'

let root: string
let folder: string
let file: string
let worked: number
/** Files that have been at rest for long enough; each test takes one. */
let atRest: string[]
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'memo-test-'))
  atRest = Array.from({ length: 20 }, (_, i) => join(root, `model-${i}.onnx`))
  for (const path of atRest) writeFileSync(path, 'abc')
  await new Promise((resolve) => setTimeout(resolve, 2600))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeEach(() => {
  folder = mkdtempSync(join(root, 'memos-'))
  worked = 0
})

const remember = (kind = 'test') => rememberByStat(folder, kind, file, async () => `result ${++worked}`)

/** Asks with a memory as empty as a new process's. */
async function rememberAsAnotherProcess(): Promise<string> {
  vi.resetModules()
  const fresh = await import('../../src/cache/file-memo.ts')
  return fresh.rememberByStat(folder, 'test', file, async () => `result ${++worked}`)
}

function changedJustNow(): string {
  const path = join(root, 'new.onnx')
  writeFileSync(path, 'abc')
  return path
}

it('hashes a file', async () => {
  file = changedJustNow()
  expect(await hashFile(folder, file)).toBe(createHash('sha256').update('abc').digest('hex'))
  await expect(hashFile(folder, join(root, 'none'))).rejects.toThrow('ENOENT')
})

it('does not trust a file that was changed just now', async () => {
  file = changedJustNow()
  await remember()
  await remember()
  expect(worked).toBe(2)
  expect(readdirSync(folder)).toEqual([])
})

describe('a file at rest', () => {
  beforeEach(() => {
    file = atRest.pop() ?? expect.fail('make more files')
  })

  it('is worked on once, in this process and in the next', async () => {
    expect([await remember(), await remember(), await rememberAsAnotherProcess()]).toEqual(Array(3).fill('result 1'))
  })

  it('is worked on once for each kind', async () => {
    expect([await remember('a'), await remember('b'), await remember('a')]).toEqual([
      'result 1',
      'result 2',
      'result 1',
    ])
  })

  it.each([
    ['it is written', () => appendFileSync(file, 'd')],
    ['it is written with the same size', () => writeFileSync(file, 'abd')],
    [
      'it is written with the same size and its time put back',
      () => {
        const { atime, mtime } = statSync(file)
        writeFileSync(file, 'abd')
        utimesSync(file, atime, mtime)
      },
    ],
    [
      'another file of the same size and time is put in its place',
      () => {
        const { atime, mtime } = statSync(file)
        writeFileSync(`${file}.new`, 'abd')
        utimesSync(`${file}.new`, atime, mtime)
        renameSync(`${file}.new`, file)
      },
    ],
  ])('is worked on again when %s', async (_, change) => {
    await remember()
    change()
    expect(await remember()).toBe('result 2')
    expect(await rememberAsAnotherProcess()).toBe('result 3')
  })

  it('is not remembered when it changes during the work', async () => {
    await rememberByStat(folder, 'test', file, async () => {
      writeFileSync(file, 'during')
      return 'of a mixture'
    })
    expect(readdirSync(folder)).toEqual([])
    expect(await remember()).toBe('result 1')
  })

  it.each(['', '{', 'null', '[]', '{"stat":1,"value":2}'])('survives the damaged memo %j', async (damage) => {
    await remember()
    const [name = ''] = readdirSync(folder)
    writeFileSync(join(folder, name), damage)
    expect(await rememberAsAnotherProcess()).toBe('result 2')
  })

  it('is worked on although nothing can be kept', async () => {
    rmSync(folder, { recursive: true })
    expect(await remember()).toBe('result 1')
  })
})

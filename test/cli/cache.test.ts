import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCache } from '../../src/cache/index.ts'
import { cli, cliJson, fileWith, temporaryFolder } from './cli.ts'

async function filled(): Promise<string> {
  const root = await temporaryFolder()
  const facts = {
    signature: { inputs: [], outputs: [] },
    target: 'z16',
    compiler: { name: 'builtin', version: '1 gcc 12' },
    seconds: 1,
    notes: [],
  } as const
  const cache = openCache({ root })
  await cache.put('a'.repeat(64), { library: await fileWith('m.so', new Uint8Array(3000)), facts })
  await cache.put('b'.repeat(64), { library: await fileWith('m.so', new Uint8Array(5000).fill(1)), facts })
  return root
}

test('lists what is there', async () => {
  const root = await filled()
  const { code, json, out } = await cliJson('cache', '--cache', root)
  expect(code).toBe(0)
  expect(json).toMatchObject({ folder: root, bytes: 8000 })
  expect(json.entries).toContainEqual(
    expect.objectContaining({ key: 'a'.repeat(64), bytes: 3000, target: 'z16', compiler: 'builtin 1 gcc 12' }),
  )
  expect(out).toContain('2 entries, 7.81 kB')
})

test('clears, and prunes to a size', async () => {
  const root = await filled()
  const pruned = await cliJson('cache', 'prune', '--max-size', '6kB', '--cache', root)
  expect(pruned.code).toBe(0)
  expect(pruned.json.freed).toBeGreaterThanOrEqual(3000)
  expect((await cliJson('cache', 'list', '--cache', root)).json.entries).toHaveLength(1)
  expect((await cliJson('cache', 'clear', '--cache', root)).json.freed).toBeGreaterThan(0)
  expect((await cliJson('cache', 'list', '--cache', root)).json).toMatchObject({ bytes: 0, entries: [] })
})

test('tells its folder', async () => {
  const root = join(await temporaryFolder(), 'not there yet')
  expect(await cli('cache', 'dir', '--cache', root)).toEqual({ code: 0, out: `${root}\n`, err: '' })
})

test.each([
  [['cache', 'lst'], /no "lst"; there are list, dir, clear, prune/],
  [['cache', 'prune'], /prune needs --max-size/],
  [['cache', 'prune', '--max-size', 'much'], /--max-size must be like 500MB or 1GB/],
  [['cache', 'clear', '--max-size', '1GB'], /--max-size is for prune/],
])('%j is wrong usage', async (args, message) => {
  const { code, err } = await cli(...args)
  expect(err).toMatch(message)
  expect(code).toBe(2)
})

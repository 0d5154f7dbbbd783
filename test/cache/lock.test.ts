import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { acquireLock, isAlive } from '../../src/cache/lock.ts'

let root: string
let path: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lock-test-'))
  path = join(root, 'a.lock')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const foreign = (host = 'another-host') => writeFileSync(path, JSON.stringify({ pid: 1, start: null, host }))
const makeOld = (seconds: number) => utimesSync(path, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds)
const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it('is a file that says whose it is, and goes when released', async () => {
  const lock = await acquireLock(path)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() })
  await lock.release()
  expect(existsSync(path)).toBe(false)
})

it('is held by one at a time', async () => {
  const order: string[] = []
  const first = await acquireLock(path)
  const second = acquireLock(path).then((lock) => (order.push('second has it'), lock))
  await soon(200)
  order.push('first releases')
  await first.release()
  await (await second).release()
  expect(order).toEqual(['first releases', 'second has it'])
})

it('does not wait for an owner on another machine that fell silent, but for one that lives', async () => {
  foreign()
  makeOld(61)
  const lock = await acquireLock(path)
  expect(JSON.parse(readFileSync(path, 'utf8')).pid).toBe(process.pid)
  await lock.release()
  foreign()
  makeOld(30)
  await acquireLock(path, { timeout: 200 })
  expect(JSON.parse(readFileSync(path, 'utf8')).host).toBe('another-host')
})

it('goes on without the lock after the time limit, and leaves it to its owner', async () => {
  foreign()
  const started = performance.now()
  const lock = await acquireLock(path, { timeout: 150 })
  expect(performance.now() - started).toBeGreaterThan(140)
  await lock.release()
  expect(JSON.parse(readFileSync(path, 'utf8')).host).toBe('another-host')
})

it.each(['', '{"pid":', 'null', '{"pid":"1"}'])(
  'waits a moment for a lock that is being written: %j',
  async (content) => {
    writeFileSync(path, content)
    const lock = acquireLock(path, { timeout: 5000 })
    await soon(150)
    expect(readFileSync(path, 'utf8')).toBe(content)
    makeOld(11)
    await (await lock).release()
    expect(existsSync(path)).toBe(false)
  },
)

it('does not remove a lock that somebody else has by now', async () => {
  const lock = await acquireLock(path)
  foreign()
  await lock.release()
  expect(existsSync(path)).toBe(true)
})

it('stops waiting when aborted', async () => {
  foreign()
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('enough')), 100)
  await expect(acquireLock(path, { signal: controller.signal })).rejects.toThrow('enough')
})

it('is no obstacle where no lock can be made', async () => {
  const lock = await acquireLock(join(root, 'no', 'such', 'folder.lock'))
  await lock.release()
})

it('knows which processes live', () => {
  expect(isAlive(process.pid)).toBe(true)
  expect(isAlive(2 ** 22 + 1)).toBe(false)
})

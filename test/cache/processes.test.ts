import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Store } from '../../src/cache/store.ts'

const key = createHash('sha256').update('the key').digest('hex')
const content = 'library '.repeat(50_000)
const sha256 = createHash('sha256').update(content).digest('hex')

let root: string
let folder: string
let code: string
const children: ChildProcess[] = []
beforeAll(async () => {
  code = mkdtempSync(join(tmpdir(), 'cache-processes-'))
  const entry = fileURLToPath(new URL('../../src/cache/store.ts', import.meta.url))
  await build({ entryPoints: [entry], outfile: join(code, 'store.mjs'), bundle: true, platform: 'node', format: 'esm' })
})
afterAll(() => rmSync(code, { recursive: true, force: true }))
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-processes-'))
  folder = join(root, 'cache')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

const open = (where = folder, warn: (line: string) => void = (line) => expect.fail(line)) => new Store(where, warn)

/**
 * A process that asks for the entry. To make it takes `seconds`; each making is a line in `made`.
 * Just before its operation number `killedBefore` on the file system the process kills itself.
 */
function builder(seconds: number, killedBefore = 0): { child: ChildProcess; done: Promise<string> } {
  const script = `
    import fs from 'node:fs/promises'
    import { syncBuiltinESMExports } from 'node:module'
    let operations = 0
    for (const [name, original] of Object.entries(fs)) {
      if (typeof original !== 'function') continue
      fs[name] = (...args) => {
        if (++operations === ${killedBefore}) process.kill(process.pid, 'SIGKILL')
        return original(...args)
      }
    }
    syncBuiltinESMExports()
    const { Store } = await import(${JSON.stringify(join(code, 'store.mjs'))})
    import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs'
    import { join } from 'node:path'
    import { setTimeout as delay } from 'node:timers/promises'
    const content = 'library '.repeat(50_000)
    const store = new Store(${JSON.stringify(folder)}, console.error)
    const result = await store.getOrMake(${JSON.stringify(key)}, async (stagingRoot) => {
      appendFileSync(${JSON.stringify(join(root, 'made'))}, process.pid + '\\n')
      const staging = mkdtempSync(join(stagingRoot, 'compile-'))
      writeFileSync(join(staging, 'model.so'), content.slice(0, 1000))
      await delay(${seconds * 1000})
      writeFileSync(join(staging, 'model.so'), content)
      return { files: { library: join(staging, 'model.so') }, meta: {}, staging }
    })
    console.log(JSON.stringify(result))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let printed = ''
  child.stdout?.on('data', (chunk) => (printed += chunk))
  return { child, done: new Promise((resolve) => child.once('close', () => resolve(printed))) }
}

const makings = () =>
  existsSync(join(root, 'made')) ? readFileSync(join(root, 'made'), 'utf8').trim().split('\n') : []

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(condition()).toBe(true)
}

describe('two builds at once', () => {
  it('compile once and have the same library', async () => {
    const results = await Promise.all([builder(0.5).done, builder(0.5).done])
    const [a, b] = results.map((text) => JSON.parse(text))
    expect(makings()).toHaveLength(1)
    expect(a.entry).toEqual(b.entry)
    expect([a.cached, b.cached].sort()).toEqual([false, true])
    expect(readFileSync(a.entry.files.library.path, 'utf8')).toBe(content)
  })

  it('are right also where one ignores the lock', async () => {
    const other = builder(0.5)
    await until(() => makings().length === 1)
    rmSync(join(folder, `${key}.lock`))
    const { done } = builder(0)
    const [a, b] = [JSON.parse(await done), JSON.parse(await other.done)]
    expect(makings()).toHaveLength(2)
    expect(a.entry).toEqual(b.entry)
    expect(await open().get(key)).toEqual(a.entry)
  })
})

describe('kill -9', () => {
  it('while compiling leaves no entry, and the next build need not wait', async () => {
    const { child, done } = builder(60)
    await until(() => makings().length === 1)
    child.kill('SIGKILL')
    await done
    expect(await open().get(key)).toBeUndefined()
    expect(existsSync(join(folder, `${key}.lock`))).toBe(true)
    const started = performance.now()
    const { entry, cached } = await open().getOrMake(key, async (stagingRoot) => made(stagingRoot))
    expect(cached).toBe(false)
    expect(entry.files['library']?.sha256).toBe(sha256)
    expect(performance.now() - started).toBeLessThan(5000)
    expect(existsSync(join(folder, `${key}.lock`))).toBe(false)
  })

  it('of the first lets a build that is waiting take over', async () => {
    const first = builder(60)
    await until(() => makings().length === 1)
    const second = builder(0)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(makings()).toHaveLength(1)
    first.child.kill('SIGKILL')
    expect(JSON.parse(await second.done).cached).toBe(false)
    expect(makings()).toHaveLength(2)
  })

  it('before any single step of storing leaves no bad entry', async () => {
    const outcomes: string[] = []
    for (let step = 1; outcomes.at(-1) !== 'ended'; step++) {
      const printed = await builder(0, step).done
      const entry = await open().get(key)
      if (entry !== undefined) expect(readFileSync(entry.files['library']?.path ?? '', 'utf8')).toBe(content)
      if (printed === '') outcomes.push(entry === undefined ? 'missing' : 'whole')
      else outcomes.push('ended')
      rmSync(folder, { recursive: true, force: true })
    }
    // Killed before the manifest, after it, and in the end not at all.
    expect([...new Set(outcomes)]).toEqual(['missing', 'whole', 'ended'])
    expect(outcomes.length).toBeGreaterThan(10)
  })
})

function made(stagingRoot: string) {
  const staging = mkdtempSync(join(stagingRoot, 'compile-'))
  writeFileSync(join(staging, 'model.so'), content)
  return { files: { library: join(staging, 'model.so') }, meta: {}, staging }
}

describe('a stale lock', () => {
  const lock = () => join(folder, `${key}.lock`)
  function owner(facts: object): void {
    mkdirSync(folder)
    writeFileSync(lock(), JSON.stringify(facts))
  }

  async function expectBroken(): Promise<void> {
    expect((await open().getOrMake(key, async (stagingRoot) => made(stagingRoot))).cached).toBe(false)
    expect(existsSync(lock())).toBe(false)
  }

  it('of a process that is gone is broken at once', async () => {
    owner({ pid: goneProcess(), start: '1', host: hostname() })
    await expectBroken()
  })

  it.runIf(process.platform === 'linux')('of a pid that is another process by now is broken at once', async () => {
    owner({ pid: process.pid, start: '1', host: hostname() })
    await expectBroken()
  })
})

function goneProcess(): number {
  return Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))
}

describe('disks', () => {
  let disk: string
  let mounted = false
  beforeEach(() => {
    disk = join(root, 'disk')
    mkdirSync(disk)
  })
  afterEach(() => {
    if (mounted) execFileSync('umount', [disk])
    mounted = false
  })
  function mount(options: string): boolean {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk], { stdio: 'pipe' })
      mounted = true
    } catch {
      console.log('skipped: mounting a tmpfs is not permitted here')
    }
    return mounted
  }

  it('a full one: warns once and goes on without', async (context) => {
    if (!mount('size=128k')) return context.skip()
    const warnings: string[] = []
    const store = open(disk, (line) => warnings.push(line))
    const { entry } = await store.getOrMake(key, async () => made(root))
    expect(warnings).toEqual([expect.stringContaining('the disk is full')])
    expect(entry.files['library']?.path.startsWith(disk)).toBe(false)
    expect(readFileSync(entry.files['library']?.path ?? '', 'utf8')).toBe(content)
    // Nothing half-written is left on the full disk.
    expect(readdirSync(disk).filter((name) => name !== 'staging')).toEqual([])
    expect(await open(disk).get(key)).toBeUndefined()
    rmSync(dirname(entry.files['library']?.path ?? ''), { recursive: true })
  })

  it('one that is full already while compiling: compiles elsewhere', async (context) => {
    if (!mount('size=128k')) return context.skip()
    const warnings: string[] = []
    const roots: string[] = []
    const { entry } = await open(disk, (line) => warnings.push(line)).getOrMake(key, async (stagingRoot) => {
      roots.push(stagingRoot)
      return made(stagingRoot)
    })
    expect(roots.map((path) => path.startsWith(disk))).toEqual([true, false])
    expect(warnings).toHaveLength(1)
    rmSync(dirname(entry.files['library']?.path ?? ''), { recursive: true })
  })

  it('a read-only one: reads what is there, warns once for what is not', async (context) => {
    if (!mount('size=4m')) return context.skip()
    await open(disk).getOrMake(key, async (stagingRoot) => made(stagingRoot))
    execFileSync('mount', ['-o', 'remount,ro', disk])
    const warnings: string[] = []
    const store = open(disk, (line) => warnings.push(line))
    expect((await store.getOrMake(key, async () => expect.fail('is there'))).cached).toBe(true)
    expect(warnings).toEqual([])
    const otherKey = key.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    const { entry } = await store.getOrMake(otherKey, async (stagingRoot) => made(stagingRoot))
    expect(warnings).toEqual([expect.stringContaining('the file system is read-only')])
    rmSync(dirname(entry.files['library']?.path ?? ''), { recursive: true })
  })
})

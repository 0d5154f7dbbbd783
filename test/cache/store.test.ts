import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Made, Store } from '../../src/cache/store.ts'

let root: string
let folder: string
let warnings: string[]
let store: Store
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'store-test-'))
  folder = join(root, 'cache')
  warnings = []
  store = open()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const open = (where: string | undefined = folder) => new Store(where, (line) => warnings.push(line))
const key = (text: string) => createHash('sha256').update(text).digest('hex')
const sha256 = key

/** Makes files in a staging folder, as a compiler does. */
function made(content: string, meta: unknown = { made: content }, stagingRoot = root): Made {
  mkdirSync(stagingRoot, { recursive: true })
  const staging = mkdtempSync(join(stagingRoot, 'staging-'))
  writeFileSync(join(staging, 'model.so'), content)
  return { files: { library: join(staging, 'model.so') }, meta, staging }
}

const cacheNames = (pattern: RegExp) => readdirSync(folder).filter((name) => pattern.test(name))
const day = 24 * 3600
const makeOld = (path: string, seconds: number) =>
  utimesSync(path, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds)

describe('put and get', () => {
  it('has nothing in the beginning, and makes no folder by being asked', async () => {
    expect(await store.get(key('a'))).toBeUndefined()
    expect(await store.list()).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })

  it('gives back what was put, also to another process', async () => {
    const put = await store.put(key('a'), made('library of a', { target: 'z16', list: [1, 2] }))
    expect(put.files['library']).toEqual({
      path: join(folder, `${sha256('library of a')}.so`),
      sha256: sha256('library of a'),
      bytes: 12,
    })
    expect(await open().get(key('a'))).toEqual(put)
    expect(put.meta).toEqual({ target: 'z16', list: [1, 2] })
    expect(await store.get(key('b'))).toBeUndefined()
  })

  it('keeps several files of an entry, and files without a usual extension', async () => {
    const { files, meta } = made('library')
    const odd = join(root, 'constants of m.$(x)')
    writeFileSync(odd, 'weights')
    const json = join(root, 'facts.json')
    writeFileSync(json, '{}')
    const put = await store.put(key('a'), { files: { ...files, odd, json }, meta })
    expect(basename(put.files['odd']?.path ?? '')).toBe(`${sha256('weights')}.bin`)
    // Manifests are the only JSON files.
    expect(basename(put.files['json']?.path ?? '')).toBe(`${sha256('{}')}.bin`)
    expect(await store.get(key('a'))).toEqual(put)
    expect(await store.list()).toHaveLength(1)
  })

  it('stores equal files of two entries once', async () => {
    const a = await store.put(key('a'), made('same'))
    const b = await store.put(key('b'), made('same'))
    expect(b.files).toEqual(a.files)
    expect(cacheNames(/\.so$/)).toHaveLength(1)
  })

  it('replaces an entry', async () => {
    await store.put(key('a'), made('old'))
    await store.put(key('a'), made('new'))
    expect((await store.get(key('a')))?.files['library']?.sha256).toBe(sha256('new'))
  })

  it('does not change with the file that it was made from', async () => {
    const { files, meta } = made('content')
    const put = await store.put(key('a'), { files, meta })
    writeFileSync(files['library'] ?? '', 'CONTENT')
    expect(readFileSync(put.files['library']?.path ?? '', 'utf8')).toBe('content')
  })

  it('leaves no temporary files', async () => {
    await store.put(key('a'), made('content'))
    await store.put(key('b'), made('content'))
    expect(cacheNames(/^tmp-/)).toEqual([])
  })

  it('is no place for a file that is missing', async () => {
    await expect(store.put(key('a'), { files: { library: join(root, 'none.so') }, meta: 0 })).rejects.toThrow('ENOENT')
    expect(await store.get(key('a'))).toBeUndefined()
    expect(cacheNames(/./)).toEqual([])
    expect(warnings).toEqual([])
  })

  it.each(['', 'abc', '../../../etc/passwd', `${key('a')}/..`, key('a').toUpperCase()])(
    'refuses the key "%s"',
    async (bad) => {
      await expect(store.get(bad)).rejects.toThrow(TypeError)
      await expect(store.put(bad, made('x'))).rejects.toThrow(TypeError)
    },
  )
})

describe('a damaged entry counts as missing, is removed, and can be made again:', () => {
  const manifest = () => join(folder, `${key('a')}.json`)
  const library = () => join(folder, `${sha256('the library')}.so`)
  const edited = (change: (text: string) => string) => () =>
    writeFileSync(manifest(), change(readFileSync(manifest(), 'utf8')))

  const damages: [string, () => void][] = [
    ['library cut short', () => truncateSync(library(), 5)],
    ['library empty', () => truncateSync(library(), 0)],
    ['library changed in one byte', () => writeFileSync(library(), 'the librarz')],
    ['library gone', () => rmSync(library())],
    ['library replaced by a folder', () => (rmSync(library()), mkdirSync(library()))],
    ['manifest empty', edited(() => '')],
    ['manifest cut short', edited((text) => text.slice(0, -10))],
    ['manifest of zeros, as after a power cut', edited((text) => '\0'.repeat(text.length))],
    ['manifest that is JSON but none of ours', edited(() => '[]')],
    ['manifest with other facts', edited((text) => text.replace('"z16"', '"z17"'))],
    [
      'manifest that points elsewhere',
      edited((text) => text.replace(/"name":"[^"]*"/, '"name":"../../../etc/passwd"')),
    ],
    ['manifest of another key', () => writeFileSync(manifest(), readFileSync(join(folder, `${key('b')}.json`)))],
  ]

  it.each(damages)('%s', async (_, damage) => {
    await store.put(key('a'), made('the library', { target: 'z16' }))
    await store.put(key('b'), made('another', { target: 'z16' }))
    damage()
    expect(await open().get(key('a'))).toBeUndefined()
    expect(existsSync(manifest())).toBe(false)
    expect(await open().get(key('b'))).toBeDefined()
    const { entry, cached } = await open().getOrMake(key('a'), async () => made('the library', { target: 'z16' }))
    expect(cached).toBe(false)
    expect(await open().get(key('a'))).toEqual(entry)
    expect(warnings).toEqual([])
  })

  it('a damaged library is written anew even if its name is there', async () => {
    await store.put(key('a'), made('the library'))
    writeFileSync(library(), 'the librarz')
    await store.put(key('b'), made('the library'))
    expect(readFileSync(library(), 'utf8')).toBe('the library')
  })

  it('damage is found also after the file was once found sound', async () => {
    await store.put(key('a'), made('the library'))
    await new Promise((resolve) => setTimeout(resolve, 2600)) // until its hash is remembered
    expect(await store.get(key('a'))).toBeDefined()
    expect(await store.get(key('a'))).toBeDefined()
    const { atime, mtime } = statSync(library())
    writeFileSync(library(), 'the librarz')
    utimesSync(library(), atime, mtime) // as careless restoring tools do
    expect(await store.get(key('a'))).toBeUndefined()
  })
})

describe('getOrMake', () => {
  it('makes once and then finds', async () => {
    let made_ = 0
    const make = async (stagingRoot: string) => (made_++, made('content', { n: made_ }, stagingRoot))
    const first = await store.getOrMake(key('a'), make)
    const second = await open().getOrMake(key('a'), make)
    expect([first.cached, second.cached, made_]).toEqual([false, true, 1])
    expect(second.entry).toEqual(first.entry)
  })

  it('removes the staging folder and the lock', async () => {
    await store.getOrMake(key('a'), async (stagingRoot) => made('content', 0, stagingRoot))
    expect(readdirSync(join(folder, 'staging'))).toEqual([])
    expect(cacheNames(/\.lock$/)).toEqual([])
  })

  it('makes once for calls at the same time, in one store and in several', async () => {
    let made_ = 0
    const make = async () => {
      made_++
      await new Promise((resolve) => setTimeout(resolve, 100))
      return made('content')
    }
    const other = open()
    const results = await Promise.all([store, store, other, other, open()].map((one) => one.getOrMake(key('a'), make)))
    expect(made_).toBe(1)
    expect(results.filter(({ cached }) => !cached)).toHaveLength(1)
  })

  it('makes different keys at the same time', async () => {
    const arrived: (() => void)[] = []
    const both = (name: string) => () =>
      new Promise<Made>((resolve) => {
        arrived.push(() => resolve(made(name)))
        if (arrived.length === 2) for (const go of arrived) go()
      })
    await Promise.all(['a', 'b'].map((name) => store.getOrMake(key(name), both(name))))
    expect(await store.list()).toHaveLength(2)
  })

  it('passes on a failure to all who wait, keeps nothing of it, and tries again the next time', async () => {
    const failing = async (): Promise<Made> => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      throw new Error('no such operator')
    }
    const results = await Promise.allSettled([store.getOrMake(key('a'), failing), store.getOrMake(key('a'), failing)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(cacheNames(/^[0-9a-f]/)).toEqual([])
    expect((await store.getOrMake(key('a'), async () => made('now'))).cached).toBe(false)
  })

  it('goes on for one caller when another, who came first, gives up', async () => {
    const controller = new AbortController()
    const first = store.getOrMake(
      key('a'),
      () =>
        new Promise<Made>((_, reject) =>
          controller.signal.addEventListener('abort', () => reject(new Error('gave up'))),
        ),
      { signal: controller.signal },
    )
    const second = store.getOrMake(key('a'), async () => made('content'))
    setTimeout(() => controller.abort(), 50)
    await expect(first).rejects.toThrow('gave up')
    expect((await second).entry.files['library']?.sha256).toBe(sha256('content'))
  })
})

describe('list, clear, prune', () => {
  const bytes = (n: number, letter: string) => letter.repeat(n)

  beforeEach(async () => {
    // `shared` is in two entries; b is the one used longest ago.
    await store.put(key('a'), made(bytes(100, 'a'), 'facts of a'))
    await store.put(key('b'), made(bytes(200, 'b')))
    await store.put(key('c'), made(bytes(400, 'c')))
    for (const name of cacheNames(/\.so$/)) makeOld(join(folder, name), 3600)
    makeOld(join(folder, `${key('a')}.json`), 100)
    makeOld(join(folder, `${key('b')}.json`), 300)
    makeOld(join(folder, `${key('c')}.json`), 200)
  })

  it('lists entries, the last used first', async () => {
    const listed = await store.list()
    expect(listed.map((entry) => [entry.key, entry.bytes])).toEqual([
      [key('a'), 100],
      [key('c'), 400],
      [key('b'), 200],
    ])
    expect(listed[0]?.meta).toBe('facts of a')
    expect(Math.abs(Date.now() - 100_000 - Number(listed[0]?.used))).toBeLessThan(5000)
  })

  it('counts a read as use', async () => {
    await store.get(key('b'))
    expect((await store.list())[0]?.key).toBe(key('b'))
  })

  it('prunes what was not used for longest', async () => {
    const freed = await store.prune(550)
    expect(freed).toBeGreaterThanOrEqual(200)
    expect((await store.list()).map((entry) => entry.key)).toEqual([key('a'), key('c')])
    expect(cacheNames(/\.so$/)).toHaveLength(2)
    expect(await store.get(key('c'))).toBeDefined()
  })

  it('prunes in order of use, even if something older and smaller would fit', async () => {
    await store.prune(350)
    expect((await store.list()).map((entry) => entry.key)).toEqual([key('a')])
  })

  it('keeps a file that a kept entry shares with a removed one', async () => {
    await store.put(key('a2'), made(bytes(200, 'b')))
    await store.prune(300)
    expect(await store.get(key('a2'))).toBeDefined()
    expect(await store.get(key('b'))).toBeUndefined()
  })

  it('removes files that no entry names, unless they are so new that their entry may be on its way', async () => {
    const [oldName, newName] = [`${sha256('lost')}.so`, `${sha256('on its way')}.so`]
    writeFileSync(join(folder, oldName), 'lost')
    makeOld(join(folder, oldName), 3600)
    writeFileSync(join(folder, newName), 'on its way')
    await store.prune(1e9)
    expect(cacheNames(/\.so$/)).toContain(newName)
    expect(cacheNames(/\.so$/)).not.toContain(oldName)
  })

  it('clears all of ours and nothing else', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'mine')
    mkdirSync(join(folder, 'staging', 'compile-now'), { recursive: true })
    const freed = await store.clear()
    expect(freed).toBeGreaterThanOrEqual(700)
    expect(readdirSync(folder).sort()).toEqual(['notes.txt', 'staging'])
    expect(readdirSync(join(folder, 'staging'))).toEqual(['compile-now'])
  })
})

describe('without being asked, a cache', () => {
  const hour = 3600 * 1000
  const keys = async (of: Store) => (await of.list()).map((entry) => entry.key)

  beforeEach(async () => {
    for (const [name, age] of [
      ['now', 0],
      ['today', 20],
      ['yesterday', 30],
      ['before', 50],
      ['long ago', 31 * 24],
    ] as const) {
      await store.put(key(name), made(name.repeat(100)))
      for (const file of [`${key(name)}.json`, `${sha256(name.repeat(100))}.so`])
        makeOld(join(folder, file), age * 3600)
    }
  })

  it('loses what nobody used for a month, and nothing else while it is small', async () => {
    const later = open()
    await later.put(key('new'), made('new'))
    expect((await keys(later)).sort()).toEqual(['new', 'now', 'today', 'yesterday', 'before'].map(key).sort())
    expect(cacheNames(/\.so$/)).toHaveLength(5)
  })

  it('loses what was not used for longest where it is large, but nothing of this day', async () => {
    const later = new Store(folder, (line) => warnings.push(line), { bytes: 900, inUse: 24 * hour })
    await later.put(key('new'), made('new'))
    expect((await keys(later)).sort()).toEqual(['new', 'now', 'today'].map(key).sort())
    const tiny = new Store(folder, (line) => warnings.push(line), { bytes: 0, inUse: 24 * hour })
    await tiny.put(key('newer'), made('newer'))
    expect((await keys(tiny)).sort()).toEqual(['new', 'newer', 'now', 'today'].map(key).sort())
    expect(await tiny.get(key('today'))).toBeDefined()
  })

  it('keeps what was asked for while it is looked through', async () => {
    const later = open()
    const putting = later.put(key('new'), made('new'))
    const got = await store.get(key('long ago'))
    await putting
    const again = await store.get(key('long ago'))
    expect(again).toEqual(got)
    for (const { path } of Object.values(again?.files ?? {})) expect(existsSync(path)).toBe(true)
  })

  it('loses what is damaged or from the future, and what else can not be told to be in use', async () => {
    writeFileSync(join(folder, `${key('damaged')}.json`), '{"check":')
    makeOld(join(folder, `${key('damaged')}.json`), 2 * day)
    writeFileSync(join(folder, `${sha256('orphan')}.so`), 'orphan')
    makeOld(join(folder, `${sha256('orphan')}.so`), -400 * day)
    mkdirSync(join(root, 'elsewhere'))
    writeFileSync(join(root, 'elsewhere', 'thesis.txt'), 'mine')
    makeOld(join(root, 'elsewhere', 'thesis.txt'), 400 * day)
    symlinkSync(join(root, 'elsewhere'), join(folder, 'staging'))
    await open().put(key('new'), made('new'))
    expect(existsSync(join(folder, `${key('damaged')}.json`))).toBe(false)
    expect(existsSync(join(folder, `${sha256('orphan')}.so`))).toBe(false)
    expect(readdirSync(join(root, 'elsewhere'))).toEqual(['thesis.txt'])
  })

  it.runIf(process.getuid?.() === 0)('keeps what another user asks for', async () => {
    for (const path of [root, folder]) chmodSync(path, 0o777)
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o666)
    process.seteuid!(65534)
    try {
      expect(await store.get(key('long ago'))).toBeDefined()
    } finally {
      process.seteuid!(0)
    }
    await open().put(key('new'), made('new'))
    expect(await store.get(key('long ago'))).toBeDefined()
  })

  it('is looked through once by a process', async () => {
    makeOld(join(folder, `${key('now')}.json`), 40 * day)
    await store.put(key('new'), made('new'))
    expect(await keys(store)).toContain(key('now'))
  })
})

describe('what killed processes left behind', () => {
  it('goes after a day and not before', async () => {
    mkdirSync(join(folder, 'staging', 'compile-old'), { recursive: true })
    mkdirSync(join(folder, 'staging', 'compile-new'))
    writeFileSync(join(folder, 'staging', 'compile-old', 'weights.bin'), 'x')
    for (const name of ['tmp-1-00ff', `${key('old')}.lock`, 'notes.txt']) {
      writeFileSync(join(folder, name), '')
      makeOld(join(folder, name), day + 60)
    }
    makeOld(join(folder, 'staging', 'compile-old'), day + 60)
    writeFileSync(join(folder, 'tmp-1-11ff'), '')
    writeFileSync(join(folder, `${key('memo')}.memo`), '')
    makeOld(join(folder, `${key('memo')}.memo`), 31 * day)
    await store.put(key('a'), made('content'))
    expect(readdirSync(folder).filter((name) => !/^[0-9a-f]{64}\.(so|json)$/.test(name))).toEqual([
      'notes.txt',
      'staging',
      'tmp-1-11ff',
    ])
    expect(readdirSync(join(folder, 'staging'))).toEqual(['compile-new'])
  })
})

describe('where the folder can not be written', () => {
  const outside = (path: string | undefined) => path !== undefined && !path.startsWith(root) && existsSync(path)
  const cleanUp: string[] = []
  afterEach(() => {
    for (const path of cleanUp.splice(0)) rmSync(dirname(path), { recursive: true, force: true })
  })

  it.each([
    ['a file is in its place', () => (writeFileSync(folder, ''), folder)],
    ['a file is in the place of a folder above', () => (writeFileSync(folder, ''), join(folder, 'deeper'))],
  ])('%s: warns once and goes on', async (_, prepare) => {
    const blocked = open(prepare())
    const first = await blocked.getOrMake(key('a'), async (stagingRoot) => made('a', 0, stagingRoot))
    const second = await blocked.getOrMake(key('b'), async (stagingRoot) => made('b', 0, stagingRoot))
    const again = await blocked.getOrMake(key('a'), async () => expect.fail('made before, in this process'))
    cleanUp.push(first.entry.files['library']?.path ?? '')
    expect([first.cached, second.cached, again.cached]).toEqual([false, false, true])
    expect(outside(first.entry.files['library']?.path)).toBe(true)
    expect(outside(second.entry.files['library']?.path)).toBe(true)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(folder)
    expect(warnings[0]).toContain('ONNX_MLIR_CACHE_DIR')
    expect(warnings[0]).toContain('Going on without a cache')
  })

  it('without a cache: keeps to this process and does not warn', async () => {
    const none = new Store(undefined, (line) => warnings.push(line))
    const { entry } = await none.getOrMake(key('a'), async (stagingRoot) => made('a', 0, stagingRoot))
    cleanUp.push(entry.files['library']?.path ?? '')
    expect(outside(entry.files['library']?.path)).toBe(true)
    expect(warnings).toEqual([])
    expect(await none.list()).toEqual([])
    expect(await none.clear()).toBe(0)
    expect(await none.prune(0)).toBe(0)
    expect(statSync(dirname(entry.files['library']?.path ?? '')).mode & 0o077).toBe(0)
  })
})

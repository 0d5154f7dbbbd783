import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultFolder, makePrivateFolder } from '../../src/cache/folder.ts'

const NAME = 'unplugin-onnx-mlir'
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'folder-test-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const linux = process.platform === 'linux'

describe('defaultFolder', () => {
  const env = () => ({ XDG_CACHE_HOME: join(root, 'xdg'), LOCALAPPDATA: join(root, 'xdg') })
  function project(...folders: string[]): string {
    const cwd = join(root, 'project')
    for (const folder of ['', ...folders]) mkdirSync(join(cwd, folder), { recursive: true })
    writeFileSync(join(cwd, 'package.json'), '{}')
    return cwd
  }

  it('is what the environment says', () => {
    const cwd = project('node_modules')
    const chosen = join(root, 'chosen')
    expect(defaultFolder({ cwd, env: { ONNX_MLIR_CACHE_DIR: chosen } })).toBe(chosen)
    expect(defaultFolder({ cwd, env: { ONNX_MLIR_CACHE_DIR: 'relative' } })).toBe(resolve('relative'))
  })

  it('is in the node_modules of the nearest package', () => {
    const cwd = project('node_modules', 'src/deep')
    expect(defaultFolder({ cwd: join(cwd, 'src', 'deep'), env: env() })).toBe(join(cwd, 'node_modules', '.cache', NAME))
  })

  it.runIf(linux)('makes no node_modules for a project without: it is the cache of the user', () => {
    const cwd = project()
    expect(defaultFolder({ cwd, env: env() })).toBe(join(root, 'xdg', NAME))
    expect(existsSync(join(cwd, 'node_modules'))).toBe(false)
  })

  it.runIf(linux)('is the cache of the user where node_modules takes nothing', () => {
    const cwd = project('node_modules')
    writeFileSync(join(cwd, 'node_modules', '.cache'), 'a file')
    expect(defaultFolder({ cwd, env: env() })).toBe(join(root, 'xdg', NAME))
  })

  it.runIf(linux)('is none where nothing can be written', () => {
    const cwd = project()
    writeFileSync(join(root, 'xdg'), 'a file')
    expect(defaultFolder({ cwd, env: env() })).toBeUndefined()
  })

  it.runIf(linux)('is none in a folder that answers as if it were absent', () => {
    expect(defaultFolder({ cwd: project(), env: { XDG_CACHE_HOME: '/proc/self' } })).toBeUndefined()
  })
})

describe('makePrivateFolder', () => {
  const made: string[] = []
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  it('is new each time and for this user only', async () => {
    made.push(await makePrivateFolder(), await makePrivateFolder())
    expect(made[0]).not.toBe(made[1])
    if (process.platform !== 'win32') expect(statSync(made[0] ?? '').mode & 0o777).toBe(0o700)
  })

  it('removes those of processes that are gone, after a day', async () => {
    const gone = 2 ** 22 + 1
    const day = 24 * 3600
    const cases = { old: [gone, day + 60], recent: [gone, day - 60], alive: [process.pid, day + 60] } as const
    const folders = Object.values(cases).map(([pid, age]) => {
      const folder = mkdtempSync(join(tmpdir(), `${NAME}-${pid}-`))
      utimesSync(folder, Date.now() / 1000 - age, Date.now() / 1000 - age)
      return folder
    })
    made.push(...folders, await makePrivateFolder())
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, true, true])
  })
})

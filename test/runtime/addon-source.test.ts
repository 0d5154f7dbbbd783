import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { writeAddonSource } from '../../src/builtin/addon.ts'
import type { ModelLoadError } from '../../src/runtime/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { compileModel, factsOf } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'

const x = new Float32Array(60)
let source: string
let library: string

beforeAll(async () => {
  source = await writeAddonSource({ outDir: makeFolder() })
  library = await compileModel(makeFolder(), 'affine')
})
afterEach(() => vi.unstubAllEnvs())

/** An output folder as a build for another machine leaves it: library and source, outside of any package. */
function outputFolder(): string {
  const folder = makeFolder()
  copyFileSync(library, join(folder, 'affine.so'))
  copyFileSync(source, join(folder, 'onnx-mlir.cc'))
  return folder
}

const open = (folder: string) =>
  createNodeModel(factsOf('affine'), { addon: join(folder, 'onnx-mlir.cc'), library: join(folder, 'affine.so') })
const run = (folder: string) => open(folder).runSync({ x })['y']!.data[0]
const refusal = (folder: string): Promise<ModelLoadError> =>
  open(folder)
    .load()
    .then(
      () => expect.fail('it loaded'),
      (error: unknown) => error as ModelLoadError,
    )

/** A PATH with nothing on it but these shell scripts. */
function onlyOnPath(scripts: Record<string, string>): void {
  const bin = makeFolder()
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  vi.stubEnv('PATH', bin)
  vi.stubEnv('CXX', '')
}

describe.skipIf(process.platform === 'win32')('the source of an addon', () => {
  it('brings the licenses of what is in it along', () => {
    const text = readFileSync(source, 'utf8')
    for (const name of ['node-api-headers', 'node-addon-api'])
      expect(text).toMatch(
        new RegExp(`// This file contains ${name}, whose license is:\\n(//.*\\n)*// Permission is hereby`),
      )
  })

  it('is compiled at the first load, and kept beside it', () => {
    const folder = outputFolder()
    expect(run(folder)).toBe(1)
    const [addon, ...others] = readdirSync(folder).filter((name) => !/^(affine\.so|onnx-mlir\.cc)$/.test(name))
    expect(addon).toMatch(new RegExp(`^onnx-mlir-[0-9a-f]{16}-${process.platform}-${process.arch}(-musl)?\\.node$`))
    expect(others).toEqual([])

    // Another process, here stood for by another path, finds it and needs no compiler.
    const moved = join(makeFolder(), 'moved')
    cpSync(folder, moved, { recursive: true })
    onlyOnPath({})
    expect(run(moved)).toBe(1)
  })

  it('is compiled by CXX, which may have arguments', () => {
    const folder = outputFolder()
    const real = execFileSync('sh', ['-c', 'command -v c++'], { encoding: 'utf8' }).trim()
    const path = process.env['PATH'] ?? ''
    onlyOnPath({ 'my-c++': `PATH='${path}'; echo "$1" > '${join(folder, 'asked')}'; shift; exec '${real}' "$@"` })
    vi.stubEnv('CXX', 'my-c++ --first')
    expect(run(folder)).toBe(1)
    expect(readdirSync(folder)).toContain('asked')
  })

  it('says what to install where there is no compiler', async () => {
    const folder = outputFolder()
    onlyOnPath({})
    const error = await refusal(folder)
    expect(error.code).toBe('LOAD_ADDON')
    expect(error.message).toMatch(
      /^affine\.onnx: .*onnx-mlir\.cc, since it was made on another machine.*apt-get install g\+\+/,
    )
    expect(readdirSync(folder).sort()).toEqual(['affine.so', 'onnx-mlir.cc'])
  })

  it('leaves nothing behind when the compiler refuses it', async () => {
    const folder = outputFolder()
    onlyOnPath({ 'c++': 'echo "onnx-mlir.cc:7: error: no luck" >&2; exit 1' })
    const error = await refusal(folder)
    expect(error.message).toMatch(/^affine\.onnx: c\+\+ can't compile the addon .*: onnx-mlir\.cc:7: error: no luck$/)
    expect(readdirSync(folder).sort()).toEqual(['affine.so', 'onnx-mlir.cc'])
  })

  const readOnly = readOnlyFolder()
  afterAll(() => readOnly?.remove())
  if (readOnly === undefined) console.log('skipped: a read-only output folder (this user may not mount one)')

  it.runIf(readOnly !== undefined)('goes to the user’s cache where its folder is read-only', async () => {
    const folder = readOnly!.fill(outputFolder())
    const cache = makeFolder()
    vi.stubEnv('XDG_CACHE_HOME', cache)
    expect(run(folder)).toBe(1)
    expect(readdirSync(join(cache, 'unplugin-onnx-mlir'))).toHaveLength(1)

    // Nowhere to go: a file in the place of the cache.
    const moved = join(folder, 'again')
    const blocked = makeFolder()
    writeFileSync(join(blocked, 'file'), '')
    vi.stubEnv('XDG_CACHE_HOME', join(blocked, 'file'))
    const error = await refusal(moved)
    expect(error.message).toMatch(
      /^affine\.onnx: the addon, which is compiled on its first use, can be written nowhere: EROFS/,
    )
  })
})

/** A file system that takes files once and is read-only then; root may write to every folder of the others. */
function readOnlyFolder(): { fill(from: string): string; remove(): void } | undefined {
  if (process.platform !== 'linux') return undefined
  const mount = makeFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return {
    fill(from) {
      for (const name of ['.', 'again']) {
        mkdirSync(join(mount, name), { recursive: true })
        for (const file of ['affine.so', 'onnx-mlir.cc']) copyFileSync(join(from, file), join(mount, name, file))
      }
      execFileSync('mount', ['-o', 'remount,ro', mount])
      return mount
    },
    remove: () => execFileSync('umount', ['-l', mount]),
  }
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Alternative, composeFatModel } from '../../src/runtime/fat-model.ts'
import type { ModelFacts, Requirements } from '../../src/runtime/model.ts'
import type { NodeParts } from '../../src/runtime/node-model.ts'
import { loadAddon } from '../../src/runtime/addon.ts'
import { nativeLibraries } from '../../src/runtime/native-libraries.ts'
import { compileModel, factsOf, testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'

const faked = vi.hoisted(() => ({ machine: '' }))
vi.mock(import('node:os'), async (original) => ({ ...(await original()), machine: () => faked.machine }))

const folder = makeFolder()
const parts: NodeParts = { native: nativeLibraries }
const elsewhere = process.arch === 's390x' ? 'x64' : 's390x'
let addon: string
let library: string

beforeAll(async () => {
  addon = await testAddon()
  library = await compileModel(folder, 'affine')
})

function made(target: string, requires: Requirements | undefined, more: Partial<ModelFacts> = {}): Alternative {
  const facts = { ...factsOf('affine'), target, ...(requires && { requires }), ...more }
  return { facts, files: { addon, library } }
}

const x = new Float32Array(60)

function errorOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

describe('a model for several kinds of machines', () => {
  it('is the first that fits this one', async () => {
    const compiler = { name: 'builtin', version: 'second' }
    const model = composeFatModel(
      [
        made('first', { arch: elsewhere, cpu: 'first' }),
        made('second', { arch: process.arch, cpu: '' }, { compiler, report: 'its' }),
        made('third', { arch: process.arch, cpu: '' }),
      ],
      parts,
    )
    expect([model.target, model.compiler, model.report]).toEqual(['second', compiler, 'its'])
    expect((await model.run({ x }))['y']!.dims).toEqual([3, 20])
    expect(model.runSync({ x })['y']!.data[0]).toBe(1)
    await model.load()
    const bound = model.bind()
    bound.run()
    expect(bound.outputs['y']!.data[0]).toBe(1)
    model.dispose()
    await expect(model.run({ x })).rejects.toMatchObject({ code: 'RUN_DISPOSED' })
  })

  it.runIf(process.arch === 'x64')('asks the processor, and the machine for its accelerator', () => {
    const { misfit } = loadAddon(addon, 'a test')
    expect(misfit('x86-64', false)).toBe('')
    expect(misfit('x86-64', true)).toContain('NNPA')
    expect(misfit('x86-64-v4', false)).toMatch(/^$|this processor lacks AVX512/)
    const model = composeFatModel(
      [
        made('nnpa', { arch: 'x64', cpu: 'x86-64', accelerator: 'NNPA' }),
        made('usual', { arch: 'x64', cpu: 'x86-64' }),
      ],
      parts,
    )
    expect(model.target).toBe('usual')
  })

  it('takes what requires nothing', () => {
    expect(composeFatModel([made('z16', { arch: elsewhere, cpu: 'z16' }), made('wasm', undefined)], parts).target).toBe(
      'wasm',
    )
  })

  it('that fits nowhere says so when it is used, and not before', async () => {
    const model = composeFatModel(
      [made('z16', { arch: elsewhere, cpu: 'z16' }), made('arm', { arch: 'riscv64', cpu: 'arm' })],
      parts,
    )
    expect(model.inputs).toEqual(factsOf('affine').signature.inputs)
    expect(model.metadata).toEqual({})
    const error = {
      code: 'LOAD_MACHINE',
      message:
        'affine.onnx: it is built for several kinds of machines, of which this is none; add a target to its import, or wasm, ' +
        `which runs everywhere. z16: it is for ${elsewhere}, and this is ${process.arch}. arm: it is for riscv64, and this is ${process.arch}`,
    }
    await expect(model.run({ x })).rejects.toMatchObject(error)
    await expect(model.load()).rejects.toMatchObject(error)
    expect(() => model.runSync({ x })).toThrow(error.message)
    expect(() => model.bind()).toThrow(error.message)
    // A program may import it, and go on without it.
    expect([model.target, model.compiler, model.report]).toEqual(['z16', factsOf('affine').compiler, undefined])
    model.dispose()
  })

  it('is the next one where all native code of one was left behind', () => {
    const gone = { addon: join(folder, 'gone.node'), library: join(folder, 'gone.so') }
    const requires = { arch: process.arch, cpu: '' }
    const left = { ...made('native', requires), files: gone }
    expect(composeFatModel([left, made('wasm', undefined)], parts).target).toBe('wasm')
    const lost = { code: 'LOAD_MISSING', message: expect.stringContaining(gone.addon) as string }
    expect(errorOf(() => composeFatModel([left], parts).bind())).toMatchObject(lost)
    // Of a target whose library is there, the addon was lost.
    const halved = { ...left, files: { ...gone, library } }
    expect(errorOf(() => composeFatModel([halved, made('wasm', undefined)], parts).bind())).toMatchObject(lost)
  })

  it('is the next one where the addon is source that can not be compiled, with a warning', () => {
    const source = join(folder, 'addon.cc')
    writeFileSync(source, '#error no headers\n')
    const uncompiled = { ...made('native', { arch: process.arch, cpu: '' }), files: { addon: source, library } }
    expect(errorOf(() => composeFatModel([uncompiled], parts).bind())).toMatchObject({ code: 'LOAD_ADDON' })
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    try {
      expect(composeFatModel([uncompiled, made('wasm', undefined)], parts).target).toBe('wasm')
      expect(warned).toHaveBeenCalledExactlyOnceWith(
        expect.stringMatching(/can't compile the addon .* it runs as wasm\.$/),
      )
    } finally {
      warned.mockRestore()
    }
  })

  it.runIf(process.platform === 'linux').each([
    ['macOS', Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe)],
    ['macOS', Uint8Array.of(0xca, 0xfe, 0xba, 0xbe)],
    ['Windows', Uint8Array.of(0x4d, 0x5a, 0, 0)],
  ])('was built on another system: %s', (system, bytes) => {
    const addon = join(folder, `of-${system}.node`)
    writeFileSync(addon, bytes)
    const other = { ...made('host', { arch: process.arch, cpu: '' }), files: { addon, library } }
    expect(composeFatModel([other, made('wasm', undefined)], parts).target).toBe('wasm')
    expect(errorOf(() => composeFatModel([other], parts).bind())).toMatchObject({
      code: 'LOAD_MACHINE',
      message: expect.stringContaining(`host: it is for ${system}, and this is not`) as string,
    })
    writeFileSync(addon, 'rubbish')
    expect(errorOf(() => composeFatModel([other, made('wasm', undefined)], parts).bind())).toMatchObject({
      code: 'LOAD_OPEN',
    })
  })

  it('asks no addon for ARMv7 on an ARMv6, which it would crash', () => {
    const both = [
      made('armv7', { arch: process.arch, cpu: 'armv7' }),
      made('armv6', { arch: process.arch, cpu: 'armv6' }),
    ]
    const taken = ['armv6l', 'armv7l', 'aarch64'].map((name) => {
      faked.machine = name
      return composeFatModel(both, parts).target
    })
    expect(taken).toEqual(['armv6', 'armv7', 'armv7'])
  })

  it('is disposed before it was used', async () => {
    const model = composeFatModel([made('wasm', undefined)], parts)
    model.dispose()
    await expect(model.run({ x })).rejects.toMatchObject({ code: 'RUN_DISPOSED' })
  })
})

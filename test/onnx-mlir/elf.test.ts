import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readElfIdentity, readEntryPoints } from '../../src/onnx-mlir/elf.ts'
import { elfLibrary, entryPointSymbols } from './elf-builder.ts'

const folder = mkdtempSync(join(tmpdir(), 'elf-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
function write(content: Buffer | string): string {
  const path = join(folder, `library-${count++}.so`)
  writeFileSync(path, content)
  return path
}

const sig = (name: string) => `[ { "type" : "f32" , "dims" : [] , "name" : "${name}" }\n\n]`

describe('reading a library without loading it', () => {
  test.each([
    ['little', 62, 'x86-64'],
    ['big', 22, 's390x'],
    ['little', 183, 'arm64'],
    ['big', 9999, 'ELF machine 9999'],
  ] as const)('%s endian, machine %i', async (byteOrder, machine, name) => {
    const path = write(elfLibrary({ byteOrder, machine, symbols: entryPointSymbols(sig('x'), sig('y')) }))
    expect(await readElfIdentity(path)).toEqual({ bits: 64, byteOrder, machine: name })
    expect(await readEntryPoints(path)).toEqual([{ name: 'run_main_graph', inputs: sig('x'), outputs: sig('y') }])
  })

  test('takes the untagged symbols of a tagged library, and tagged ones where there are no others', async () => {
    const tagged = entryPointSymbols(sig('a'), sig('b'), '_m12')
    const both = { ...tagged, ...entryPointSymbols(sig('x'), sig('y')) }
    expect((await readEntryPoints(write(elfLibrary({ symbols: both }))))[0]?.inputs).toBe(sig('x'))
    expect(await readEntryPoints(write(elfLibrary({ symbols: tagged })))).toEqual([
      { name: 'run_main_graph', inputs: sig('a'), outputs: sig('b') },
    ])
  })

  test('gives several entry points in order', async () => {
    const second = { _entry_point_1: 'run_second', _entry_point_1_in_sig: sig('p'), _entry_point_1_out_sig: sig('q') }
    const entries = await readEntryPoints(
      write(elfLibrary({ symbols: { ...second, ...entryPointSymbols(sig('x'), sig('y')) } })),
    )
    expect(entries.map(({ name }) => name)).toEqual(['run_main_graph', 'run_second'])
  })

  test('reads what a C compiler and linker made', async ({ skip }) => {
    const source = Object.entries(entryPointSymbols(sig('x'), sig('y')))
      .map(([name, text]) => `const char ${name}[] = ${JSON.stringify(text)};`)
      .join('\n')
    const path = join(folder, 'real.so')
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', path], {
        input: source,
        stdio: ['pipe', 'pipe', 'ignore'],
      })
    } catch {
      skip('no C compiler')
    }
    if ((await readElfIdentity(path)) === undefined) skip('this system has no ELF libraries')
    expect(await readEntryPoints(path)).toEqual([{ name: 'run_main_graph', inputs: sig('x'), outputs: sig('y') }])
  })
})

describe('files that lie', () => {
  const good = elfLibrary({ symbols: entryPointSymbols(sig('x'), sig('y')) })

  test.each([
    ['empty', Buffer.alloc(0), 'too short'],
    ['text', Buffer.from('#!/bin/sh\n'.padEnd(200)), 'not an ELF file'],
    ['32-bit', Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]), Buffer.alloc(200)]), '32-bit'],
    ['no symbols', elfLibrary({ symbols: {} }), 'no compiled model'],
    ['other symbols', elfLibrary({ symbols: { omQueryEntryPoints: '' } }), 'no compiled model'],
    ['cut off', good.subarray(0, good.length - 10), 'beyond its end'],
  ])('%s', async (_, content, reason) => {
    await expect(readEntryPoints(write(content))).rejects.toMatchObject({
      code: 'COMPILE_BAD_LIBRARY',
      message: expect.stringContaining(reason),
    })
  })

  test('a signature that points outside is refused', async () => {
    const bad = Buffer.from(good)
    bad.writeBigUInt64LE(0xffff_ffff_ffffn, 64 + 16) // the segment's address
    await expect(readEntryPoints(write(bad))).rejects.toMatchObject({ code: 'COMPILE_BAD_LIBRARY' })
  })

  test('no damage to any byte gives anything but an answer or a clear error', async () => {
    // Every byte of the headers and tables set to values that make offsets, sizes and counts absurd.
    for (let at = 4; at < good.length; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const bad = Buffer.from(good)
        bad[at] = value
        const path = join(folder, 'damaged.so')
        writeFileSync(path, bad)
        const outcome = await readEntryPoints(path).catch((error: { code: string }) => error.code)
        expect(Array.isArray(outcome) || outcome === 'COMPILE_BAD_LIBRARY', `byte ${at} = ${value}: ${outcome}`).toBe(
          true,
        )
      }
    }
  })
})

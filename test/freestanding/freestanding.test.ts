import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { languageFlags } from '../../src/toolchains/flags.ts'

// native/freestanding against the C library of this machine, and the same sources as WebAssembly against those as native
// code, bit for bit. OM_ALL_FLOATS=1 tries all 2^32 floats of each function, which takes an hour.

const run = promisify(execFile)
const compiler = process.env['CC'] ?? 'cc'
const native = resolve(import.meta.dirname, '../../native')
const freestanding = join(native, 'freestanding')
const headers = readdirSync(freestanding).filter((name) => name.endsWith('.h'))
const folder = mkdtempSync(join(tmpdir(), 'freestanding-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function has(command: string, ...args: string[]): boolean {
  const works = spawnSync(command, args.length > 0 ? args : ['--version'], { input: '', stdio: 'pipe' }).status === 0
  if (!works) console.log(`skipped for ${command}: not installed`)
  return works
}

const strict = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-Wno-unused-const-variable']
// The tests count on IEEE arithmetic, one rounding an operation, as WebAssembly has it.
const exact = [...languageFlags, '-ffp-contract=off', `-I${join(native, 'kernels')}`]
const wasm = ['--target=wasm32', '-msimd128', '-mbulk-memory', '-ffreestanding', '-nostdlib', `-I${freestanding}`]
/** The part of the engine's interface that is used here: its types come with a browser's. */
interface Wasm {
  Module: { new (bytes: Uint8Array): object; imports(module: object): unknown[] }
  Instance: new (module: object) => { exports: { sample(index: number): bigint } }
}
const { Module, Instance } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly
const clang = has('clang') && has('wasm-ld')

async function build(program: string, ...flags: string[]): Promise<string> {
  const executable = join(folder, `${program}${flags.length}`)
  const source = join(import.meta.dirname, `${program}.c`)
  await run(compiler, [...exact, ...strict, ...flags, source, '-o', executable, '-lm'])
  return executable
}

describe.runIf(has(compiler))('on this machine', () => {
  const sanitize = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']
  const passes = / [1-9]\d* cases, 0 failures\n$/

  it.each(['heap', 'copy', 'numbers'])('%s', { timeout: 120_000 }, async (program) => {
    for (const flags of [['-O3'], sanitize]) expect((await run(await build(program, ...flags))).stdout).toMatch(passes)
  })

  // The reference is the long double of x86 with its 64 bits.
  it.runIf(process.arch === 'x64')('doubles', { timeout: 120_000 }, async () => {
    expect((await run(await build('doubles', '-O2'))).stdout).toMatch(passes)
  })

  it('floats', { timeout: 10_000_000 }, async () => {
    const stride = process.env['OM_ALL_FLOATS'] === '1' ? ['1'] : []
    expect((await run(await build('floats', '-O2'), stride)).stdout).toMatch(passes)
  })

  it('has the coefficients that the script prints', () => {
    const printed = execFileSync(process.execPath, [join(freestanding, 'coefficients.js')], { encoding: 'utf8' })
    expect(printed).toBe(readFileSync(join(freestanding, 'coefficients.h'), 'utf8'))
  })
})

describe.runIf(clang)('as WebAssembly', () => {
  const check = (source: string) => {
    const folders = ['abi', 'kernels'].map((name) => `-I${join(native, name)}`)
    return spawnSync('clang', [...wasm, ...languageFlags, ...strict, ...folders, '-fsyntax-only', '-x', 'c', '-'], {
      input: source,
      encoding: 'utf8',
    }).stderr
  }

  it('takes each header alone, and all with the kernels', () => {
    const include = (names: readonly string[]) => names.map((name) => `#include "${name}"\n`).join('')
    for (const header of headers) expect(check(include([header])), header).toBe('')
    const kernels = readdirSync(join(native, 'kernels')).filter(
      (name) => name.endsWith('.h') && /^#ifndef OM_\w+_H$/m.test(readFileSync(join(native, 'kernels', name), 'utf8')),
    )
    const all = ['om_builtin.h', 'runtime.h', ...kernels, ...headers]
    expect(check(include(all))).toBe('')
    expect(check(include(['om_builtin.h', 'runtime.h', ...headers.toReversed(), ...kernels]))).toBe('')
  })

  it('computes the same bits as native code', { timeout: 60_000 }, async () => {
    const output = join(folder, 'samples.wasm')
    const source = join(import.meta.dirname, 'samples.c')
    await run('clang', [...wasm, ...exact, '-O2', '-Wl,--no-entry', source, '-o', output])
    const module = new Module(readFileSync(output))
    expect(Module.imports(module)).toEqual([])
    const { exports } = new Instance(module)
    const { stdout } = await run(await build('samples', '-O2'))
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(25)
    for (const [index, line] of lines.entries()) {
      const [name, hash] = line.split(' ')
      expect([name, BigInt.asUintN(64, exports.sample(index)).toString(16)]).toEqual([name, hash])
    }
  })
})

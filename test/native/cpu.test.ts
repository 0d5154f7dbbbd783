import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findCxx } from '../../src/toolchains/find.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { makeFolder } from '../scratch.ts'

const source = fileURLToPath(new URL('cpu.cc', import.meta.url))
const addonFolder = fileURLToPath(new URL('../../native/addon/', import.meta.url))
const hasProgram = (name: string) => spawnSync(name, ['--version']).status === 0

/** What the addon would find missing on an emulated processor, by target; qemu's own warnings go to nowhere. */
async function missingOn(qemu: string, cpu: string, target: string, asked: readonly string[]) {
  const { command } = await findCxx({ target: resolveTarget(target) })
  const program = join(makeFolder(), 'cpu')
  const flags = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-static', `-I${addonFolder}`]
  execFileSync(command[0], [...command.slice(1), ...flags, source, '-o', program], { stdio: 'pipe' })
  const output = execFileSync(qemu, ['-cpu', cpu, program, ...asked], { encoding: 'utf8', stdio: 'pipe' })
  return Object.fromEntries(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(/: ?/)),
  )
}

const onArm = hasProgram('qemu-arm') && hasProgram('arm-linux-gnueabihf-g++')
const onRiscv = hasProgram('qemu-riscv64') && hasProgram('riscv64-linux-gnu-g++')
const onX86 = hasProgram('qemu-x86_64') && process.arch === 'x64'
const onZ = hasProgram('qemu-s390x') && hasProgram('s390x-linux-gnu-g++')
if (!onArm) console.log('skipped: NEON of 32-bit ARM (no qemu-arm or no arm-linux-gnueabihf-g++)')
if (!onRiscv) console.log('skipped: vectors of RISC-V (no qemu-riscv64 or no riscv64-linux-gnu-g++)')
if (!onX86) console.log('skipped: x86-64 levels (no qemu-x86_64)')
if (!onZ) console.log('skipped: facilities of IBM Z (no qemu-s390x or no s390x-linux-gnu-g++)')

describe('what a processor lacks for a target', () => {
  it.runIf(onX86)('x86-64', async () => {
    const found = await missingOn('qemu-x86_64', 'Nehalem', 'x86-64', ['x86-64', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'])
    expect(found).toMatchObject({ 'x86-64': '', 'x86-64-v2': '', NNPA: 'no' })
    expect(found['x86-64-v3']).toBe('AVX, AVX2, BMI1, BMI2, F16C, FMA, LZCNT, MOVBE')
    expect(found['x86-64-v4']).toMatch(/^AVX, .*, AVX512F, /)
  })

  // Debian's C library for armhf is itself for v7, so the processor without NEON is one of these.
  it.runIf(onArm).each([
    ['cortex-a9,neon=false', 'NEON'],
    ['cortex-a7', ''],
  ])('32-bit ARM: %s', async (cpu, missing) => {
    const found = await missingOn('qemu-arm', cpu, 'armv7', ['armv6', 'armv7'])
    expect(found).toEqual({ armv6: '', armv7: missing, NNPA: 'no' })
  })

  it.runIf(onRiscv).each([
    ['rv64', 'the vector extension, or a kernel that saves its registers'],
    ['rv64,v=true,vext_spec=v1.0', ''],
  ])('RISC-V: %s', async (cpu, missing) => {
    const found = await missingOn('qemu-riscv64', cpu, 'riscv64', ['riscv64', 'riscv64-v'])
    expect(found).toEqual({ riscv64: '', 'riscv64-v': missing, NNPA: 'no' })
  })

  it.runIf(onZ)('IBM Z', async () => {
    const found = await missingOn('qemu-s390x', 'max', 'z14', ['z13', 'z14', 'z15', 'z16', 'z17', 'x86-64-v3'])
    // As far as qemu 7.2 to 10 go: z15 in all that compilers use, and no accelerator.
    expect(found).toEqual({
      z13: '',
      z14: '',
      z15: '',
      z16: 'vector packed decimal 2',
      z17: 'miscellaneous instructions 4',
      'x86-64-v3': '',
      NNPA: 'no',
    })
  })
})

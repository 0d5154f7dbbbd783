import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { thisMachine } from '../../src/targets/machine.ts'
import { canRun, resolveTarget, targetNames } from '../../src/targets/resolve.ts'
import { targets } from '../../src/targets/table.ts'
import type { Target } from '../../src/targets/target.ts'

describe('the table', () => {
  it('has unique names that a specifier can carry', () => {
    expect(new Set(targetNames).size).toBe(targetNames.length)
    for (const name of targetNames) expect(name).toMatch(/^[a-z0-9-]+$/)
  })

  it('lists the levels of an arch in rising order, which host relies on', () => {
    const kindOf = ({ arch, platform }: Target) => `${platform} ${arch}`
    for (const kind of new Set(targets.map(kindOf))) {
      const levels = targets.filter((target) => kindOf(target) === kind).map((target) => target.level)
      expect(levels).toEqual([...new Set(levels)].sort((a, b) => a - b))
    }
  })
})

describe('resolveTarget', () => {
  it('returns the entry of a canonical name', () => {
    expect(resolveTarget('z16')).toMatchObject({ name: 'z16', arch: 's390x', byteOrder: 'big', pointerBytes: 8 })
    expect(resolveTarget('armv6')).toMatchObject({ arch: 'arm', pointerBytes: 4, vectorBytes: 0 })
  })

  it.each([
    [{ arch: 'x86-64', level: 1 }, 'x86-64'],
    [{ arch: 'x86-64', level: 3 }, 'x86-64-v3'],
    [{ arch: 's390x', level: 17 }, 'z17'],
    [{ arch: 'arm', level: 6 }, 'armv6'],
    [{ arch: 'arm64', level: 1 }, 'arm64'],
    [{ arch: 'arm64', level: 1, platform: 'darwin' }, 'darwin-arm64'],
    [{ arch: 'x86-64', level: 3, platform: 'darwin' }, 'darwin-x64'],
    // Its vectors are only used where asked for: they take a clang.
    [{ arch: 'riscv64', level: 2 }, 'riscv64'],
  ] as const)('host on %j is %s', (machine, name) => {
    expect(resolveTarget('host', machine).name).toBe(name)
  })

  it('host is a target that this machine runs', () => {
    const host = resolveTarget('host')
    expect(host.arch).toBe(thisMachine()?.arch)
    expect(canRun(host)).toBe(true)
  })

  it.runIf(process.platform === 'linux' && process.arch === 'x64')('host agrees with glibc about the level', () => {
    // The dynamic loader prints the levels it would search libraries for: `x86-64-v3 (supported, searched)`.
    const loader = '/lib64/ld-linux-x86-64.so.2'
    let help: string
    try {
      help = execFileSync(loader, ['--help'], { encoding: 'utf8' })
    } catch {
      console.log('skipped: no glibc loader that prints its levels')
      return
    }
    const searched = /(x86-64-v\d) \(supported/.exec(help)?.[1] ?? 'x86-64'
    expect(resolveTarget('host').name).toBe(searched)
  })

  it('refuses an unknown name with the nearest one', () => {
    expect(() => resolveTarget('z61')).toThrow(/Unknown target "z61"\. Did you mean "z1\d"\?/)
    expect(() => resolveTarget('x86_64-v3')).toThrow(/Did you mean "x86-64-v3"\?/)
    expect(() => resolveTarget('native')).toThrow(/Known: host, x86-64,/)
    expect(() => resolveTarget('__proto__')).toThrow(expect.objectContaining({ code: 'USAGE_TARGET' }))
  })

  it.each([
    ['a zEC12', { arch: 's390x', level: 12 } as const],
    ['Windows, where compilers are seldom', { arch: 'x86-64', level: 1, platform: 'win32' } as const],
    ['an unknown arch', null],
  ])('takes WebAssembly for %s', (_, machine) => {
    expect(resolveTarget('host', machine).name).toBe('wasm')
  })
})

describe('canRun', () => {
  const v3 = { arch: 'x86-64', level: 3 } as const
  it.each([
    ['x86-64-v2', true],
    ['x86-64-v3', true],
    ['x86-64-v4', false],
    ['z16', false],
    ['win32-x64', false],
    ['wasm', true],
  ])('%s on x86-64-v3: %s', (name, expected) => {
    expect(canRun(resolveTarget(name), v3)).toBe(expected)
  })

  it.each([
    ['darwin-x64', true],
    ['darwin-arm64', false],
    ['x86-64', false],
    ['wasm', true],
  ])('%s on a Mac with Intel: %s', (name, expected) => {
    expect(canRun(resolveTarget(name), { arch: 'x86-64', level: 3, platform: 'darwin' })).toBe(expected)
  })

  it.each([
    ['win32-x64', true],
    ['x86-64', false],
    ['wasm', true],
  ])('%s on Windows: %s', (name, expected) => {
    expect(canRun(resolveTarget(name), { arch: 'x86-64', level: 1, platform: 'win32' })).toBe(expected)
  })
})

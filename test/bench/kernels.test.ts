import { execFile, execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { shapeFor } from '../../src/builtin/target-shape.ts'
import { kernelMacros, kernelShapes } from '../../src/lowering/kernel-shape.ts'
import { canRun, resolveTarget } from '../../src/targets/index.ts'
import { languageFlags } from '../../src/toolchains/flags.ts'

// `npm run bench -- kernels`: what it measures is the machine's, how it says so is tested here.

const root = resolve(import.meta.dirname, '../..')
const programs = readdirSync(join(root, 'bench/kernels')).filter((name) => name.endsWith('.c'))
/** Compiled in half the time that AVX-512 takes. */
const target = ['x86-64-v3', 'host'].find((name) => canRun(resolveTarget(name)))!
const { name: targetName } = resolveTarget(target)

interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

function bench(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Result> {
  return new Promise((done) => {
    execFile(process.execPath, [join(root, 'bench/main.js'), 'kernels', ...args], { env }, (error, out, err) =>
      done({ code: Number(error?.code ?? 0), out, err }),
    )
  })
}

describe.concurrent('bench kernels', () => {
  it('prints a fraction of the roof, with what the roof is, and marks what is below its goal', async () => {
    const { code, out, err } = await bench([
      'attention',
      '--only',
      '128 keys of 64',
      '--target',
      target,
      '--seconds',
      '0.05',
    ])
    expect(code, err).toBe(0)
    const line = /^attention 1 x 128 queries, 128 keys of 64 +[\d.]+ +([\d.]+) +[\d.]+ +(\d+) % +77 %( ✗)?$/m.exec(out)
    const [, rate, percent, mark] = line ?? []
    const peak = Number(/^ {2}roof: (\d+) GFLOP\/s; GB\/s .*\d+ of 128 kB$/m.exec(out)?.[1])
    expect(peak, out).toBeGreaterThan(0)
    // A roof that the compiler threw out would be none at all; one that waits for its own sums a fraction of it.
    expect(Number(rate) / peak).toBeGreaterThan(0.05)
    expect(Number(rate) / peak).toBeLessThan(1.3)
    expect(Number(percent) / 100).toBeCloseTo(Number(rate) / peak, 1)
    // 76.9 % is below it, and printed as 77.
    expect(percent === '77' || (mark !== undefined) === Number(percent) < 77).toBe(true)
    expect(out).toMatch(/^\d of 2 below their goals$/m)
    expect(out).not.toMatch(/197 queries/)
  })

  it('writes JSON', async () => {
    const args = ['layout', 'pool', '--target', target, '--seconds', '0', '--json', '-']
    const { code, out, err } = await bench(args)
    expect(code, err).toBe(0)
    const results: unknown[] = JSON.parse(out)
    expect(results).toContainEqual({
      kernel: 'nhwc to nchw 7 x 7 x 512',
      target: targetName,
      microseconds: expect.any(Number),
      flops: 0,
      bytes: 2 * 4 * 7 * 7 * 512,
      fraction: expect.any(Number),
      goal: null,
    })
    expect(results).toContainEqual(expect.objectContaining({ flops: expect.any(Number), goal: 0.77 }))
  })

  it.each([
    [
      ['gemmm'],
      /there is no "gemmm"\. Did you mean "gemm"\? There are attention, conv, .+ See: npm run bench -- kernels --help/,
    ],
    [['pool', '--target', 'x86-64-v9'], /Unknown target "x86-64-v9"/],
    [['pool', '--target', `host,${target === 'host' ? 'x86-64-v4' : 'z17'}`], /can't run native code for .+ It runs /],
    [['pool', '--target', 'wasm'], /can't run native code for wasm/],
    [['pool', '--seconds', 'soon'], /--seconds must be a number/],
    [['layout', '--only', 'gemm', '--seconds', '0', '--target', target], /no kernel of layout has "gemm" in its name/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, err } = await bench(args)
    expect(err).toMatch(message)
    expect(code).toBe(2)
  })

  it('says how to get a compiler where there is none', async () => {
    const { code, err } = await bench(['pool'], { PATH: join(root, 'nowhere') })
    expect(err).toMatch(/No C compiler found .+ Install one:/)
    expect(code).toBe(2)
  })
})

it.each(Object.entries({ [targetName]: shapeFor(resolveTarget(target)), scalar: kernelShapes.scalar }))(
  'every program is C without warnings: %s',
  (name, shape) => {
    const { flags } = resolveTarget(name === 'scalar' ? 'host' : name)
    const machine = name === 'scalar' ? [] : flags.gcc[0]!
    for (const program of programs) {
      const checks = ['-fsyntax-only', '-Wall', '-Wextra', '-Werror', `-I${join(root, 'native/kernels')}`]
      const args = [
        ...languageFlags,
        ...machine,
        ...kernelMacros(shape),
        ...checks,
        join(root, 'bench/kernels', program),
      ]
      execFileSync(process.env['CC'] ?? 'cc', args, { stdio: ['ignore', 'ignore', 'inherit'] })
    }
  },
)

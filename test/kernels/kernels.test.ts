import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import * as shape from '../../src/builtin/kernel-shape.ts'
import type { KernelShape } from '../../src/builtin/kernel-shape.ts'
import { packGemmB } from '../../src/builtin/pack.ts'

const run = promisify(execFile)
const compiler = process.env['CC'] ?? 'cc'
const kernels = path.resolve(import.meta.dirname, '../../native/kernels')
const folder = mkdtempSync(path.join(tmpdir(), 'kernels-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One way to build the tests: for which vector unit, and what the machine must have to run it. */
interface Build {
  readonly name: string
  readonly flags: readonly string[]
  readonly shape: KernelShape
  readonly needs?: string
}

const { avx512, avx2, vector128, vector128x32, scalar } = shape.kernelShapes
const sanitize = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-O1', '-g']
const builds: Build[] =
  process.arch === 'x64'
    ? [
        { name: 'x86-64-v4', flags: ['-march=x86-64-v4'], shape: avx512, needs: 'avx512f' },
        { name: 'x86-64-v3', flags: ['-march=x86-64-v3'], shape: avx2, needs: 'avx2' },
        { name: 'x86-64', flags: ['-march=x86-64'], shape: vector128 },
        { name: 'scalar', flags: ['-DOM_VECTOR_BYTES=0'], shape: scalar },
        { name: 'sanitizers', flags: ['-march=x86-64-v3', ...sanitize], shape: avx2, needs: 'avx2' },
      ]
    : [
        { name: 'host', flags: [], shape: vector128x32 },
        { name: 'scalar', flags: ['-DOM_VECTOR_BYTES=0'], shape: scalar },
      ]

function whyNot(build: Build): string | undefined {
  try {
    execFileSync(compiler, ['--version'], { stdio: 'ignore' })
  } catch {
    return `no C compiler: ${compiler} does not run`
  }
  if (build.needs === undefined || process.platform !== 'linux') return undefined
  const has = new RegExp(`^flags\\b.*\\b${build.needs}\\b`, 'm').test(readFileSync('/proc/cpuinfo', 'utf8'))
  return has ? undefined : `this processor has no ${build.needs}`
}

/** Compiles a test program the way generated code is compiled, and gives the path of its executable. */
async function compile(program: string, build: Build): Promise<string> {
  const executable = path.join(folder, `${program}-${build.name}`)
  const source = path.join(import.meta.dirname, `${program}.c`)
  const flags = [...shape.kernelFlags, '-Wall', '-Wextra', '-Werror', `-I${kernels}`, ...build.flags]
  await run(compiler, [...flags, source, '-o', executable, '-lm'])
  return executable
}

const programs = ['gemm', 'conv', 'pool', 'recurrent', 'rows', 'transpose', 'activation', 'elementary']

for (const build of builds) {
  const reason = whyNot(build)
  if (reason !== undefined) console.log(`kernels: ${build.name} not tested: ${reason}`)
  describe.skipIf(reason !== undefined)(`kernels for ${build.name}`, () => {
    it.concurrent.each(programs)('%s', async (program) => {
      const { stdout } = await run(await compile(program, build))
      expect(stdout).toMatch(/ [1-9]\d* cases, 0 failures\n$/)
    })

    it('have the shape, sizes and packing that TypeScript counts on', async () => {
      const { stdout } = await run(await compile('shape', build))
      const [unit, sizes, ...matrices] = stdout.trimEnd().split('\n')
      const { vectorBytes, tileRows, tileVectors } = build.shape
      expect(unit).toBe(`${vectorBytes} ${tileRows} ${tileVectors} ${shape.gemmScratchBytes(build.shape)}`)
      expect(sizes?.split(' ').map(Number)).toEqual([
        shape.matmulScratchBytes(70, 50, build.shape),
        shape.recurrentScratchBytes(3, 5, 4, 10, build.shape),
        shape.winogradScratchBytes(300, build.shape),
      ])
      expect(matrices.length).toBe(6)
      for (const matrix of matrices) {
        const [k, n, ...packed] = matrix.split(' ').map(Number) as [number, number, ...number[]]
        const b = Float32Array.from({ length: k * n }, (_, i) => Math.floor(i / n) * 100 + (i % n) + 1)
        expect([...packGemmB(b, k, n, build.shape)]).toEqual(packed)
      }
    })
  })
}

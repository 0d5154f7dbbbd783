import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { variants, type Variant } from '../../src/compilers/tune/variants.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { languageFlags } from '../../src/toolchains/flags.ts'
import * as shape from '../../src/lowering/kernel-shape.ts'
import { sanitizingCompiler } from '../sanitizing.ts'
import type { KernelShape } from '../../src/lowering/kernel-shape.ts'
import { bitsOwnBytes, bitsScratchBytes, packBits, packBlocks } from '../../src/lowering/pack-nbits.ts'
import { integerScratchBytes, packDepthwiseIntegers, packIntegers } from '../../src/lowering/pack-integer.ts'
import {
  packConvWeights,
  packDepthwiseWeights,
  packGroupedWeights,
  packGemmB,
  packMatrices,
  packWinogradWeights,
} from '../../src/lowering/pack.ts'

const run = promisify(execFile)
const compiler = process.env['CC'] ?? 'cc'
const kernels = path.resolve(import.meta.dirname, '../../native/kernels')
const folder = mkdtempSync(path.join(tmpdir(), 'kernels-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const wide128 = { vectorBytes: 16, tileRows: 6, tileVectors: 4 } as const

const programs = [
  'attention',
  'byte-rows',
  'bytes',
  'gemm',
  'conv',
  'image',
  'integer',
  'nbits',
  'parts',
  'pool',
  'recurrent',
  'repack',
  'rows',
  'transpose',
  'widen',
  'activation',
  'elementary',
]

/**
 * Images are decoded without vectors, and parts are counted alike everywhere: the machines' levels differ in nothing but what GCC
 * does, which conformance has too.
 */
const ofVectors = programs.filter((program) => program !== 'image' && program !== 'parts')

/** One way to build the tests: for which vector unit, and what the machine must have to run it. */
interface Build {
  readonly name: string
  readonly flags: readonly string[]
  readonly shape: KernelShape
  readonly needs?: string
  /** Default: all. */
  readonly programs?: readonly string[]
  /** Default: the C compiler of models. */
  readonly compiler?: string
}

/**
 * The same for other choices than those of the rules, which tuning tries on such machines. The first, which is of a tile, has all programs
 * that tiles are in; what convolutions and weights of few bits do at a tile's edges goes by its sizes alone.
 */
function tuned(target: string, usual: KernelShape, needs: string, decided: readonly Variant['decides'][]): Build[] {
  const suiting = variants.filter(
    ({ decides, suits }) => decided.includes(decides) && suits(resolveTarget(target), 'om_gemm_f32('),
  )
  return suiting.map(({ name, changes: { shape: own = usual, macros = {} } }, i) => ({
    name: `${target}, ${name}`,
    flags: [
      `-march=${target}`,
      ...shape.kernelMacros(own),
      ...Object.entries(macros).map(([macro, size]) => `-D${macro}=${size}`),
    ],
    shape: own,
    needs,
    programs: i === 0 ? ['gemm', 'conv', 'nbits'] : ['gemm'],
  }))
}

const { avx512, avx2, vector128, vector128x32, scalar } = shape.kernelShapes
const sanitize = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-g1']
/**
 * Programs that take longer to optimise than to run as they are: with sanitizers, clang takes 13 s of a processor for recurrent.c at -O1 and 5
 * at -O0, the run 0.2 and 0.7; conv.c, where most is the run, 11 s in all at -O1 and 15 at -O0.
 */
const soonRun = ['gemm', 'integer', 'nbits', 'parts', 'recurrent']
const sanitizing = sanitizingCompiler(compiler)
const builds: Build[] =
  process.arch === 'x64'
    ? [
        {
          name: 'x86-64-v4',
          flags: ['-march=x86-64-v4'],
          shape: avx512,
          needs: 'avx512f',
          programs: ofVectors,
        },
        {
          name: 'x86-64-v3',
          flags: ['-march=x86-64-v3'],
          shape: avx2,
          needs: 'avx2',
          // `scalar` has images, and test/runtime/native-threads.test.ts recurrent layers, on this level: 8 s of a processor.
          programs: programs.filter((program) => program !== 'image' && program !== 'recurrent'),
        },
        // As on processors without an instruction for products of bytes.
        {
          name: 'x86-64-v4 by halves',
          flags: ['-march=x86-64-v4', '-DOM_DOT_KIND=OM_DOT_HALVES'],
          shape: avx512,
          needs: 'avx512f',
          programs: ['integer', 'nbits'],
        },
        ...tuned('x86-64-v4', avx512, 'avx512f', ['tile', 'rows']),
        // How many tiles of rows go over a panel is a bound of a loop, whatever the vectors: the level above has that.
        ...tuned('x86-64-v3', avx2, 'avx2', ['tile']),
        // Of arm64 and s390x, on vectors of the same size.
        {
          name: 'x86-64, tiles of 6 × 4 vectors',
          flags: ['-march=x86-64', ...shape.kernelMacros(wide128)],
          shape: wide128,
          programs: ['gemm', 'conv'],
        },
        { name: 'x86-64', flags: ['-march=x86-64'], shape: vector128, programs: ofVectors },
        {
          name: 'scalar',
          flags: ['-DOM_VECTOR_BYTES=0'],
          shape: scalar,
          programs: programs.filter((program) => program !== 'parts'),
        },
        // As microcontrollers without a unit for floats.
        {
          name: 'scalar, floats by calls',
          flags: [...shape.kernelMacros(shape.kernelShapes.small), '-DOM_SOFT_FLOAT=1'],
          shape: shape.kernelShapes.small,
          programs: ['byte-rows', 'bytes', 'integer'],
        },
        // As microcontrollers where little code is wanted.
        {
          name: 'scalar, little code',
          flags: [...shape.kernelMacros(shape.kernelShapes.small), '-Os'],
          shape: shape.kernelShapes.small,
          programs: ['integer', 'gemm', 'conv'],
        },
        {
          name: 'sanitizers',
          flags: ['-march=x86-64-v3', ...sanitize, '-O1'],
          shape: avx2,
          needs: 'avx2',
          programs: programs.filter((program) => !soonRun.includes(program)),
          compiler: sanitizing,
        },
        {
          name: 'sanitizers, unoptimised',
          flags: ['-march=x86-64-v3', ...sanitize, '-O0'],
          shape: avx2,
          needs: 'avx2',
          programs: soonRun,
          compiler: sanitizing,
        },
      ]
    : [
        { name: 'host', flags: [], shape: vector128x32 },
        { name: 'scalar', flags: ['-DOM_VECTOR_BYTES=0'], shape: scalar },
      ]

function whyNot(build: Build): string | undefined {
  try {
    execFileSync(build.compiler ?? compiler, ['--version'], { stdio: 'ignore' })
  } catch {
    return `no C compiler: ${build.compiler ?? compiler} does not run`
  }
  if (build.needs === undefined || process.platform !== 'linux') return undefined
  const has = new RegExp(`^flags\\b.*\\b${build.needs}\\b`, 'm').test(readFileSync('/proc/cpuinfo', 'utf8'))
  return has ? undefined : `this processor has no ${build.needs}`
}

/** Two lanes that tasks queue in, so that compilers don't crowd the machine. */
const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
let tasks = 0

function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const lane = tasks++ % lanes.length
  const result = lanes[lane]!.then(task)
  lanes[lane] = result.catch(() => undefined)
  return result
}

/** Compiles a test program the way generated code is compiled, and gives the path of its executable. */
async function compile(program: string, build: Build): Promise<string> {
  const executable = path.join(folder, `${program}-${build.name}`)
  const source = path.join(import.meta.dirname, `${program}.c`)
  const flags = [
    ...languageFlags,
    '-O3',
    '-Wall',
    '-Wextra',
    '-Werror',
    `-I${kernels}`,
    `-I${import.meta.dirname}`,
    ...build.flags,
  ]
  await run(build.compiler ?? compiler, [...flags, source, '-o', executable, '-lm'])
  return executable
}

/** What shape.c prints about packed weights: names and numbers. */
function packedByTypeScript(unit: KernelShape): (readonly [string, readonly number[]])[] {
  const weights = (length: number) => Float32Array.from({ length }, (_, i) => (((i * 37) % 101) - 50) / 8)
  const columns = Array.from({ length: 24 }, (_, i) => 1 + 3 * i)
  const integerColumns = Array.from({ length: 10 }, (_, i) => 1 + 7 * i)
  const lstm = { depth: 3, columns: [20, 20], transposed: true }
  const gru = { depth: 5, columns: [10, 5, 10, 5], transposed: true }
  return [
    ...columns.map((n) => ['gemm', [...packGemmB(weights(4 * n), 4, n, unit)]] as const),
    ['conv', [...packConvWeights(weights(38 * 3 * 6), [38, 3, 2, 3], 2, unit)]],
    ['depthwise', [...packDepthwiseWeights(weights(19 * 6), 19, 6, unit)]],
    ['grouped', [...packGroupedWeights(weights(20 * 4 * 6), [20, 4, 3, 2], unit)]],
    ['winograd', [...packWinogradWeights(weights(21 * 3 * 9), 21, 3, unit)]],
    ['lstm', [...packMatrices(weights(2 * 20 * 3), lstm, unit)]],
    ...integerColumns.flatMap((n) => {
      const bytes = Uint8Array.from({ length: 6 * n }, (_, i) => (i * 37) % 256)
      const strides = { inner: 3, outerStep: 1, innerStep: 2, column: 6 }
      const { packed, sums } = packIntegers(bytes, 6, n, strides, false, unit)
      return [['integers', [...new Int8Array(packed.buffer)]] as const, ['sums', [...sums]] as const]
    }),
    ...(
      [
        [3, 3, 2],
        [21, 4, 3],
      ] as const
    ).map((sizes) => {
      const zeros = sizes[0] === 3 ? [120, 128, 121] : Array<number>(21).fill(128)
      const weight = (i: number) => ((i * 37) % 256) - zeros[Math.floor(i / (sizes[1] * sizes[2]))]!
      const { packed, sums, isNarrow } = packDepthwiseIntegers(weight, sizes, unit)
      return ['depthwise-integers', [Number(isNarrow), ...packed, ...sums]] as const
    }),
    ['gru', [...packMatrices(weights(2 * 15 * 5), gru, unit)]],
    ...[2, 4, 8].flatMap((bits) => {
      const codes = Uint8Array.from({ length: 4 * 19 * bits }, (_, i) => (i * 37) % 256)
      const blocks = packBlocks((column, block) => weights(38)[2 * column + block]!, 19, 2)
      return [['bits', [...packBits(codes, 19, 32, bits)]] as const, ['blocks', [...blocks]] as const]
    }),
  ]
}

for (const build of builds) {
  const reason = whyNot(build)
  if (reason !== undefined) console.log(`kernels: ${build.name} not tested: ${reason}`)
  describe.skipIf(reason !== undefined)(`kernels for ${build.name}`, () => {
    // The time limit counts the wait for a lane, too.
    it.concurrent.each(build.programs ?? programs)('%s', { timeout: 400_000 }, async (program) => {
      const { stdout } = await inTurn(async () => run(await compile(program, build)))
      expect(stdout).toMatch(/ [1-9]\d* cases, 0 failures\n$/)
    })

    it('have the sizes and the packing that TypeScript counts on', async () => {
      const { stdout } = await run(await compile('shape', build))
      const lines = stdout.trimEnd().split('\n')
      const { vectorBytes, tileRows, tileVectors } = build.shape
      const sizes = [
        vectorBytes,
        tileRows,
        tileVectors,
        shape.gemmScratchBytes(build.shape),
        shape.matmulScratchBytes(70, 50, build.shape),
        shape.recurrentScratchBytes({ gates: 3, steps: 5, batch: 4, hidden: 10, rooms: 2 }, build.shape),
        shape.winogradScratchBytes(300, build.shape),
        Number(integerScratchBytes(5, 70, build.shape)) + Number(integerScratchBytes(50, 70, build.shape)),
        shape.attentionScratchBytes(70, 50, build.shape),
        Number(bitsScratchBytes(bitsOwnBytes(70, 32, build.shape), 5, 70, 32, build.shape)),
      ]
      const expected = [['sizes', sizes] as const, ...packedByTypeScript(build.shape)]
      expect(lines.length).toBe(expected.length)
      for (const [i, [name, numbers]] of expected.entries()) {
        const [printedName, ...printed] = lines[i]!.split(' ')
        expect([printedName, printed.length]).toEqual([name, numbers.length])
        // Winograd's weights are sums of nine products, which C may round in another order.
        const difference = Math.max(...numbers.map((number, at) => Math.abs(number - Number(printed[at]))))
        expect(difference, name).toBeLessThanOrEqual(name === 'winograd' ? 2e-6 : 0)
      }
    })
  })
}

import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileBuiltin, type BuiltinResult } from '../../src/builtin/index.ts'
import { nativeSharing } from '../../src/builtin/shared-kernel.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { canRun, resolveTarget } from '../../src/targets/index.ts'
import { findCc } from '../../src/toolchains/find.ts'
import { knownLevels, machineFlags, objectFlags } from '../../src/toolchains/flags.ts'
import { which } from '../../src/toolchains/programs.ts'
import { abiFolder } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { missing as missingWine } from '../windows/wine.ts'
import { Random } from './random/random.ts'

// One library for every x86-64 machine: the same numbers on each level, chosen by hand here and by processors that qemu
// plays. The model has what is packed for a level: products, all kinds of convolutions, a recurrence, 8-bit integers, at sizes that
// no vector divides.

const levels = ['x86-64', 'x86-64-v3', 'x86-64-v4'] as const
const dims = [1, 12, 13, 15] as const
const random = new Random(11)

function floats(shape: readonly number[], scale = 0.3): Tensor {
  const count = shape.reduce((a, b) => a * b, 1)
  return tensorFrom(
    'float32',
    shape,
    Array.from({ length: count }, () => (random.next() * 2 - 1) * scale),
  )
}

function bytes(type: 'int8' | 'uint8', shape: readonly number[]): Tensor {
  const low = type === 'int8' ? -128 : 0
  const count = shape.reduce((a, b) => a * b, 1)
  return tensorFrom(
    type,
    shape,
    Array.from({ length: count }, () => random.int(low, low + 255)),
  )
}

const quantised = (w: string, outputs: string, group: bigint): NodeSource => ({
  op: 'QLinearConv',
  inputs: ['q', 'one256', 'zero', w, 'small', 'zero8', 'one16', 'zero'],
  outputs: [outputs],
  attributes: { group, pads: [1n, 1n, 1n, 1n] },
})

const source: ModelSource = {
  opsets: { '': 17 },
  inputs: { x: tensorType('float32', dims) },
  outputs: {
    scores: tensorType('float32', [1, 33]),
    sums: tensorType('int32', [156, 19]),
    deep: tensorType('float32', [1, 12, 13, 15]),
    dense: tensorType('float32', [1, 21, 13, 15]),
    states: tensorType('float32', [13, 1, 15, 10]),
  },
  initializers: {
    winograd: floats([40, 12, 3, 3]),
    depthwise: floats([40, 1, 3, 3]),
    grouped: floats([20, 10, 5, 5]),
    fours: floats([20, 4, 3, 3]),
    pointwise: floats([7, 20, 1, 1]),
    matrix: floats([1365, 33], 0.1),
    bias: floats([33]),
    gates: floats([1, 40, 12]),
    recurrence: floats([1, 40, 10]),
    flat: tensorFrom('int64', [2], [1n, 1365n]),
    rows: tensorFrom('int64', [2], [156n, 15n]),
    steps: tensorFrom('int64', [3], [13n, 15n, 12n]),
    one256: tensorFrom('float32', [], [1 / 256]),
    one16: tensorFrom('float32', [], [1 / 16]),
    small: tensorFrom('float32', [], [1 / 128]),
    zero: tensorFrom('uint8', [], [128]),
    zero8: tensorFrom('int8', [], [0]),
    integers: bytes('int8', [15, 19]),
    deepWeights: bytes('int8', [12, 1, 3, 3]),
    denseWeights: bytes('int8', [21, 12, 3, 3]),
  },
  nodes: [
    { op: 'Conv', inputs: ['x', 'winograd'], outputs: ['a'], attributes: { pads: [1n, 1n, 1n, 1n] } },
    { op: 'Relu', inputs: ['a'], outputs: ['b'] },
    { op: 'Conv', inputs: ['b', 'depthwise'], outputs: ['c'], attributes: { pads: [1n, 1n, 1n, 1n], group: 40n } },
    { op: 'Conv', inputs: ['c', 'grouped'], outputs: ['d'], attributes: { pads: [2n, 2n, 2n, 2n], group: 4n } },
    { op: 'Conv', inputs: ['d', 'fours'], outputs: ['few'], attributes: { pads: [1n, 1n, 1n, 1n], group: 5n } },
    { op: 'Conv', inputs: ['few', 'pointwise'], outputs: ['e'] },
    { op: 'Reshape', inputs: ['e', 'flat'], outputs: ['f'] },
    { op: 'MatMul', inputs: ['f', 'matrix'], outputs: ['g'] },
    { op: 'Add', inputs: ['g', 'bias'], outputs: ['scores'] },
    { op: 'QuantizeLinear', inputs: ['x', 'one256', 'zero'], outputs: ['q'] },
    { op: 'Reshape', inputs: ['q', 'rows'], outputs: ['r'] },
    { op: 'MatMulInteger', inputs: ['r', 'integers', 'zero', 'zero8'], outputs: ['sums'] },
    quantised('deepWeights', 'u', 12n),
    { op: 'DequantizeLinear', inputs: ['u', 'one16', 'zero'], outputs: ['deep'] },
    quantised('denseWeights', 'v', 1n),
    { op: 'DequantizeLinear', inputs: ['v', 'one16', 'zero'], outputs: ['dense'] },
    { op: 'Reshape', inputs: ['x', 'steps'], outputs: ['s'] },
    { op: 'LSTM', inputs: ['s', 'gates', 'recurrence'], outputs: ['states'], attributes: { hidden_size: 10n } },
  ],
}

const x = Float32Array.from({ length: dims.reduce<number>((a, b) => a * b, 1) }, () => random.next() - 0.5)
const folder = makeFolder()
const input = join(folder, 'x.bin')
const driver = join(folder, 'driver')

interface Ran {
  readonly level: string
  readonly outputs: readonly (readonly number[])[]
}

const compile = (target: string, more: object = {}): Promise<BuiltinResult> =>
  compileBuiltin(decodeModel(modelBytes(source), { path: 'levels.onnx' }), {
    target: resolveTarget(target),
    optimize: 3,
    identity: 'test',
    stagingRoot: folder,
    sharing: nativeSharing,
    ...more,
  })

function execute(
  library: string,
  [program, ...args]: readonly [string, ...string[]],
  env: Record<string, string> = {},
) {
  const all = [...args, library, input, ...dims.map(String)]
  return spawnSync(program, all, { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 26 })
}

function ran(...given: Parameters<typeof execute>): Ran {
  const { status, signal, stdout, stderr } = execute(...given)
  expect({ status, signal, stderr }).toMatchObject({ status: 0, signal: null })
  return JSON.parse(stdout) as Ran
}

/** A quantised result may be one step off where its float lies between two. */
const steps: Readonly<Record<string, number>> = { deep: 1 / 16, dense: 1 / 16 }

function expectRight({ outputs }: Ran, expected: ReadonlyMap<string, ArrayLike<number>>): void {
  expect(outputs).toHaveLength(expected.size)
  ;[...expected].forEach(([name, wanted], i) => {
    const given = outputs[i]!
    const largest = Array.from(wanted).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const most = steps[name] ?? (name === 'sums' ? 0 : 1e-5 * largest)
    expect(given).toHaveLength(wanted.length)
    const wrong = given.findIndex((value, at) => !(Math.abs(value - wanted[at]!) <= most))
    if (wrong >= 0) expect.fail(`${name}[${wrong}] is ${given[wrong]}, expected ${wanted[wrong]}`)
    if (steps[name]) expect(given.filter((value, at) => value !== wanted[at]).length).toBeLessThan(given.length / 100)
  })
}

const isHere = process.arch === 'x64' && process.platform === 'linux'
const runtime = isHere ? onnxruntime() : undefined
const qemu = which('qemu-x86_64', process.env)
const windows = resolveTarget('win32-x64')
const noWindows =
  missingWine ?? (which('x86_64-w64-mingw32-gcc', process.env) ? undefined : 'no x86_64-w64-mingw32-gcc')
if (noWindows) console.log(`skipped: levels in a DLL (${noWindows})`)
const driverSource = fileURLToPath(new URL('levels.c', import.meta.url))
if (!isHere) console.log('skipped: levels of x86-64 (this is no Linux on x64)')
else if (!qemu) console.log('skipped: levels on other processors (no qemu-x86_64: apt-get install qemu-user)')

describe.runIf(runtime)('a library for all x86-64 machines', () => {
  let made: BuiltinResult
  let expected: ReadonlyMap<string, ArrayLike<number>>

  beforeAll(async () => {
    writeFileSync(input, x)
    const { command } = await findCc()
    execFileSync(command[0], [
      ...command.slice(1),
      '-std=gnu11',
      '-O1',
      `-I${abiFolder}`,
      driverSource,
      '-o',
      driver,
      '-ldl',
    ])
    made = await compile('x86-64')
    const session = await runtime!.InferenceSession.create(modelBytes(source), { graphOptimizationLevel: 'disabled' })
    const results = await session.run({ x: new runtime!.Tensor('float32', x, dims) })
    expected = new Map(made.signature.outputs.map(({ name }) => [name, results[name]!.data]))
  })

  it.each(levels.filter((level) => canRun(resolveTarget(level))))('is right on level %s', (level) => {
    const result = ran(made.library, [driver], { ONNX_MLIR_CPU_LEVEL: level })
    expect(result.level).toBe(level)
    expectRight(result, expected)
  })

  it('takes the best level of this machine, and none that it lacks', () => {
    const best = levels.findLast((level) => canRun(resolveTarget(level)))
    for (const name of ['', 'x86-64-v4', 'x86-64-v9', 'v3', 'x86-64-v3x', 'x86-64-v'])
      expect(ran(made.library, [driver], { ONNX_MLIR_CPU_LEVEL: name }).level, name).toBe(best)
    expect(ran(made.library, [driver], { ONNX_MLIR_CPU_LEVEL: 'x86-64-v2' }).level).toBe('x86-64')
  })

  // Haswell without one feature that level 3 has, and without the state that the system saves for it.
  it.runIf(qemu).each([
    ['core2duo', 'x86-64'],
    ['Nehalem', 'x86-64'],
    ['Haswell', 'x86-64-v3'],
    ['Haswell,-movbe', 'x86-64'],
    ['Haswell,-abm', 'x86-64'],
    ['Haswell,-bmi2', 'x86-64'],
    ['Haswell,-xsave', 'x86-64'],
  ])('runs on %s', (cpu, level) => {
    const result = ran(made.library, [qemu!, '-cpu', cpu, driver])
    expect(result.level).toBe(level)
    expectRight(result, expected)
  })

  it.runIf(qemu)('where code for one level ends with an illegal instruction', async () => {
    const { library } = await compile('x86-64-v3')
    expect(ran(library, [qemu!, '-cpu', 'Haswell', driver]).outputs).toHaveLength(5)
    expect(execute(library, [qemu!, '-cpu', 'Nehalem', driver]).signal).toBe('SIGILL')
  })

  it('has its weights once', async () => {
    // In the order of the best level; what is made from less when loading is no part of it.
    const best = await compile('x86-64-v4')
    const section = (library: string): number => {
      const line = execFileSync('readelf', ['-SW', library], { encoding: 'utf8' }).match(/\.rodata +\w+ +\w+ \w+ (\w+)/)
      return parseInt(line![1]!, 16)
    }
    expect(section(made.library)).toBeLessThan(1.1 * section(best.library))
  })

  it('shares no code between levels', () => {
    for (const level of levels) {
      const object = join(made.folder, `${level}.o`)
      const symbols = execFileSync('nm', [object], { encoding: 'utf8' }).trim().split('\n')
      const visible = symbols.flatMap((line) => /^\w+ ([A-Zuvw]) (\w+)$/.exec(line)?.slice(1) ?? [])
      const own = level.replaceAll('-', '_')
      // Neither weak nor common nor unique ones, which a linker takes from any file.
      const names = [`om_level_${own}`, `om_prepare_${own}`, `om_run_threads_${own}`]
      expect(visible.filter((_, i) => i % 2 === 1).toSorted()).toEqual(
        names.filter((name) => visible.includes(name)).toSorted(),
      )
      expect(visible).toContain(`om_level_${own}`)
      expect(visible.filter((_, i) => i % 2 === 0).join('')).toMatch(/^[DRT]+$/)
    }
  })

  it('has nothing above the baseline outside of the levels', () => {
    for (const name of ['model', 'x86-64']) {
      const disassembly = ['-d', '--no-show-raw-insn', join(made.folder, `${name}.o`)]
      const code = execFileSync('objdump', disassembly, { encoding: 'utf8', maxBuffer: 1 << 28 })
      expect(code, name).toMatch(/\bmovaps|\bmov /)
      expect(/%[yz]mm|%k[1-7]\b|\tv[a-z]+ |\t(?:movbe|lzcnt|shlx|andn)\b/.exec(code)?.[0], name).toBeUndefined()
    }
  })

  it('measures its nodes on each level', async () => {
    const { library } = await compile('x86-64', { profile: true })
    expect(execFileSync('nm', ['-D', library], { encoding: 'utf8' })).toMatch(/ T omInstrumentPrint$/m)
    expectRight(ran(library, [driver], { ONNX_MLIR_CPU_LEVEL: 'x86-64-v3' }), expected)
  })

  it('says which levels an old compiler leaves out', async () => {
    const { command, ...toolchain } = await findCc()
    const old = join(folder, 'gcc-old')
    const script = `#!/bin/sh\ncase " $* " in *" -march=x86-64-v"*) exit 1;; esac\nexec ${command.join(' ')} "$@"\n`
    writeFileSync(old, script, { mode: 0o755 })
    const { library, notes } = await compile('x86-64', { toolchain: { ...toolchain, banner: 'old', command: [old] } })
    expect(notes).toEqual([
      expect.stringMatching(/ makes no code for x86-64-v3 and x86-64-v4: .* the speed of x86-64$/),
    ])
    expect(basename(library)).toBe('model.so')
    expectRight(ran(library, [driver]), expected)
  })

  // Wine runs code on this machine's processor.
  it.skipIf(noWindows)('is as right as a DLL', { timeout: 240_000 }, async () => {
    const program = join(folder, 'driver.exe')
    const check = fileURLToPath(new URL('../../native/check/windows', import.meta.url))
    const { command } = await findCc({ target: windows })
    execFileSync(command[0], ['-std=gnu11', '-O1', `-I${abiFolder}`, `-I${check}`, driverSource, '-o', program])
    const { library } = await compile('win32-x64')
    for (const level of levels.filter((name) => canRun(resolveTarget(name)))) {
      const result = ran(library, ['wine', program], { WINEDEBUG: '-all', ONNX_MLIR_CPU_LEVEL: level })
      expect(result.level).toBe(level)
      expectRight(result, expected)
    }
  })
})

describe.skipIf(noWindows)('code for a DLL', () => {
  it('aligns the stack where it keeps wider vectors than Windows aligns it for', async () => {
    const toolchain = await findCc({ target: windows })
    const code =
      'typedef float v __attribute__((vector_size(N))); void g(v *); v f(v *p) { v a = *p; g(&a); return a; }'
    const wide = (await knownLevels(toolchain, windows)).filter(({ vectorBytes }) => vectorBytes > 16)
    expect(wide).toHaveLength(2)
    for (const level of wide) {
      const flags = [...(await machineFlags(toolchain, level)), ...objectFlags(3, level, 0)]
      const args = [...flags, `-DN=${level.vectorBytes}`, '-x', 'c', '-', '-S', '-o', '-']
      const text = execFileSync(toolchain.command[0], args, { input: code, encoding: 'utf8' })
      expect(text).toMatch(new RegExp(`andq\\s+\\$-${level.vectorBytes}, %rsp`))
    }
  })
})

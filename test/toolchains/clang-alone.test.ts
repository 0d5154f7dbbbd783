import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type BuiltinResult, compileBuiltin } from '../../src/builtin/index.ts'
import { nativeSharing } from '../../src/builtin/shared-kernel.ts'
import { type Emulator, isEmulated, openEmulator } from '../../src/conformance/emulated.ts'
import { runByProgram } from '../../src/conformance/program.ts'
import { openScratch } from '../../src/conformance/scratch.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { runProcess } from '../../src/process/spawn.ts'
import { formatOf } from '../../src/runtime/read-headers.ts'
import { resolveTarget, type Target, thisMachine } from '../../src/targets/index.ts'
import { compileLibrary } from '../../src/toolchains/cc.ts'
import { aloneToolchain } from '../../src/toolchains/clang-alone.ts'
import { findCc } from '../../src/toolchains/find.ts'
import type { Toolchain } from '../../src/toolchains/toolchain.ts'
import { which } from '../../src/toolchains/programs.ts'
import { makeFolder } from '../scratch.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { Random } from '../builtin/random/random.ts'

// Libraries for other machines by a clang that has nothing of theirs: no C library, no headers, no GCC.

const posix = process.platform !== 'win32'
const clang = ['clang-19', 'clang-20', 'clang-21', 'clang-22', 'clang'].find((name) => which(name, process.env))
const lld = clang && spawnSync(clang, ['-print-prog-name=ld.lld'], { encoding: 'utf8' }).stdout.trim()
const canLink = lld !== undefined && existsSync(lld)
if (!canLink) console.log('skipped: libraries by clang and LLD alone (no clang with an ld.lld)')

/** A folder to be the PATH, with these shell scripts. */
function fakes(scripts: Record<string, string>): string {
  const folder = makeFolder()
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

/** clang as it is where no cross GCC is installed, whose files it would find. */
const hidden = () =>
  fakes({ clang: `exec ${which(clang!, process.env)} --sysroot=/nowhere --gcc-toolchain=/nowhere "$@"` })

async function alone(target: Target): Promise<Toolchain> {
  const PATH = `${hidden()}`
  if (target.arch !== thisMachine()?.arch || target.platform) return findCc({ env: { PATH }, target })
  const command = [join(PATH, 'clang'), `--target=${target.triple}`] as const
  const found = await findCc({ env: { CC: command.join(' ') }, target })
  return (await aloneToolchain(found, target)) as Toolchain
}

describe.runIf(posix)('findCc', () => {
  const banner = 'Debian clang version 14.0.6'
  /** What it does where it should link names, or anything else. */
  const saying = (names: string, version = '') =>
    `case "$*" in *-Wl,--version) echo "Debian LLD 14.0.6 (compatible with GNU linkers)";; *--version) echo '${version || banner}';; --target=*-dumpmachine) echo s390x-linux-gnu;; *-dumpmachine) echo x86_64-pc-linux-gnu;; *-fsyntax-only*) exit 0;; *names.c*) ${names};; *) exit 1;; esac`
  const answersFor = (triple: string) => saying('exit 1').replace('s390x-linux-gnu', triple)
  const z16 = resolveTarget('z16')
  const missing = (scripts: Record<string, string>, target = z16) =>
    findCc({ env: { PATH: fakes(scripts) }, target }).then(
      () => expect.fail('should find none'),
      (error: Error) => error.message,
    )

  it('takes a clang without the libraries of the machine', async () => {
    const PATH = fakes({ clang: saying('case "$*" in *-fuse-ld=lld*) exit 0;; esac; exit 1') })
    const { command, isAlone } = await findCc({ env: { PATH }, target: z16 })
    expect(isAlone).toBe(true)
    expect(command.slice(0, 2)).toEqual([join(PATH, 'clang'), '--target=s390x-linux-gnu'])
    expect(command.at(-1)).toBe('-fuse-ld=lld')
    await expect(findCc({ env: { PATH }, target: z16, forPrograms: true })).rejects.toThrow('g++-s390x-linux-gnu')
  })

  it("takes GNU's linker of the machine where LLD does not link for it", async () => {
    const PATH = fakes({ clang: saying('case "$*" in *-fuse-ld=bfd*) exit 0;; esac; exit 1') })
    expect((await findCc({ env: { PATH }, target: z16 })).command.at(-1)).toBe('-fuse-ld=bfd')
  })

  it('goes on to clangs with a version in their names', async () => {
    const old = saying('echo "ld.lld: error: unknown emulation: elf64_s390" >&2; exit 1')
    const PATH = fakes({ clang: old, 'clang-19': saying('exit 0', 'clang version 19.1.7'), 'clang-16': old })
    expect((await findCc({ env: { PATH }, target: z16 })).version).toBe('clang 19.1.7')
    // Whoever names one means it.
    await expect(findCc({ env: { PATH, CC: 'clang-16' }, target: z16 })).rejects.toThrow(
      /clang 14\.0\.6 \(.*clang-16\)/,
    )
  })

  it('asks none that is named for a machine which loads no libraries to link one', async () => {
    const PATH = fakes({ clang: answersFor('arm-none-eabi') })
    const CC = 'clang --target=arm-none-eabi'
    const { command } = await findCc({ env: { PATH, CC }, target: resolveTarget('cortex-m4') })
    expect(command).toEqual([join(PATH, 'clang'), '--target=arm-none-eabi'])
  })

  it.each([
    [
      'an LLD that is too old',
      'echo "ld.lld: error: unknown emulation: elf64_s390" >&2; exit 1',
      'LLD 14.0.6 does not link for s390x, 18 and newer do',
    ],
    ['no LLD', `echo "clang: error: invalid linker name in argument '-fuse-ld=lld'" >&2; exit 1`, 'it finds no LLD'],
    [
      'no back end',
      `echo "error: unable to create target: 'No available targets are compatible with triple \\"s390x-unknown-linux-gnu\\"'" >&2; exit 1`,
      'it has no back end for s390x',
    ],
  ])('says what is wrong: %s', async (_, names, why) => {
    const message = await missing({ clang: saying(names) })
    expect(message).toContain(`clang 14.0.6 (`)
    expect(message).toContain(`clang): ${why}`)
    expect(message).toMatch(
      /g\+\+-s390x-linux-gnu.*\n {2}Or clang and LLD 18 or newer, .*apt-get install clang-19 lld-19;/,
    )
  })

  it('says that a clang is too old for a processor', async () => {
    const script = saying('exit 0').replace('*-fsyntax-only*) exit 0', '*-fsyntax-only*) exit 1')
    expect(await missing({ clang: script })).toMatch(/clang\) makes no code for z16$/)
  })

  it('says how to compile for macOS', async () => {
    const message = await missing({}, resolveTarget('darwin-arm64'))
    expect(message).toMatch(/on a Mac: xcode-select --install\), or set CC\.\n {2}Or clang and LLD, /)
  })

  it('finds none for systems and machines that load no libraries so', async () => {
    const scripts = { clang: saying('exit 0') }
    for (const name of ['win32-x64', 'cortex-m4'])
      expect(await missing(scripts, resolveTarget(name))).not.toContain('Or clang and LLD')
  })
})

/** A convolution, an LSTM, 8-bit integers, halves, texts, and what asks for the C library or, on ARM, for the compiler's. */
const random = new Random(5)
const floats = (dims: readonly number[], scale = 0.5): Tensor =>
  tensorFrom(
    'float32',
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => (random.next() * 2 - 1) * scale),
  )
const source: ModelSource = {
  opsets: { '': 20 },
  inputs: {
    x: tensorType('float32', [1, 3, 8, 8]),
    n: tensorType('int64', [4]),
    d: tensorType('int64', [4]),
    s: tensorType('string', [2]),
  },
  outputs: {
    image: tensorType('float32', [1, 9, 8, 8]),
    bytes: tensorType('float32', [1, 7, 8, 8]),
    states: tensorType('float32', [3, 1, 8, 5]),
    half: tensorType('float32', [1, 3, 8, 8]),
    quotients: tensorType('int64', [4]),
    rests: tensorType('int64', [4]),
    singles: tensorType('float32', [4]),
    wide: tensorType('int64', [1, 3, 8, 8]),
    doubles: tensorType('float64', [1, 3, 8, 8]),
    texts: tensorType('string', [2]),
  },
  initializers: {
    kernel: floats([9, 3, 3, 3]),
    small: tensorFrom('float32', [], [1 / 64]),
    zero: tensorFrom('uint8', [], [128]),
    zero8: tensorFrom('int8', [], [0]),
    codes: tensorFrom(
      'int8',
      [7, 9, 1, 1],
      Array.from({ length: 63 }, () => random.int(-128, 127)),
    ),
    gates: floats([1, 20, 8]),
    recurrence: floats([1, 20, 5]),
    steps: tensorFrom('int64', [3], [3n, 8n, 8n]),
    third: tensorFrom('float64', [], [1 / 3]),
    large: tensorFrom('float32', [], [3e12]),
  },
  nodes: [
    { op: 'Conv', inputs: ['x', 'kernel'], outputs: ['c'], attributes: { pads: [1n, 1n, 1n, 1n] } },
    { op: 'Relu', inputs: ['c'], outputs: ['image'] },
    { op: 'QuantizeLinear', inputs: ['image', 'small', 'zero'], outputs: ['q'] },
    {
      op: 'QLinearConv',
      inputs: ['q', 'small', 'zero', 'codes', 'small', 'zero8', 'small', 'zero'],
      outputs: ['v'],
    },
    { op: 'DequantizeLinear', inputs: ['v', 'small', 'zero'], outputs: ['bytes'] },
    { op: 'Reshape', inputs: ['x', 'steps'], outputs: ['r'] },
    { op: 'LSTM', inputs: ['r', 'gates', 'recurrence'], outputs: ['states'], attributes: { hidden_size: 5n } },
    { op: 'Cast', inputs: ['x'], outputs: ['h'], attributes: { to: 10n } },
    { op: 'Mul', inputs: ['h', 'h'], outputs: ['h2'] },
    { op: 'Cast', inputs: ['h2'], outputs: ['half'], attributes: { to: 1n } },
    { op: 'Div', inputs: ['n', 'd'], outputs: ['quotients'] },
    { op: 'Mod', inputs: ['n', 'd'], outputs: ['rests'] },
    { op: 'Cast', inputs: ['n'], outputs: ['singles'], attributes: { to: 1n } },
    { op: 'Mul', inputs: ['x', 'large'], outputs: ['y'] },
    { op: 'Cast', inputs: ['y'], outputs: ['wide'], attributes: { to: 7n } },
    { op: 'Cast', inputs: ['x'], outputs: ['x64'], attributes: { to: 11n } },
    { op: 'Exp', inputs: ['x64'], outputs: ['e'] },
    { op: 'Pow', inputs: ['e', 'third'], outputs: ['doubles'] },
    { op: 'StringConcat', inputs: ['s', 's'], outputs: ['texts'] },
  ],
}
const bytes = modelBytes(source)
const x = floats([1, 3, 8, 8], 1)
const n = [2n ** 40n + 3n, -(2n ** 62n) - 1n, 1_000_003n, -7n]
const d = [-1_000_003n, 3n, 2n ** 33n, 2n]
const inputs = new Map<string, Tensor>([
  ['x', x],
  ['n', tensorFrom('int64', [4], n)],
  ['d', tensorFrom('int64', [4], d)],
  ['s', tensorFrom('string', [2], ['a', 'é'])],
])

/** Elements of a tensor of this machine. */
function numbers({ type, data }: Tensor): readonly (number | bigint)[] {
  const { buffer, byteOffset, byteLength } = Uint8Array.from(data)
  if (type === 'int64') return [...new BigInt64Array(buffer, byteOffset, byteLength / 8)]
  if (type === 'float64') return [...new Float64Array(buffer, byteOffset, byteLength / 8)]
  return [...new Float32Array(buffer, byteOffset, byteLength / 4)]
}

async function outputsOf(made: BuiltinResult, { command: [program = '', ...first], byteOrder }: Emulator) {
  const run = (...files: readonly string[]) => runProcess(program, [...first, made.library, ...files])
  const problemOf = ({ stdout, stderr, exitCode, exitSignal }: Awaited<ReturnType<typeof run>>) =>
    `${exitSignal ?? exitCode}: ${stdout}${stderr}`
  const { signature } = made
  const runnable = runByProgram({ signature, byteOrder, run, problemOf }, await openScratch('alone-'))
  try {
    return (await runnable.run(inputs)) as ReadonlyMap<string, Tensor>
  } finally {
    await runnable.close()
  }
}

const compile = (target: Target, toolchain: Toolchain, optimize: 1 | 3 = 3) =>
  compileBuiltin(decodeModel(bytes, { path: 'all.onnx' }), {
    target,
    toolchain,
    optimize,
    identity: 'test',
    stagingRoot: makeFolder(),
    sharing: nativeSharing,
  })

const ort = onnxruntime()
let expected: Readonly<Record<string, readonly (number | bigint)[]>>
beforeAll(async () => {
  if (!ort) return
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  const feeds = {
    x: new ort.Tensor('float32', Float32Array.from(numbers(x) as number[]), x.dims),
    n: new ort.Tensor('int64', BigInt64Array.from(n), [4]),
    d: new ort.Tensor('int64', BigInt64Array.from(d), [4]),
    s: new ort.Tensor('string', ['a', 'é'], [2]),
  }
  const results = Object.entries(await session.run(feeds)).filter(([name]) => name !== 'texts')
  expected = Object.fromEntries(results.map(([name, { data }]) => [name, [...data]]))
})

const here = process.platform === 'linux' && process.arch === 'x64'

/** Runs libraries for this machine as emulators run others': a program of native/check. */
async function runner(target: Target): Promise<{ readonly emulator: Emulator; readonly close: () => Promise<void> }> {
  if (isEmulated(target)) return openEmulator(target)
  const program = join(makeFolder(), 'program')
  const native = resolve('native')
  const folders = ['check', 'abi', 'kernels'].map((room) => `-I${native}/${room}`)
  execFileSync('cc', ['-std=gnu11', ...folders, `${native}/check/om_emulated.c`, '-o', program, '-ldl'])
  return { emulator: { command: [program], env: {}, byteOrder: 'little' }, close: async () => {} }
}

const machines = ['z16', 'arm64', 'armv7', 'riscv64', 'x86-64'].map((name) => {
  const target = resolveTarget(name)
  const tools = isEmulated(target) ? [target.emulator![0], `${target.crossPrefixes[0]}gcc`] : ['cc']
  const missing = tools.find((tool) => !which(tool, process.env))
  if (missing) console.log(`skipped: ${name} by clang alone: no ${missing}`)
  return { name, target, missing: missing ?? (name === 'x86-64' && !here ? 'this is no x86-64' : undefined) }
})

describe.runIf(canLink && posix && ort)('a library by clang and LLD alone', () => {
  it.each(machines.filter(({ missing }) => missing === undefined))(
    'for $name gives what onnxruntime gives',
    { timeout: 120_000 },
    async ({ target }) => {
      const toolchain = await alone(target)
      expect(toolchain.isAlone).toBe(true)
      const made = await compile(target, toolchain)
      // What it asks for is in every C library of Linux, by one name and of any version.
      const dynamic = execFileSync('readelf', ['-dVW', made.library], { encoding: 'utf8' })
      expect([...dynamic.matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name)).toEqual(['libm.so.6'])
      expect(dynamic).not.toContain('VERNEED')
      const { emulator, close } = await runner(target)
      try {
        const outputs = await outputsOf(made, emulator)
        expect(outputs.get('texts')?.strings).toEqual(['aa', 'éé'])
        for (const [name, wanted] of Object.entries(expected)) {
          const given = numbers(outputs.get(name)!)
          if (typeof wanted[0] === 'bigint') expect({ [name]: given }).toEqual({ [name]: wanted })
          else {
            // A code of 8 bits may round the other way, and onnxruntime computes halves as floats.
            const tolerance = { bytes: 1 / 64, half: 2 ** -10 }[name] ?? 1e-5
            const wrong = wanted.findIndex((value, i) => {
              const [a, b] = [Number(value), Number(given[i])]
              return !(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a)))
            })
            if (wrong >= 0) expect.fail(`${name}[${wrong}] is ${given[wrong]}, expected ${wanted[wrong]}`)
          }
        }
      } finally {
        await close()
      }
    },
  )

  it.each(['darwin-arm64', 'darwin-x64'])('for %s is one of macOS', { timeout: 120_000 }, async (name) => {
    const target = resolveTarget(name)
    const { library } = await compile(target, await alone(target), 1)
    expect(library).toMatch(/\.dylib$/)
    expect(formatOf(library)).toBe('darwin')
    const nm = which('llvm-nm', process.env) ?? which(`llvm-nm-${clang!.slice(6)}`, process.env)
    if (nm === undefined) return
    const names = execFileSync(nm, ['-m', library], { encoding: 'utf8' })
    expect(names).toMatch(/external _om_builtin_model$/m)
    expect(names).toMatch(/^ +\(undefined\) external _malloc \(from libSystem\)$/m)
    expect(names.match(/undefined\) .*/g)!.every((line) => line.endsWith('(from libSystem)'))).toBe(true)
  })

  it('has what clang calls by itself, and says at build time what no C library has', async () => {
    const target = resolveTarget(thisMachine()?.arch === 'arm64' ? 'z16' : 'arm64')
    const text = 'int nowhere(void);\n__attribute__((visibility("default"))) int f(void) { return nowhere(); }'
    const toolchain = await alone(target)
    const job = { source: text, includeDirs: [], target, optimize: 1, toolchain, stagingRoot: makeFolder() } as const
    const complex = 'float _Complex z;\n__attribute__((visibility("default"))) void f(void) { z *= z; }'
    await compileLibrary({ ...job, source: complex })
    await expect(compileLibrary(job)).rejects.toThrow(/undefined symbol: nowhere/)
  })
})

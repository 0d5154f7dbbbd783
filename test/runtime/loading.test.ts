import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { buildAddon } from '../../src/builtin/addon.ts'
import { ModelLoadError } from '../../src/runtime/index.ts'
import type { Model, Requirements, Signature } from '../../src/runtime/index.ts'
import { readHeaders } from '../../src/runtime/read-headers.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { canRun, resolveTarget } from '../../src/targets/index.ts'
import { compileModel, factsOf, signatures, testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'

const folder = makeFolder()
const x = new Float32Array(60)
let addon: string
let library: string

beforeAll(async () => {
  addon = await testAddon()
  library = await compileModel(folder, 'affine')
})
afterEach(() => {
  delete process.env['ONNX_MLIR_MODEL_DIR']
})

const open = (file: string | URL, signature: Signature = signatures.affine): Model =>
  createNodeModel({ ...factsOf('affine'), target: 'z16', signature }, { addon, library: file })

/** The code and message with which a library is refused, by load() and by a run alike. */
async function refusal(file: string, signature?: Signature): Promise<string> {
  const model = open(file, signature)
  const error = await model.load().then(
    () => expect.fail('it loaded'),
    (reason: unknown) => reason as ModelLoadError,
  )
  expect(error).toBeInstanceOf(ModelLoadError)
  expect(error.message).toMatch(/^affine\.onnx: /)
  if (signature === undefined) expect(() => model.runSync({ x })).toThrow(error.message)
  return `${error.code} ${error.message}`
}

/** A copy of the library with some bytes replaced. */
function patched(name: string, at: number, bytes: readonly number[]): string {
  const content = readFileSync(library)
  content.set(bytes, at)
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

describe('a library that can not be loaded', () => {
  it('is missing', async () => {
    expect(await refusal(join(folder, 'nowhere.so'))).toMatch(
      /LOAD_MISSING .*no file .*nowhere\.so\. Copy the folder that the bundler wrote as a whole/,
    )
  })

  it('is for another machine', async () => {
    const isLittle = readFileSync(library)[5] === 1
    const [machine, arch] = process.arch === 'arm64' ? [62, 'x64'] : [183, 'arm64']
    const file = patched('other.so', 18, isLittle ? [machine, 0] : [0, machine])
    const built = isLittle ? arch : `big-endian ${arch}`
    expect(await refusal(file)).toContain(
      `LOAD_MACHINE affine.onnx: built for ${built}, running on ${process.arch}; build it with a target for this machine (the library's is z16)`,
    )
  })

  it('is for the other byte order of this machine', async () => {
    // One segment, which is loaded; the numbers of a header of 64 bits, as the gABI has them.
    const isBig = process.arch !== 's390x'
    const bytes = new DataView(new ArrayBuffer(120))
    const half = (at: number, value: number) => bytes.setUint16(at, value, !isBig)
    const machine = { x64: 62, arm64: 183, s390x: 22, riscv64: 243 }[process.arch as string] ?? 0
    bytes.setUint32(0, 0x7f454c46)
    bytes.setUint8(4, 2)
    bytes.setUint8(5, isBig ? 2 : 1)
    half(16, 3)
    half(18, machine)
    bytes.setBigUint64(32, 64n, !isBig)
    half(54, 56)
    half(56, 1)
    bytes.setUint32(64, 1, !isBig)
    const file = join(folder, 'swapped.so')
    writeFileSync(file, new Uint8Array(bytes.buffer))
    const order = isBig ? 'big' : 'little'
    expect(await refusal(file)).toContain(
      `LOAD_MACHINE affine.onnx: built for ${order}-endian ${process.arch}, running on ${process.arch}; build it with a target`,
    )
  })

  it.each([
    ['is empty', ''],
    ['is text', 'version https://git-lfs.github.com/spec/v1\noid sha256:0000000000000000000000000000000000000000\n'],
  ])('%s', async (name, text) => {
    const file = join(folder, `${name}.so`)
    writeFileSync(file, text)
    expect(await refusal(file)).toMatch(/LOAD_FORMAT .* is not a shared library/)
  })

  it('is a folder', async () => {
    expect(await refusal(folder)).toMatch(/LOAD_OPEN .* can't be loaded: EISDIR/)
  })

  it('is cut short', async () => {
    const file = join(folder, 'short.so')
    copyFileSync(library, file)
    truncateSync(file, 9000)
    expect(await refusal(file)).toMatch(/LOAD_FORMAT .*short\.so is cut short \(9000 bytes of \d+\)/)
  })

  it('is cut short anywhere, with section headers or without', async () => {
    const whole = readFileSync(library)
    const bare = Buffer.from(whole) // as `strip` of section headers leaves it
    const [shoff, shnum] = whole[4] === 2 ? [40, 60] : [32, 48]
    bare.fill(0, shoff, shoff + (whole[4] === 2 ? 8 : 4)).fill(0, shnum, shnum + 2)
    const file = join(folder, 'cut.so')
    writeFileSync(file, bare)
    expect(open(file).runSync({ x })['y']!.data[0]).toBe(1)
    const { end } = readHeaders(file)!
    expect(end).toBeLessThanOrEqual(whole.length)
    for (let length = 0; length < end; length += 331) {
      writeFileSync(file, bare.subarray(0, length))
      expect(await refusal(file)).toMatch(/LOAD_FORMAT .*cut\.so is (cut short|not a shared library)/)
    }
  })

  it('has headers that speak of more than there is', async () => {
    const whole = readFileSync(library)
    const is64 = whole[4] === 2
    const isLittle = whole[5] === 1
    const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength)
    const first = is64 ? Number(view.getBigUint64(32, isLittle)) : view.getUint32(28, isLittle)
    const entry = view.getUint16(is64 ? 54 : 42, isLittle)
    const top = isLittle ? [0xff, 0xff, 0xff, 0x7f] : [0x7f, 0xff, 0xff, 0xff]
    for (const [at, bytes] of [
      [16, [2, 2]], // a program
      [is64 ? 54 : 42, [1, 1]], // entries of another size
      [is64 ? 56 : 44, [0, 0]], // none
      [is64 ? 56 : 44, [255, 255]],
      [is64 ? 32 : 28, top],
      ...Array.from({ length: 4 }, (_, i) => [first + i * entry + (is64 ? 8 : 4), top] as const),
      ...Array.from({ length: 4 }, (_, i) => [first + i * entry + (is64 ? 32 : 16), top] as const),
    ] as const)
      expect(await refusal(patched('headers.so', at, bytes))).toMatch(
        /LOAD_FORMAT .*headers\.so is (cut short|not a shared library)/,
      )
  })

  it("is damaged: the dynamic linker's words come along", async () => {
    const name = readFileSync(library).indexOf('libc.so.6') // what it must be linked with
    expect(name).toBeGreaterThan(0)
    expect(await refusal(patched('damaged.so', name, [...Buffer.from('libX')]))).toMatch(/LOAD_OPEN .*libX\.so\.6/)
  })

  it("lacks onnx-mlir's functions", async () => {
    expect(await refusal(await compileModel(folder, 'none'))).toMatch(
      /LOAD_SYMBOL .*does not export run_main_graph, which onnx-mlir's C ABI has/,
    )
  })

  it('has a descriptor of another version', async () => {
    expect(await refusal(await compileModel(folder, 'affine', { MODEL_ABI: '99u' }, 'abi.so'))).toMatch(
      /LOAD_ABI .*its interface is version 99, this addon knows \d+; build it again/,
    )
  })

  it('is another model than the module was generated for', async () => {
    const other = (shape: readonly number[], type: 'float32' | 'int32' = 'float32', name = 'x'): Signature => ({
      inputs: [{ name, type, shape }],
      outputs: signatures.affine.outputs,
    })
    for (const signature of [other([3, 21]), other([60]), other([3, 20], 'int32'), { inputs: [], outputs: [] }])
      expect(await refusal(library, signature)).toMatch(/LOAD_MISMATCH .*it is another model/)
  })

  it.runIf(process.arch === 'x64')('needs a processor that this one is not', async () => {
    const flags = readFileSync('/proc/cpuinfo', 'utf8')
    for (const [level, flag, missing] of [
      ['v2', ' sse4_2', 'SSE4.2'],
      ['v3', ' avx2', 'AVX2'],
      ['v4', ' avx512f', 'AVX512F'],
    ] as const) {
      const file = await compileModel(folder, 'affine', { MODEL_TARGET: `"x86-64-${level}"` }, `${level}.so`)
      if (flags.includes(flag)) expect(open(file).runSync({ x })['y']!.data[0]).toBe(1)
      else
        expect(await refusal(file)).toMatch(new RegExp(`LOAD_CPU .*built for x86-64-${level}, .* lacks .*${missing}`))
    }
  })
})

describe('a library whose build says what it needs', () => {
  /** Its constructor ends the process, so a refusal that comes back was made before the library was opened. */
  const refused = async (requires: Requirements): Promise<string> => {
    const trap = await compileModel(folder, 'trap')
    const facts = { ...factsOf('affine'), target: requires.cpu, requires }
    const error: unknown = await createNodeModel(facts, { addon, library: trap })
      .load()
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ModelLoadError)
    return `${(error as ModelLoadError).code} ${(error as ModelLoadError).message}`
  }
  const other = process.arch === 's390x' ? 'arm64' : 's390x'

  it('needs another machine: told before the addon is looked for', async () => {
    const facts = { ...factsOf('affine'), target: 'z16', requires: { arch: other, cpu: 'z16' } }
    const model = createNodeModel(facts, { addon: join(folder, 'none.node'), library })
    await expect(model.load()).rejects.toThrow(
      `affine.onnx: built for ${other}, running on ${process.arch}; build it with a target for this machine (the library's is z16)`,
    )
    expect(await refused({ arch: other, cpu: 'z16', accelerator: 'NNPA' })).toContain('LOAD_MACHINE')
  })

  it.skipIf(process.arch === 's390x')('needs an accelerator that is not here', async () => {
    expect(await refused({ arch: process.arch, cpu: 'z16', accelerator: 'NNPA' })).toMatch(
      /^LOAD_NNPA affine\.onnx: .*trap\.so can't be loaded: it is built for the accelerator NNPA of z16, which this machine lacks.*accel: 'none'/,
    )
  })

  it.runIf(process.arch === 'x64')('needs a processor of a higher level', async () => {
    const needs = { arch: 'x64', cpu: 'x86-64-v4' }
    if (canRun(resolveTarget('x86-64-v4'))) {
      const model = createNodeModel({ ...factsOf('affine'), requires: needs }, { addon, library })
      expect(model.runSync({ x })['y']!.data[0]).toBe(1)
    } else {
      expect(await refused(needs)).toMatch(
        /^LOAD_CPU affine\.onnx: .*it is built for x86-64-v4, but this processor lacks .*AVX512F.*; build it with a lower target/,
      )
    }
  })
})

describe('a library whose build says what it contains', () => {
  const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')
  const openKnown = (file: string, constants?: string): Model =>
    createNodeModel(
      {
        ...factsOf('affine'),
        sha256: { library: sha256(library), ...(constants && { constants: sha256(constants) }) },
      },
      { addon, library: file, ...(constants && { constants }) },
    )
  const changed = /LOAD_CHANGED affine\.onnx: .* is not the file that the build made \(its sha256 is another\)/
  const refusals = async (model: () => Model): Promise<string[]> => {
    const text = (error: unknown) => `${(error as ModelLoadError).code} ${(error as ModelLoadError).message}`
    const given: string[] = []
    for (const use of [(m: Model) => m.load(), (m: Model) => m.run({ x }), async (m: Model) => m.bind()])
      given.push(await use(model()).then(() => 'it loaded', text))
    return given
  }

  it('is loaded as it was built', async () => {
    for (const file of [library, pathToFileURL(library).href]) {
      const model = openKnown(file)
      await Promise.all([model.load(), model.load()])
      expect(model.runSync({ x })['y']!.data[0]).toBe(1)
      expect(openKnown(file).runSync({ x })['y']!.data[0]).toBe(1)
    }
  })

  it('is refused with one byte changed, also after it was loaded whole', async () => {
    const file = join(folder, 'changing.so')
    copyFileSync(library, file)
    await openKnown(file).load()
    const bytes = readFileSync(file)
    bytes[bytes.length - 1]! ^= 1 // of the section headers, which loading doesn't read
    writeFileSync(join(folder, 'changing.new'), bytes)
    renameSync(join(folder, 'changing.new'), file)
    for (const text of await refusals(() => openKnown(file))) expect(text).toMatch(changed)
    copyFileSync(library, join(folder, 'changing.new'))
    renameSync(join(folder, 'changing.new'), file)
    expect(openKnown(file).runSync({ x })['y']!.data[0]).toBe(1)
  })

  it('is refused when it was stripped', async () => {
    const file = join(folder, 'stripped.so')
    copyFileSync(library, file)
    execFileSync('strip', [file])
    for (const text of await refusals(() => openKnown(file))) expect(text).toMatch(changed)
  })

  it('is refused with other constants', async () => {
    const constants = join(folder, 'constants.bin')
    writeFileSync(constants, 'as built')
    const model = () => openKnown(library, constants)
    expect(model().runSync({ x })['y']!.data[0]).toBe(1)
    const known = model()
    writeFileSync(constants, 'cut')
    for (const text of await refusals(() => known)) expect(text).toMatch(/LOAD_CHANGED .*constants\.bin is not/)
  })

  it('is read in slices by load(), which leave the event loop free', async () => {
    const file = join(folder, 'large.so')
    writeFileSync(file, Buffer.concat([readFileSync(library), Buffer.alloc(64 << 20)]))
    const model = createNodeModel({ ...factsOf('affine'), sha256: { library: sha256(file) } }, { addon, library: file })
    let turns = 0
    const turn = (): void => {
      turns++
      handle = setImmediate(turn)
    }
    let handle = setImmediate(turn)
    await model.load()
    clearImmediate(handle)
    expect(turns).toBeGreaterThan(32) // there are 64 slices
    expect(model.runSync({ x })['y']!.data[0]).toBe(1)
  })
})

it('an addon that is cut short is refused', () => {
  const file = join(folder, 'cut.node')
  writeFileSync(file, readFileSync(addon).subarray(0, 20_000))
  const model = createNodeModel(factsOf('affine'), { addon: file, library })
  expect(() => model.runSync({ x })).toThrow(/the addon .*cut\.node is cut short; copy it again/)
})

describe('where files are looked for', () => {
  it('file URLs, as text and as objects', () => {
    for (const url of [pathToFileURL(library), pathToFileURL(library).href])
      expect(open(url).runSync({ x })['y']!.data[0]).toBe(1)
  })

  it('the folder that ONNX_MLIR_MODEL_DIR names', async () => {
    process.env['ONNX_MLIR_MODEL_DIR'] = folder
    expect(open('/elsewhere/affine.so').runSync({ x })['y']!.data[0]).toBe(1)
    process.env['ONNX_MLIR_MODEL_DIR'] = join(folder, 'empty')
    expect(await refusal('/elsewhere/affine.so')).toMatch(/no file .*empty\/affine\.so nor \/elsewhere\/affine\.so/)
  })

  it("what Electron unpacks beside its archive, whose inside the system's loader can't see", async () => {
    const unpacked = join(folder, 'app.asar.unpacked', 'dist')
    mkdirSync(unpacked, { recursive: true })
    copyFileSync(library, join(unpacked, 'm.so'))
    expect(open(join(folder, 'app.asar', 'dist', 'm.so')).runSync({ x })['y']!.data[0]).toBe(1)
    expect(await refusal(join(folder, 'app.asar', 'dist', 'n.so'))).toMatch(/asarUnpack/)
  })

  it("is where the module says; the addon's absence has its own words", async () => {
    const model = createNodeModel(factsOf('affine'), { addon: join(folder, 'no.node'), library })
    await expect(model.load()).rejects.toThrow(/no file .*no\.node/)
    const wrong = createNodeModel(factsOf('affine'), { addon: library, library })
    await expect(wrong.load()).rejects.toThrow(/the addon .*affine\.so can't be loaded/)
  })

  it('says nothing before the first run: importing a model loads nothing', () => {
    const model = open(join(folder, 'nowhere.so'))
    expect(model.inputs).toEqual(signatures.affine.inputs)
  })
})

describe('building the addon', () => {
  beforeAll(() => void vi.stubEnv('ONNX_MLIR_ADDON', 'source'))
  afterAll(() => void vi.unstubAllEnvs())

  it('happens once, whoever asks', async () => {
    const outDir = makeFolder()
    const [one, two] = await Promise.all([buildAddon({ outDir }), buildAddon({ outDir })])
    expect(one).toBe(two)
    expect(await buildAddon({ outDir })).toBe(one)
    expect(readdirSync(outDir).filter((name) => name.endsWith('.node') || name.startsWith('addon-')).length).toBe(1)
    expect(createNodeModel(factsOf('affine'), { addon: one, library }).runSync({ x })['y']!.data[0]).toBe(1)
  })

  it('says what to install where there is no compiler', async () => {
    const path = process.env['PATH']
    process.env['PATH'] = folder
    try {
      await expect(buildAddon({ outDir: makeFolder() })).rejects.toThrow(
        /No C\+\+ compiler .*Install one:\n.*apt-get install g\+\+/,
      )
    } finally {
      process.env['PATH'] = path
    }
    await expect(buildAddon({ cxx: '/no/such/g++', outDir: makeFolder() })).rejects.toThrow(/CXX="\/no\/such\/g\+\+"/)
  })

  it('leaves nothing behind when the compiler fails', async () => {
    const outDir = makeFolder()
    const fake = join(makeFolder(), 'g++')
    writeFileSync(
      fake,
      '#!/bin/sh\ncase "$1" in --version) echo "g++ (GCC) 12.0.0 Free Software Foundation";; ' +
        `-dumpmachine) ${process.arch === 'x64' ? 'echo x86_64-linux-gnu' : 'c++ -dumpmachine'};; ` +
        '*) echo "addon.cc:1: error: no luck" >&2; exit 1;; esac\n',
    )
    await chmod(fake, 0o755)
    await expect(buildAddon({ cxx: fake, outDir })).rejects.toMatchObject({
      code: 'COMPILE_ADDON',
      message: expect.stringContaining('addon.cc:1: error: no luck') as string,
    })
    expect(readdirSync(outDir).filter((name) => name.endsWith('.node') || name.startsWith('addon-'))).toEqual([])
  })
})

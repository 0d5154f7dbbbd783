import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { readModel } from '../../src/formats/read.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import {
  type Answer,
  installStandIn,
  libraryProgress,
  mlpLibrary,
  textsOf,
  workshop,
  writeModel,
} from '../onnx-mlir/installed.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { modelsFolder } from '../onnxruntime.ts'
import { cli, cliJson, fileWith, temporaryFolder } from './cli.ts'
import { addModel, classifier, denseModel, largeModel, unknownModel } from './models.ts'

test('writes the library and tells what it is', async () => {
  const model = await fileWith('dense net.onnx', denseModel())
  const out = await temporaryFolder()
  const args = ['compile', model, '--out', out, '--compiler', 'builtin', '--O', '1']
  const first = await cliJson(...args)
  expect(first.code).toBe(0)
  const library = join(out, `dense net.${process.platform === 'darwin' ? 'dylib' : 'so'}`)
  expect(first.json).toMatchObject({
    library,
    target: resolveTarget('host').name,
    compiler: 'builtin',
    signature: {
      inputs: [{ name: 'x', type: 'float32', shape: [2, 4] }],
      outputs: [{ name: 'y', type: 'float32', shape: [2, 8] }],
    },
    bytes: (await stat(library)).size,
  })
  expect(typeof first.json.seconds).toBe('number')
  expect(typeof first.json.cached).toBe('boolean')

  const before = await stat(library)
  const again = await cliJson(...args)
  expect(again.json).toMatchObject({ library, cached: true })
  expect(again.out).toContain('from the cache')
  // A program that has it loaded keeps the old file.
  expect((await stat(library)).ino).not.toBe(before.ino)
  expect(await readdir(out)).toEqual([`dense net.${process.platform === 'darwin' ? 'dylib' : 'so'}`])
})

test.each([[], ['--emit', 'c']])(
  'says how to choose another folder than one that takes no file %j',
  async (...emit) => {
    const model = await fileWith('dense.onnx', denseModel())
    const { code, err } = await cli('compile', model, '--compiler', 'builtin', '--O', '0', '--out', model, ...emit)
    expect(code).toBe(1)
    expect(err).toContain(
      `Can't write to ${model}: a file is in the place of a folder. Make room, or name another folder with --out.`,
    )
  },
)

test.runIf(process.arch === 'x64')('several targets have a folder each; what is to be linked is for one', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const out = await temporaryFolder()
  const several = [model, '-c', 'builtin', '-O', '0', '--target', 'wasm,x86-64-v3,x86-64']
  const { json, code } = await cliJson('compile', ...several, '--out', out)
  expect(code).toBe(0)
  const made = ['x86-64-v3', 'x86-64', 'wasm'].map((target) => ({
    target,
    library: join(out, target, target === 'wasm' ? 'dense.wasm' : 'dense.so'),
  }))
  expect(json).toMatchObject({ ...made[0], targets: made })
  expect((await readdir(out)).sort()).toEqual(['wasm', 'x86-64', 'x86-64-v3'])
  for (const { library } of made) expect((await stat(library)).isFile()).toBe(true)
  for (const command of [
    ['compile', '--emit', 'c'],
    ['compile', '--emit', 'archive'],
  ] as const) {
    const { code, err } = await cli(...command, ...several)
    expect([command, code]).toEqual([command, 2])
    expect(err).toContain('One target is taken here, not several: "x86-64-v3,x86-64,wasm"')
  }
})

test('models of one name and several formats have files of their own', async () => {
  const folder = await temporaryFolder()
  const out = await temporaryFolder()
  for (const name of ['m.onnx', 'm.tflite', 'm.pt2']) {
    await writeFile(join(folder, name), addModel())
    const { json } = await cliJson('compile', `${join(folder, name)}?O=0`, '-c', 'builtin', '--out', out)
    expect(basename(json.library).replace('.dylib', '.so')).toBe(`${name.replace('.onnx', '')}.so`)
  }
  expect(await readdir(out)).toHaveLength(3)
})

test('directives may stand behind the path, and sizes fix symbolic dimensions', async () => {
  const model = await fileWith('add.onnx', addModel())
  const out = await temporaryFolder()
  const { json } = await cliJson('compile', `${model}?O=0`, '-c', 'builtin', '--out', out, '--dims', 'batch=4')
  expect(json.signature.inputs).toEqual([{ name: 'x', type: 'float32', shape: [4, 3] }])
})

test('--emit c writes all that a C compiler needs', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const out = await temporaryFolder()
  const { code, json } = await cliJson('compile', model, '--emit', 'c', '--out', out)
  expect(code).toBe(0)
  expect(json).toMatchObject({
    source: join(out, 'dense.c'),
    header: join(out, 'dense.h'),
    compiler: 'builtin',
    mallocs: [],
  })
  expect((await readdir(out)).sort()).toEqual(['dense.c', 'dense.h'])
  await promisify(execFile)('sh', ['-c', json.command], { cwd: out })
  expect(await readdir(out)).toContain('dense.o')
  await promisify(execFile)('sh', ['-c', json.library], { cwd: out })
  const library = await readFile(join(out, 'dense.so'), 'latin1')
  for (const name of ['om_builtin_model', 'run_main_graph', 'omTensorCreate']) expect(library).toContain(`\0${name}\0`)
  // A second time over the first, which may be of a model that has changed meanwhile.
  await writeFile(model, addModel())
  expect((await cli('compile', model, '--emit', 'c', '--out', out)).code).toBe(0)
})

test.each(['c', 'obj', 'archive'])('--emit %s leaves no temporary file', async (kind) => {
  const args = ['compile', await fileWith('dense.onnx', denseModel()), '--emit', kind, '--out', await temporaryFolder()]
  const temporary = await temporaryFolder()
  vi.stubEnv('TMPDIR', temporary)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect((await cli(...args)).code).toBe(0)
  expect(await readdir(temporary)).toEqual([])
})

test('--emit c of several models in one folder, of large weights and of sizes that only a run knows', async () => {
  const out = await temporaryFolder()
  const large = await cliJson('compile', await fileWith('large.onnx', largeModel()), '--emit', 'c', '--out', out)
  const free = await cliJson('compile', await fileWith('free.onnx', addModel()), '--emit', 'c', '--out', out)
  const files = ['free.c', 'free.h', 'large.c', 'large.h', 'large.weights.bin']
  expect((await readdir(out)).sort()).toEqual(files)
  expect((await stat(join(out, 'large.weights.bin'))).size).toBe(large.json.weightsBytes)
  expect(free.json.mallocs[0]).toBe('the size of input "x" is known in a run only')
  expect(free.out).toContain('needs malloc: the size of input "x"')
  for (const { json } of [large, free]) await promisify(execFile)('sh', ['-c', json.command], { cwd: out })
  expect((await readdir(out)).sort()).toEqual([...files, 'free.so', 'large.o'].sort())
})

test('--ram and --no-malloc say what is in the way', async () => {
  const model = await fileWith('dense.onnx', classifier())
  const args = ['compile', model, '--emit', 'c', '--out', await temporaryFolder(), '--target', 'x86-64-v3']
  const refused = await cli(...args, '--no-malloc')
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(
    /can't do without malloc: the size of input "x" is known in a run only \(and \d+ more\)\. Fix the sizes/,
  )
  const tight = await cliJson(...args, '--dims', 'rows=2', '--ram', '10kB')
  expect(tight.code).toBe(1)
  expect(tight.err).toMatch(
    /its arena of \S+ kB does not fit 10 kB, by \S+ kB\. Most is there at once for what node \S+ \(MatMul\) works with \(\S+ kB\)/,
  )
  expect((await cli(...args, '--dims', 'rows=2', '--ram', '1MB')).code).toBe(0)
  expect(await cli(...args, '--ram', 'much')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--ram must be like 64kB'),
  })
  const small = await cli(...args, '--dims', 'rows=2', '--weights', 'int8', '--no-malloc')
  expect(small.err).toContain("can't do without malloc: weights of int8 are widened when the model first runs")
})

test('--no-malloc names the operator', async () => {
  const found = modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [2, 3]) },
    outputs: { y: tensorType('int64', [2, 'n']) },
    nodes: [{ op: 'NonZero', inputs: ['x'], outputs: ['y'], name: 'find' }],
  })
  const { code, err } = await cli('compile', await fileWith('found.onnx', found), '--emit', 'c', '--no-malloc')
  expect(code).toBe(1)
  expect(err).toMatch(
    /can't do without malloc: the size of the result "y" of node find \(NonZero\) is known in a run only/,
  )
})

const mnist = join(modelsFolder, 'mnist-8.onnx')
test.skipIf(!existsSync(mnist))('--ram blames the two tensors that take most', async () => {
  const out = await temporaryFolder()
  const { code, err } = await cli('compile', mnist, '--emit', 'c', '-t', 'cortex-m4', '--ram', '16kB', '--out', out)
  expect(code).toBe(1)
  expect(err).toMatch(
    /arena of 30\.6 kB does not fit 16 kB, by 14\.6 kB\. .* the result of node ReLU32 \(Relu\) \(24\.5 kB\) and the result of node Pooling66 \(MaxPool\) \(6\.13 kB\)/,
  )
  expect(await readdir(out)).toEqual([])
})

test('--emit c overwrites neither the C of another model nor anyone else’s', async () => {
  const [first, second] = [await fileWith('model.onnx', denseModel()), await fileWith('model.onnx', addModel())]
  const theirs = await cli('compile', first, '--name', 'x')
  expect(theirs).toMatchObject({
    code: 2,
    err: expect.stringContaining('--name is for --emit c, arduino, obj, archive'),
  })
  const out = await temporaryFolder()
  await cli('compile', first, '--emit', 'c', '--out', out)
  const before = await readFile(join(out, 'model.c'), 'utf8')
  const refused = await cli('compile', second, '--emit', 'c', '--out', out)
  expect(refused.code).toBe(2)
  expect(refused.err).toMatch(
    /model\.c is of another model, "\S+model\.onnx"; give this model another name with --name or a folder of its own/,
  )
  expect(await readFile(join(out, 'model.c'), 'utf8')).toBe(before)

  await writeFile(join(out, 'model.c'), 'int mine;')
  expect((await cli('compile', first, '--emit', 'c', '--out', out)).err).toContain('is not from compile --emit;')
  expect(await readFile(join(out, 'model.c'), 'utf8')).toBe('int mine;')
})

test('--emit c of a model whose name would end a comment', async () => {
  const folder = join(await temporaryFolder(), 'a*')
  await mkdir(folder)
  const model = join(folder, '\n#error "\\.onnx')
  await writeFile(model, denseModel())
  const out = await temporaryFolder()
  const { json } = await cliJson('compile', model, '--emit', 'c', '--out', out)
  expect(json.name).toBe('error')
  await promisify(execFile)('sh', ['-c', json.command], { cwd: out })
  expect((await cli('compile', model, '--emit', 'c', '--out', out)).code).toBe(0)
})

test.each([
  [
    'a library for what loads none',
    ['-t', 'cortex-m4'],
    2,
    /nothing loads a library on cortex-m4\. .* --emit c \(or obj, archive\)/,
  ],
  ['an unknown target', ['--target', 'z99'], 2, /Unknown target "z99"\. .*Known: host/],
  ['an unknown compiler', ['--compiler', 'builtn'], 2, /Did you mean "builtin"\?/],
  ['a level that is none', ['--O', '9'], 2, /O="9" must be 0, 1, 2 or 3/],
  ['an unknown form', ['--emit', 'rust'], 2, /--emit must be one of library, c/],
  [
    'a stage of onnx-mlir from another compiler',
    ['--emit', 'mlir', '-c', 'builtin'],
    2,
    /--emit mlir is for onnx-mlir/,
  ],
  ['C of onnx-mlir', ['--emit', 'c', '--compiler', 'onnx-mlir'], 2, /onnx-mlir makes no C/],
  ['a folder that can’t be made', ['--out', '/proc/none', '--compiler', 'builtin'], 1, /Can't write to \/proc\/none/],
])('%s', async (_, args, expected, message) => {
  const { code, err } = await cli('compile', await fileWith('dense.onnx', denseModel()), ...args)
  expect(err).toMatch(message)
  expect(code).toBe(expected)
  expect(err).not.toMatch(/\n\s+at |This is a bug/)
})

test('an operator that nobody has is named', async () => {
  const { code, err } = await cli('compile', await fileWith('unknown.onnx', unknownModel()), '-c', 'builtin')
  expect(code).toBe(1)
  expect(err).toContain('com.example.Frobnicate')
})

test('a model that is not there', async () => {
  expect(await cli('compile', '/nowhere/m.onnx')).toEqual({
    code: 1,
    out: '',
    err: '/nowhere/m.onnx: the file does not exist. Check the path.\n',
  })
})

describe('with an onnx-mlir', () => {
  const { fresh, remove } = workshop('cli-compile-test')
  afterAll(remove)
  afterEach(() => vi.unstubAllEnvs())

  async function setUp(answer: Answer): Promise<{ readonly model: string; readonly out: string }> {
    const folder = fresh()
    installStandIn(folder, [answer], textsOf('config-file'))
    vi.stubEnv('ONNX_MLIR_HOME', folder)
    return { model: (await writeModel(folder)).path, out: join(folder, 'out') }
  }

  test.skipIf(process.arch !== 'x64')(
    'the library keeps its file of constants under the name it asks for',
    async () => {
      const files = { '.so': mlpLibrary(), '.constants.bin': { text: 'constants' } }
      const { model, out } = await setUp({ when: {}, stdout: libraryProgress, files })
      const cache = await temporaryFolder()
      const { code, json, err } = await cliJson('compile', model, '-c', 'onnx-mlir', '--out', out, '--cache', cache)
      expect(err).toBe('')
      expect(code).toBe(0)
      expect(json).toMatchObject({ compiler: 'onnx-mlir', library: join(out, 'mlp.so') })
      expect(await readFile(json.constants, 'utf8')).toBe('constants')
      expect((await readdir(out)).sort()).toEqual([basename(json.constants), 'mlp.so'].sort())
    },
  )

  test('--emit writes a stage', async () => {
    const { model, out } = await setUp({ when: { EmitMLIR: 'true' }, files: { '.onnx.mlir': { text: 'module {}' } } })
    const { code, json } = await cliJson('compile', model, '--emit', 'mlir', '--out', out, '--target', 'x86-64')
    expect(code).toBe(0)
    expect(json).toMatchObject({ path: join(out, 'mlp.mlir.mlir'), stage: 'mlir', target: 'x86-64' })
    expect(await readFile(json.path, 'utf8')).toBe('module {}')
  })
})

test('without an onnx-mlir, a stage of it is an error that says how to get one', async () => {
  vi.stubEnv('ONNX_MLIR_HOME', undefined)
  vi.stubEnv('ONNX_MLIR_IMAGE', undefined)
  vi.stubEnv('PATH', '')
  const { code, err } = await cli('compile', await fileWith('dense.onnx', denseModel()), '--emit', 'llvm-ir')
  vi.unstubAllEnvs()
  expect(code).toBe(1)
  expect(err).toContain('set ONNX_MLIR_HOME')
})

test.skipIf(process.platform === 'win32')(
  'tunes where it is asked to, and writes the C of the winner',
  { timeout: 120_000 },
  async () => {
    const model = await fileWith('net.onnx', denseModel())
    const [out, cache] = [await temporaryFolder(), await temporaryFolder()]
    const args = ['compile', model, '-o', out, '--cache', cache, '-c', 'builtin']
    const first = await cliJson(...args, '--tune=5')
    expect(first.code).toBe(0)
    expect(first.json.tuned).toMatchObject({
      winner: expect.any(String),
      tried: expect.any(Array),
      seconds: expect.any(Number),
    })
    expect(first.out).toMatch(/^tuned: /m)
    expect((await cliJson(...args, '--tune=5')).json).toMatchObject({ cached: true, tuned: first.json.tuned })
    expect((await cliJson(...args)).json).not.toHaveProperty('tuned')

    const emitted = await cli(...args, '--tune=5', '--emit', 'c')
    expect(emitted.code).toBe(0)
    const { choices } = first.json.tuned
    const { text } = builtinSource(await readModel(model), { target: resolveTarget('host'), identity: 'test', choices })
    const macros = (c: string) => c.match(/^#define OM_(?:TILE|ROW|DEPTHWISE)_.*$/gm)
    const own = macros(text)!
    // Behind them come those of headers.
    expect(macros(await readFile(join(out, 'net.c'), 'utf8'))!.slice(0, own.length)).toEqual(own)

    expect(await cli(...args, '--tune=0')).toMatchObject({ code: 2, err: expect.stringContaining('tune="0" must be') })
    expect((await cli('compile', '--help')).out).toContain('--tune[=SECONDS]')
  },
)

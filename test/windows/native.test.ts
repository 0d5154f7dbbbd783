import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeTensor } from '../../src/onnx/test-data.ts'
import { createPipeline, signatureOf } from '../../src/pipeline/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { isTensor } from '../../src/runtime/signature.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { findCc } from '../../src/toolchains/find.ts'
import { expectClose, modelsFolder, onnxruntime, randomInputs, type Results, type Values } from '../onnxruntime.ts'
import { buildHere } from './built-here.ts'
import { missing as missingWine, nodeForWindows } from './wine.ts'

// An app with models for Windows, built here, and run in Node for Windows without this package.

const run = promisify(execFile)
const exportsFolder = join(modelsFolder, '../exports')
/** Convolutions, a recurrence, trees, 8-bit integers, a transformer; and one that takes long enough to be waited for. */
const models: Readonly<Record<string, string>> = {
  mnist: join(modelsFolder, 'mnist-8.onnx'),
  fraud: join(modelsFolder, 'fraud-lstm.onnx'),
  trees: join(exportsFolder, 'gbdt-binary-logistic/model.onnx'),
  integers: join(exportsFolder, 'qat-qdq-o13-d/model.onnx'),
  words: join(exportsFolder, 'clip-text-o13-d/model.onnx'),
  faces: join(modelsFolder, 'ultraface-rfb-320.onnx'),
}
const noCompiler = await findCc({ target: resolveTarget('win32-x64') }).then(
  () => undefined,
  ({ message }: Error) => message,
)
const noModels = Object.values(models).every((path) => existsSync(path)) ? undefined : '../shared is not here'
const missing = missingWine ?? noCompiler ?? noModels
if (missing) console.log(`skipped: models for Windows (${missing})`)
const ort = missing ? undefined : onnxruntime()

/** One input: what a program makes a typed array of. */
interface Given {
  readonly type: string
  readonly dims: readonly number[]
  readonly base64: string
}

// The program in Node for Windows has these two, too.
const arrayOf = ({ type, base64 }: Given): Float32Array | BigInt64Array => {
  const { buffer } = Uint8Array.from(Buffer.from(base64, 'base64'))
  return type === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer)
}
/** Of a string its characters. */
const numberOf = (value: unknown): number =>
  Number(typeof value === 'string' ? `0x${Buffer.from(value).toString('hex')}` : value)

const app = (names: readonly string[], query: string) => `
  import { readFileSync } from 'node:fs'
  ${names.map((name) => `import ${name} from './${name}.onnx?${query}'`).join('\n')}
  const models = { ${names.join(', ')} }
  const arrayOf = ${String(arrayOf)}
  const numberOf = ${String(numberOf)}
  const results = {}
  const numbers = (outputs) =>
    Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, numberOf)]))
  let turns = 0, next
  for (const [name, inputs] of Object.entries(JSON.parse(readFileSync(new URL('inputs.json', import.meta.url), 'utf8')))) {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([input, given]) => [input, { data: arrayOf(given), dims: given.dims }]))
    await models[name].load()
    turns = 0
    const turn = () => { turns++; next = setImmediate(turn) }
    turn()
    for (let i = 0; i < 5; i++) await models[name].run(tensors)
    clearImmediate(next)
    const inTurns = await models[name].run(tensors)
    results[name] = [numbers(inTurns), numbers(models[name].runSync(tensors))]
  }
  console.log(JSON.stringify({ results, turns, platform: process.platform, target: mnist.target }))`

describe.skipIf(missing || !ort)('models for Windows', { timeout: 300_000 }, () => {
  let prefix: string
  let project: string
  let built: string
  let expected: Results
  let inputs: Record<string, Record<string, Given>>

  /** The folder that esbuild makes of the app, moved. */
  async function buildFor(target: string, names = Object.keys(models)): Promise<string> {
    await writeFile(join(project, 'app.js'), app(names, `target=${target}`))
    const outdir = join(project, 'out')
    await buildHere(project, outdir, { cache: join(prefix, 'cache') })
    const moved = join(prefix, `für ${target}`, 'mit Modellen & [allem]')
    await cp(outdir, moved, { recursive: true })
    await rm(outdir, { recursive: true })
    await writeFile(join(moved, 'package.json'), '{ "type": "module" }')
    await writeFile(join(moved, 'inputs.json'), JSON.stringify(inputs))
    return moved
  }

  beforeAll(async () => {
    prefix = await mkdtemp(join(tmpdir(), 'windows-'))
    project = join(prefix, 'project')
    await mkdir(project)
    inputs = {}
    const wanted: Record<string, Values[]> = {}
    for (const [name, path] of Object.entries(models)) {
      await cp(path, join(project, `${name}.onnx`))
      inputs[name] = await inputsOf(path)
      const feeds = Object.entries(inputs[name]).map(([input, given]) => [
        input,
        new ort!.Tensor(given.type, arrayOf(given), given.dims),
      ])
      const session = await ort!.InferenceSession.create(path, { logSeverityLevel: 3 })
      const outputs = await session.run(Object.fromEntries(feeds) as Record<string, unknown>)
      const values = Object.fromEntries(
        Object.entries(outputs).map(([output, { data }]) => [output, Array.from(data, numberOf)]),
      )
      wanted[name] = [values, values]
    }
    expected = wanted
    built = await buildFor('win32-x64')
  }, 300_000)
  afterAll(() => rm(prefix, { recursive: true, force: true }))

  const read = (out: string) => JSON.parse(out) as { results: Results; turns: number; platform: string; target: string }

  // Levels are chosen when a DLL is loaded, as in other systems' libraries.
  test.each(['x86-64', 'x86-64-v3', ''])('agree with onnxruntime, at most at level "%s"', async (level) => {
    process.env['ONNX_MLIR_CPU_LEVEL'] = level
    const { out, err, status } = await nodeForWindows(prefix, built, 'app.js')
    delete process.env['ONNX_MLIR_CPU_LEVEL']
    expect(status, err).toBe(0)
    const { results, turns, ...said } = read(out)
    expectClose(results, expected)
    expect(said).toEqual({ platform: 'win32', target: 'win32-x64' })
    // While the last one ran five times. Where a run blocks, the loop does not turn at all.
    expect(turns).toBeGreaterThan(5)
  })

  test('come as DLLs with one addon, which need nothing that Windows has not and show the ABI alone', async () => {
    const files = await readdir(built)
    expect(files.filter((file) => file.endsWith('.dll'))).toHaveLength(6)
    expect(files.filter((file) => file.endsWith('.node'))).toHaveLength(1)
    expect(files).toHaveLength(10)
    const { stdout: elf } = await run('nm', ['-D', '--defined-only', await libraryFor('x86-64')])
    const abi = [...elf.matchAll(/ [A-Z] (\w+)$/gm)].map(([, name]) => name)
    for (const file of files.filter((file) => /\.(?:dll|node)$/.test(file))) {
      const { stdout } = await run('x86_64-w64-mingw32-objdump', ['-p', join(built, file)])
      const libraries = [...stdout.matchAll(/DLL Name: (\S+)/g)].map(([, name]) => name!.toLowerCase())
      expect(['kernel32.dll', 'msvcrt.dll']).toEqual(expect.arrayContaining(libraries))
      const [table = ''] = /(?<=Name Pointer\] Table\n)(?:\t.*\n)+/.exec(stdout) ?? []
      const names = [...table.matchAll(/ (\w+)$/gm)].map(([, name]) => name)
      if (file.startsWith('mnist')) expect(names.toSorted()).toEqual(abi.toSorted())
    }
  })

  test('are refused on another system, and its own there', async () => {
    const here = process.platform === 'darwin' ? 'macOS' : 'Linux'
    await expect(run(process.execPath, [join(built, 'app.js')])).rejects.toThrow(
      `mnist.onnx: built for Windows on x64, running on ${here} on ${process.arch}; build it with a target for this machine (the library's is win32-x64)`,
    )
    const { err, status } = await nodeForWindows(prefix, await buildFor('x86-64', ['mnist']), 'app.js')
    expect(status).toBe(1)
    expect(err).toContain(
      "mnist.onnx: built for Linux on x64, running on Windows on x64; build it with a target for this machine (the library's is x86-64)",
    )
  })

  test('of several, that for Windows is taken there, and the other one here', async () => {
    const folder = await buildFor('x86-64,win32-x64,wasm', ['mnist'])
    await writeFile(join(folder, 'inputs.json'), JSON.stringify({ mnist: inputs['mnist'] }))
    const there = await nodeForWindows(prefix, folder, 'app.js')
    const { stdout } = await run(process.execPath, [join(folder, 'app.js')])
    for (const [out, target] of [[there.out, 'win32-x64'] as const, [stdout, 'x86-64'] as const]) {
      expect(read(out).target).toBe(target)
      expectClose(read(out).results, { mnist: expected['mnist']! })
    }
  })

  test('are known by their headers, whole or not', async () => {
    const dll = await libraryFor('win32-x64')
    const signature = await signatureOf(models['mnist']!)
    const open = (library: string) =>
      createNodeModel(
        { name: 'mnist', signature, target: 'x', compiler: { name: '', version: '' } },
        { library },
      ).load()
    await expect(open(dll)).rejects.toThrow('mnist: built for Windows on x64, running on Linux on x64')
    const bytes = await readFile(dll)
    const broken = join(
      built,
      (await readdir(built)).find((file) => /^mnist.*dll$/.test(file))!,
    )
    for (const [length, problem] of [
      [bytes.length - 4096, 'is cut short'],
      [100, 'is not a shared library'],
    ] as const) {
      await writeFile(broken, bytes.subarray(0, length))
      expect((await nodeForWindows(prefix, built, 'app.js')).err).toMatch(problem)
    }
    await writeFile(broken, bytes)
  })

  async function libraryFor(target: string): Promise<string> {
    const id = `${join(project, 'mnist.onnx')}?target=${target}`
    const quiet = { mode: 'build', log: () => undefined, warn: () => undefined } as const
    return (await createPipeline({ cache: join(prefix, 'cache') }).build(id, quiet)).artifact.library
  }
})

/** The first data set beside a model, or numbers by chance. */
async function inputsOf(path: string): Promise<Record<string, Given>> {
  const signature = await signatureOf(path)
  const folder = join(dirname(path), 'test_data_set_0')
  if (!existsSync(folder)) {
    const values = randomInputs(signature, 1)
    const given = signature.inputs.filter(isTensor).map(({ name, type, shape }) => {
      const base64 = Buffer.from(Float32Array.from(values[name]!).buffer).toString('base64')
      return [name, { type, dims: shape, base64 }]
    })
    return Object.fromEntries(given) as Record<string, Given>
  }
  const given = await Promise.all(
    signature.inputs.map(async ({ name }, i) => {
      const { type, dims, data } = decodeTensor(await readFile(join(folder, `input_${i}.pb`)))
      return [name, { type, dims, base64: Buffer.from(data).toString('base64') }]
    }),
  )
  return Object.fromEntries(given) as Record<string, Given>
}

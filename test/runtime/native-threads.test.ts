import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildAddon } from '../../src/builtin/addon.ts'
import { builtinSource, compileBuiltin } from '../../src/builtin/index.ts'
import { nativeSharing, type Sharing } from '../../src/builtin/shared-kernel.ts'
import { modelBytes, type ModelSource } from '../../src/onnx/build.ts'
import type { Model as OnnxModel } from '../../src/onnx/model.ts'
import { readModel } from '../../src/formats/read.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import type { NativeSession } from '../../src/runtime/native.ts'
import { canRun, resolveTarget } from '../../src/targets/index.ts'
import { findCxx } from '../../src/toolchains/find.ts'
import { testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'
import { modelsFolder } from '../onnxruntime.ts'
import { type Made, openNative } from './native-session.ts'
import { bytesOf, bytesOfAll, cases, type Dims, expectNear, expectSame, inputOf } from './shared-cases.ts'
import { rowCases } from './shared-row-cases.ts'

// Native models on several threads give, bit for bit, what they give on one. Whatever this machine has: the addon that is told
// of eight processors starts threads for them, and one that is compiled with OM_MEET has all of them in every kernel.

const folder = makeFolder()
/** Every kernel that may be shared is, in as many parts as it can be. */
const always: Sharing = { least: 0, part: 1 }
const levels = ['x86-64-v3', 'host'].filter(
  (name, i) => canRun(resolveTarget(name)) && (i > 0 || resolveTarget('host').name !== name),
)
let addon: string
let meeting: string

beforeAll(async () => {
  addon = await testAddon()
  const { command } = await findCxx()
  meeting = await buildAddon({ cxx: `${command.join(' ')} -DOM_MEET`, outDir: folder })
})

async function compile(model: OnnxModel, target: string, sharing?: Sharing): Promise<Made> {
  const options = {
    target: resolveTarget(target),
    optimize: 3,
    stagingRoot: folder,
    identity: 'test',
    sharing,
  } as const
  return compileBuiltin(model, options)
}

const open = (made: Made, threads: number, file = addon): NativeSession => openNative(made, threads, file)

const decoded = (source: ModelSource): OnnxModel => decodeModel(modelBytes(source))

/** What goes by rows falls into the same parts on every level, and large models are of the same kernels: one level has these. */
const isWhole = (target: string): boolean => target === levels.at(-1)

describe.each(levels)('for %s', (target) => {
  it.for(Object.entries({ ...cases, ...(isWhole(target) && rowCases) }))(
    '%s',
    { timeout: 240_000 },
    async ([, { source, runs }]) => {
      const alone = open(await compile(decoded(source), target), 1)
      const shared = await compile(decoded(source), target, always)
      const sessions = [
        ...[2, 3, 8].map((threads) => open(shared, threads, meeting)),
        ...[1, 2, 8].map((threads) => open(shared, threads)),
      ]
      for (const dims of runs) {
        const inputs = dims.map(inputOf)
        const expected = bytesOf(alone, inputs)
        for (const session of sessions) for (let i = 0; i < 3; i++) expectSame(bytesOf(session, inputs), expected)
        if (dims.flat().every((dim) => dim > 0)) await expectNear(source, inputs, expected)
      }
      for (const session of [alone, ...sessions]) session.dispose()
    },
  )

  it.for(isWhole(target) ? ['ultraface-rfb-320', 'light-resnet50'] : [])(
    '%s of ../shared/models',
    { timeout: 240_000 },
    async (name, { skip }) => {
      const path = join(modelsFolder, `${name}.onnx`)
      if (!existsSync(path)) return skip(`${name}.onnx is not in ../shared/models`)
      const model = await readModel(path)
      const plain = await compile(model, target)
      const inputs = plain.signature.inputs.map((entry) => inputOf((entry as { shape: Dims }).shape))
      const expected = bytesOf(open(plain, 1), inputs)
      const shared = await compile(model, target, nativeSharing)
      for (let threads = 1; threads <= 8; threads++) {
        expectSame(bytesOf(open(shared, threads), inputs), expected)
        expectSame(bytesOf(open(shared, threads, meeting), inputs), expected)
      }
    },
  )
})

it.for(Object.entries(rowCases))('%s: threads share all of it that is large', async ([, { source, shared }]) => {
  const { text } = builtinSource(decoded(source), {
    target: resolveTarget('host'),
    identity: 'test',
    sharing: nativeSharing,
  })
  const names = new Set(Array.from(text.matchAll(/om_parallel\(([a-z0-9]+)\w*_share,/g), ([, name]) => name!))
  expect([...names]).toEqual(expect.arrayContaining([...shared!]))
})

const layer = cases['a layer of constant weights with a bias and an activation, of few rows and many']!.source
const winograd = cases['Winograd, with a residual and an activation']!

it('many runs of several models at once each get their own results, the disposal of one in between', async () => {
  const models = await Promise.all([layer, winograd.source].map((source) => compile(decoded(source), 'host', always)))
  const inputs = [[inputOf([500, 70])], winograd.runs[0]!.map(inputOf)]
  const expected = models.map((made, i) => bytesOf(open(made, 1), inputs[i]!))
  for (const file of [addon, meeting]) {
    const sessions = models.map((made) => open(made, 4, file))
    const runs = Array.from({ length: 60 }, async (_, i) => {
      expectSame(bytesOfAll(await sessions[i % 2]!.run(inputs[i % 2]!)), expected[i % 2]!)
    })
    for (let i = 0; i < 20; i++) expectSame(bytesOf(sessions[i % 2]!, inputs[i % 2]!), expected[i % 2]!)
    for (const session of sessions) session.dispose() // those that run still finish
    await Promise.all(runs)
  }
})

it(
  'the threads of Node share the pool; the process ends at once, whatever its threads do',
  { timeout: 60_000 },
  async () => {
    const made = await compile(decoded(winograd.source), 'host', always)
    await build({
      entryPoints: ['native', 'addon'].map((name) => new URL(`../../src/runtime/${name}.ts`, import.meta.url).pathname),
      bundle: true,
      platform: 'node',
      format: 'esm',
      outdir: folder,
      outExtension: { '.js': '.mjs' },
    })
    const program = (body: string): string => `
    import { Worker, isMainThread, parentPort } from 'node:worker_threads'
    import { NativeSession } from ${JSON.stringify(pathToFileURL(join(folder, 'native.mjs')).href)}
    import { loadAddon } from ${JSON.stringify(pathToFileURL(join(folder, 'addon.mjs')).href)}
    const open = () => new NativeSession(loadAddon(${JSON.stringify(addon)}, 'm'), {
      library: ${JSON.stringify(made.library)}, constantsFolder: '/', requires: undefined,
      threads: { threads: 4, processors: 8 },
    }, { ...${JSON.stringify(made.signature)}, name: 'm' })
    const inputs = ${JSON.stringify(winograd.runs[0])}.map((dims) => {
      const data = new Float32Array(dims.reduce((a, b) => a * b)).map((_, i) => Math.sin(i))
      return { data, dims }
    })
    const sum = (results) => Object.values(results)[0].data.reduce((a, b) => a + b)
    ${body}`
    const run = (body: string): string =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program(body)], {
        encoding: 'utf8',
        timeout: 30_000,
      })
    const worker = program(`
    const session = open()
    for (let i = 0; i < 20; i++) parentPort.postMessage([sum(session.runSync(inputs)), sum(await session.run(inputs))])
    parentPort.on('message', () => { for (;;) session.runSync(inputs) })
    parentPort.postMessage('ready')`)
    const said = run(`
    // The workers load the addon first, and one of them is gone before this thread does.
    const url = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)}))
    const sums = new Set()
    const workers = Array.from({ length: 3 }, () => new Worker(url))
    await Promise.all(workers.map((worker) => new Promise((done, fail) => {
      worker.on('error', fail)
      worker.on('message', (message) => message === 'ready' ? done() : message.forEach((sum) => sums.add(sum)))
    })))
    workers[0].postMessage('go on')
    workers[1].postMessage('go on')
    await workers[2].terminate()
    const session = open()
    for (let i = 0; i < 50; i++) sums.add(sum(session.runSync(inputs)))
    setTimeout(() => { console.log(sums.size); process.exit() }, 50)
    for (let i = 0; i < 8; i++) session.run(inputs)`)
    expect(said).toBe('1\n')
    expect(run(`console.log(Number.isFinite(sum(open().runSync(inputs))))`)).toBe('true\n')
  },
)

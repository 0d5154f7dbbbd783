import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { workerInSources, workerModule } from '../../../scripts/worker.js'
import type { Model, Signature } from '../../../src/runtime/index.ts'
import { createNodeModel } from '../../../src/runtime/node.ts'
import type { Steadiness } from '../../../src/runtime/steadiness.ts'
import { weightsSection } from '../../../src/toolchains/cc.ts'
import { makeFolder } from '../../scratch.ts'
import { type BuiltModule, compileBody, factsFor } from './modules.ts'

// Asynchronous runs of modules in Node: on one other thread, but for those that are quicker than the way there.

/** Keeps its thread busy for `work` rounds; counts the runs of its instance. */
const signature: Signature = {
  inputs: [{ name: 'work', type: 'int64', shape: [] }],
  outputs: [{ name: 'runs', type: 'int64', shape: [] }],
}
let spin: BuiltModule
let heavy: BuiltModule
beforeAll(async () => {
  const body = `
    const int64_t work = *(int64_t *)in[0].data;
    if (work < 0) __builtin_trap();
    volatile int64_t at = 0;
    for (; at < work; at++) continue;
    *(int64_t *)out[0].data = ++runs;`
  const before = 'static int64_t runs;\n'
  spin = await compileBody(body, { before })
  const weights = new Uint8Array(2 << 20).fill(1)
  heavy = await compileBody(`runs += om_weights[at_random(in)];${body}`, {
    weights,
    before: `${before}${weightsSection(weights.length)}
      static int64_t at_random(const om_buffer *in) { return *(int64_t *)in[0].data & 0xfffff; }`,
  })
})
const open = ({ library, weights }: BuiltModule, name = 'spin', steadiness?: Steadiness): Model =>
  createNodeModel(
    { ...factsFor(name, signature), ...(steadiness && { steadiness }) },
    { library, ...(weights && { constants: weights }) },
  )
const runs = (results: Record<string, { data: unknown }>) => (results['runs']!.data as BigInt64Array)[0]

/** Some 100 ms. */
const long = 100_000_000

it('leaves the event loop free', async () => {
  const model = open(spin)
  await model.load()
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const started = performance.now()
  const longest = { gap: 0, at: performance.now() }
  const watch = setInterval(() => {
    longest.gap = Math.max(longest.gap, performance.now() - longest.at)
    longest.at = performance.now()
  }, 1)
  await model.run({ work: 5 * long })
  const took = performance.now() - started
  clearInterval(timer)
  clearInterval(watch)
  expect(turns).toBeGreaterThan(took / 50)
  expect(longest.gap).toBeLessThan(took / 2)
  model.dispose()
})

it('runs what is quick on this thread, once it knows that it is', async () => {
  const model = open(spin, 'spin', {})
  // The instance of this thread has a count of its own: by how much a run changes it.
  const changes = async (work: number) => {
    const before = runs(model.runSync({ work: 0 }))!
    await model.run({ work })
    return runs(model.runSync({ work: 0 }))! - before - 1n
  }
  const quick: bigint[] = []
  while (quick.at(-1) !== 1n && quick.length < 500) quick.push(await changes(0)) // a busy machine may need some
  expect(quick.at(-1)).toBe(1n)
  await changes(long) // of the same size, but it takes long: others go to the other thread again
  expect(await changes(long)).toBe(0n)
  model.dispose()
})

it('runs what may take long on the other thread, however quick it was', async () => {
  const model = open(spin)
  for (let i = 1; i < 20; i++) expect(runs(await model.run({ work: 0 }))).toBe(BigInt(i))
  model.dispose()
})

it('does not hold large weights twice: those models run on the other thread only', async () => {
  const model = open(heavy, 'heavy', {})
  for (let i = 1; i < 20; i++) expect(runs(await model.run({ work: 0 }))).toBe(BigInt(2 * i))
  model.dispose()
})

it('has one worker for all models, and none without', async () => {
  const workers = new Set<Worker>()
  const post = Worker.prototype.postMessage
  Worker.prototype.postMessage = function (...sent) {
    workers.add(this)
    return post.apply(this, sent)
  }
  onTestFinished(() => void (Worker.prototype.postMessage = post))
  const models = [open(spin, 'a'), open(spin, 'b'), open(heavy, 'c')]
  await Promise.all(models.map((model) => model.load()))
  const running = Promise.all(models.map((model) => model.run({ work: long })))
  await new Promise(setImmediate)
  const [worker] = workers
  const ended = new Promise((resolve) => worker!.once('exit', resolve))
  for (const model of models) model.dispose() // what has begun still finishes
  expect((await running).map((results) => Number(runs(results)))).toEqual([1, 1, 2])
  expect(workers.size).toBe(1)
  await ended
  await expect(models[0]!.run({ work: 0 })).rejects.toThrow('a.onnx: it was disposed')
})

it('starts a model anew after a trap', async () => {
  const model = open(heavy, 'heavy')
  expect(runs(await model.run({ work: 0 }))).toBe(2n)
  const [broken, queued] = await Promise.allSettled([model.run({ work: -1 }), model.run({ work: 0 })])
  expect(broken).toMatchObject({
    reason: { code: 'RUN_FAILED', message: 'heavy.onnx: it ended with a trap: unreachable' },
  })
  if (queued.status === 'rejected')
    expect(queued.reason).toMatchObject({ code: 'RUN_FAILED', message: /an earlier run ended with a trap/ })
  expect(runs(await model.run({ work: 0 }))).toBe(2n)
  model.dispose()
})

it('copies inputs before run() returns, parts of large memory too', async () => {
  const model = open(heavy)
  const work = new BigInt64Array(1_000_000).subarray(999_999)
  const running = model.run({ work })
  expect(work.buffer.byteLength).toBe(8_000_000) // it was not given away
  work[0] = -1n
  expect(runs(await running)).toBe(2n)
  model.dispose()
})

describe('in a bundle', () => {
  const folder = makeFolder()
  const runtime = fileURLToPath(new URL('../../../src/runtime/node.ts', import.meta.url))

  async function bundled(code: string, format: 'esm' | 'cjs' = 'esm') {
    const source = `import { createNodeModel } from ${JSON.stringify(runtime)}
      const model = createNodeModel(${JSON.stringify(factsFor('spin', signature))}, { library: ${JSON.stringify(spin.library)} })
      ${code}`
    const { outputFiles } = await build({
      stdin: { contents: source, resolveDir: folder, loader: 'js' },
      bundle: true,
      platform: 'node',
      format,
      write: false,
      plugins: [
        {
          name: workerInSources.name,
          setup: ({ onLoad }) =>
            onLoad({ filter: /worker-source\.ts$/ }, async () => ({ contents: await workerModule(), loader: 'js' })),
        },
      ],
    })
    const file = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
    writeFileSync(file, outputFiles[0]!.text)
    return spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 })
  }

  it.each(['esm', 'cjs'] as const)(
    'its program travels inside, and the process waits for runs, not for the worker: %s',
    async (format) => {
      const { status, stdout, stderr } = await bundled(
        `model.run({ work: ${long}n }).then(({ runs }) => console.log(runs.data[0], process.getActiveResourcesInfo().join()))`,
        format,
      )
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toMatch(/^1n /)
    },
  )

  it('where no worker can be started, models run on the calling thread', async () => {
    const { stdout, stderr } = await bundled(`
      import module from 'node:module'
      import threads from 'node:worker_threads'
      threads.Worker = class { constructor() { throw new Error('not here') } }
      module.syncBuiltinESMExports()
      const results = [await model.run({ work: 0n }), (await model.load(), model.runSync({ work: 0n })), await model.run({ work: 0n })]
      console.log(results.map(({ runs }) => runs.data[0]).join())
    `)
    expect({ stdout, stderr }).toEqual({ stdout: '1,2,3\n', stderr: '' })
  })

  it('a worker that ends takes its runs with it, and the next run starts another', async () => {
    const { stdout, stderr } = await bundled(`
      import { Worker } from 'node:worker_threads'
      let latest
      const post = Worker.prototype.postMessage
      Worker.prototype.postMessage = function (...all) { latest = this; return post.apply(this, all) }
      await model.load()
      const running = model.run({ work: ${10 * long}n }).catch(({ code, message }) => console.log(code, message))
      setTimeout(() => latest.terminate(), 50)
      await running
      console.log((await model.run({ work: 0n })).runs.data[0])
    `)
    expect(stderr).toBe('')
    expect(stdout).toBe('RUN_FAILED spin.onnx: its worker failed: it ended with code 1\n1n\n')
  })
})

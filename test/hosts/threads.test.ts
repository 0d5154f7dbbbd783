import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { runnableModel } from '../../src/plugin/runnable.ts'
import { filesBelow, temporaryFolder, writeFiles } from './app.ts'
import { addModel } from './models.ts'

// `threads=` in programs for Node.

/** Of 3.6 million multiplications for each 60 rows. */
const layer = modelBytes({
  opsets: { '': 21 },
  inputs: { x: tensorType('float32', ['rows', 200]) },
  outputs: { y: tensorType('float32', ['rows', 300]) },
  initializers: {
    w: tensorFrom(
      'float32',
      [200, 300],
      Array.from({ length: 60_000 }, (_, i) => Math.fround(((i * 37) % 101) / 500)),
    ),
  },
  nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
})

test('a program runs a model on the calling thread and on another one, each with its threads, and ends by itself', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'package.json': '{}',
    'main.js': `
      import one from './layer.onnx?target=wasm'
      import several from './layer.onnx?target=wasm&threads=3'
      const inputs = (rows) => ({ x: Float32Array.from({ length: 200 * rows }, (_, i) => Math.sin(i)) })
      const text = ({ y }) => y.dims + ' ' + Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength).toString('base64')
      let different = 0
      await several.load()
      for (let i = 0; i < 30; i++)
        for (const rows of [0, 1, 2, 60, 333]) {
          const expected = text(one.runSync(inputs(rows)))
          for (const result of [several.runSync(inputs(rows)), await several.run(inputs(rows))])
            if (text(result) !== expected) different++
        }
      const isShared = several.runSync(inputs(60)).y.data.buffer instanceof SharedArrayBuffer
      console.log(JSON.stringify({ different, isShared, wrong: await several.run({ x: new Float32Array(3) }).catch(({ code, name }) => code ?? name) }))
      if (process.argv.includes('--dispose')) {
        several.dispose()
        console.log(await several.run(inputs(1)).catch(({ code }) => code))
      }`,
    'layer.onnx': layer,
  })
  await build({
    entryPoints: [join(root, 'main.js')],
    outfile: join(root, 'out', 'main.mjs'),
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root })],
  })
  expect((await filesBelow(join(root, 'out'))).filter((file) => file.includes('threads'))).toHaveLength(2)
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'out', 'main.mjs'), ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    return { status, stderr, lines: stdout.trim().split('\n') }
  }
  const told = JSON.stringify({ different: 0, isShared: false, wrong: 'RangeError' })
  expect(run()).toEqual({ status: 0, stderr: '', lines: [told] })
  expect(run('--dispose')).toEqual({ status: 0, stderr: '', lines: [told, 'RUN_DISPOSED'] })
})

test('a model that is built and run in one process has its threads, too', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { 'layer.onnx': layer })
  const path = join(root, 'layer.onnx')
  const pipeline = createPipeline({ cache: join(root, 'cache'), target: 'wasm' })
  const started: unknown[] = []
  const onWorker = (worker: unknown): void => void started.push(worker)
  process.on('worker', onWorker)
  try {
    const context = { mode: 'build', log: () => {}, warn: () => {} } as const
    const run = async (query: string): Promise<unknown> => {
      const model = await runnableModel(path, await pipeline.build(path + query, context))
      const { y } = model.runSync({ x: Float32Array.from({ length: 12_000 }, (_, i) => Math.sin(i)) })
      model.dispose()
      return y!.data
    }
    const expected = await run('')
    expect(started).toHaveLength(0)
    expect(await run('?threads=2')).toEqual(expected)
    await nextTurn() // in which Node tells of them
    expect(started).toHaveLength(availableParallelism() > 1 ? 1 : 0)
  } finally {
    process.off('worker', onWorker)
  }
})

test('native code is the same for any number of threads; a model with little to do has no module for threads', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { 'layer.onnx': layer, 'add.onnx': addModel(10) })
  const pipeline = createPipeline({ cache: join(root, 'cache') })
  const lines: string[] = []
  const context = {
    mode: 'build',
    log: (line: string) => lines.push(line),
    warn: (line: string) => lines.push(line),
  } as const
  const path = join(root, 'layer.onnx')
  const native = await pipeline.build(`${path}?target=host&compiler=builtin&threads=4`, context)
  await pipeline.build(`${path}?target=host&compiler=builtin&threads=4`, context)
  expect([native.threads, native.cached]).toEqual([4, false])
  const plain = await pipeline.build(`${path}?target=host&compiler=builtin`, context)
  expect([plain.cached, plain.artifact.sha256, plain.threads]).toEqual([true, native.artifact.sha256, undefined])
  const one = await pipeline.build(`${path}?target=host&compiler=builtin&threads=1`, context)
  expect([one.cached, one.threads]).toEqual([true, 1])

  const shared = await pipeline.build(`${path}?target=wasm&threads=4`, context)
  expect(shared.artifact.variants!.map(({ needs }) => needs)).toEqual([
    ['threads', 'relaxed-simd'],
    ['threads'],
    ['relaxed-simd'],
  ])
  const again = await pipeline.build(`${path}?target=wasm&threads=auto`, context)
  expect([shared.threads, again.threads, again.cached]).toEqual([4, 'auto', true])
  const little = await pipeline.build(`${join(root, 'add.onnx')}?target=wasm&threads=4`, context)
  expect([little.threads, little.artifact.variants]).toEqual([undefined, undefined])
  expect(lines.filter((line) => line.includes('thread'))).toEqual([])
})

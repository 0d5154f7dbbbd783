import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as after } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashFile } from '../../src/cache/file-memo.ts'
import { ModelError } from '../../src/errors/index.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import { readModel } from '../../src/formats/read.ts'
import { WireWriter } from '../../src/onnx/wire.ts'
// What a build loads when nothing is cached, which takes Vitest seconds that no user waits for, is there before time counts.
import '../../src/pipeline/cold.ts'
import { createPipeline } from '../../src/pipeline/index.ts'

// A sparse file costs nothing to make, and may be of any size.

const MiB = 2 ** 20
const GiB = 2 ** 30

let folder: string
let model: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sparse-'))
  model = join(folder, 'm.onnx')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A model whose weights are in a file of this size. */
function write(fileBytes: number, weights = 4): void {
  const externalData = [{ key: 'location', value: 'w.bin' }]
  const type = { tensorType: { elemType: 1 } }
  const bytes = onnx.ModelProto.encode(
    {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        node: [{ opType: 'Identity', input: ['W'], output: ['y'] }],
        output: [{ name: 'y', type }],
        initializer: [{ name: 'W', dataType: 1, dims: [BigInt(weights)], dataLocation: 1, externalData }],
      },
    },
    new WireWriter(),
  ).finish()
  writeFileSync(model, bytes)
  writeFileSync(join(folder, 'w.bin'), '')
  truncateSync(join(folder, 'w.bin'), fileBytes)
}

async function modelErrorOf(work: Promise<unknown>): Promise<ModelError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (error instanceof ModelError) return error
  throw new Error('expected a ModelError', { cause: error })
}

/** The longest time, in milliseconds, that the event loop stood still meanwhile. */
async function longestStandstill(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await work()
  delay.disable()
  return delay.max / 1e6
}

test('a file within the limits is read and hashed while the event loop goes on', { timeout: 120_000 }, async () => {
  write(192 * MiB, 32 * MiB)
  const standstill = await longestStandstill(async () => {
    const { files, graph } = await readModel(model)
    expect(files[1]?.bytes).toBe(192 * MiB)
    expect(graph.initializers.get('W')?.data.length).toBe(128 * MiB)
  })
  // Some milliseconds on a machine with nothing else to do; hashing at once takes half a second at best.
  expect(standstill).toBeLessThan(300)
})

test.each([
  ['reading a model', (signal: AbortSignal) => readModel(model, { signal })],
  ['hashing a file', (signal: AbortSignal) => hashFile(undefined, join(folder, 'w.bin'), { signal })],
  [
    'a build',
    (signal: AbortSignal) =>
      createPipeline({ cache: join(folder, 'cache'), compiler: 'builtin' }).build(model, {
        signal,
        mode: 'build',
        log: () => {},
        warn: () => {},
      }),
  ],
])('aborting ends %s of 3 GiB at once', { timeout: 60_000 }, async (_what, work) => {
  write(3 * GiB)
  const abort = new AbortController()
  const done = work(abort.signal).then(
    () => 'done',
    (error: unknown) => error,
  )
  const standstill = await longestStandstill(() => after(400))
  abort.abort(new Error('enough'))
  const aborted = performance.now()
  expect(await done).toMatchObject({ message: 'enough' })
  expect(performance.now() - aborted).toBeLessThan(500)
  expect(standstill).toBeLessThan(300)
})

test('a file beyond the limits is refused before a byte of it is read', async () => {
  write(2 ** 40)
  const started = performance.now()
  const error = await modelErrorOf(readModel(model))
  expect(error.code).toBe('MODEL_LIMIT')
  expect(error.message).toMatch(/initializer "W" has external files of 1099511627776 bytes.*Raise limits.tensorBytes/)
  expect(performance.now() - started).toBeLessThan(2000)
})

test('a file that grew beyond the limits after it was listed is not hashed', async () => {
  write(2 ** 40)
  const hashing = hashFile(undefined, join(folder, 'w.bin'), { mostBytes: 8 * GiB })
  await expect(hashing).rejects.toThrow(/more than 8589934592 bytes/)
})

test('external data can be refused altogether', async () => {
  write(64)
  const error = await modelErrorOf(readModel(model, { externalData: false }))
  expect(error.message).toMatch(/external data is not allowed/)
})

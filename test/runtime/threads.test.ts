import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Model } from '../../src/runtime/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { isTensor, type SignatureEntry } from '../../src/runtime/signature.ts'
import { compileModel, factsOf, signatures, testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'

type Name = keyof typeof signatures
const folder = makeFolder()
const libraries = new Map<Name, string>()
let addon: string

beforeAll(async () => {
  addon = await testAddon()
  for (const name of ['affine', 'rows', 'words', 'spin', 'plain', 'echo'] as const)
    libraries.set(name, await compileModel(folder, name))
  // Workers and child processes run what a bundler makes of the runtime.
  const entry = new URL('../../src/runtime/node.ts', import.meta.url).pathname
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'runtime.mjs'),
  })
})

const open = (name: Name): Model => createNodeModel(factsOf(name), { addon, library: libraries.get(name)! })

/** A script for another thread or process, with the model of that name as `open(name)`. */
function script(name: string, body: string): string {
  const facts = Object.fromEntries((Object.keys(signatures) as Name[]).map((key) => [key, factsOf(key)]))
  const file = join(folder, `${name}.mjs`)
  writeFileSync(
    file,
    `import { createNodeModel } from ${JSON.stringify(pathToFileURL(join(folder, 'runtime.mjs')).href)}
import { isMainThread, parentPort, threadId } from 'node:worker_threads'
const facts = ${JSON.stringify(facts)}
const libraries = ${JSON.stringify(Object.fromEntries(libraries))}
const open = (name) => createNodeModel(facts[name], { addon: ${JSON.stringify(addon)}, library: libraries[name] })
${body}`,
  )
  return file
}

describe('run()', () => {
  it('leaves the event loop free while the model computes', async () => {
    const model = open('spin')
    await model.load()
    let ticks = 0
    const timer = setInterval(() => ticks++, 10)
    const started = performance.now()
    await model.run({ milliseconds: 500, seed: 1 })
    clearInterval(timer)
    expect(performance.now() - started).toBeGreaterThan(490)
    expect(ticks).toBeGreaterThan(20)
  })

  it('gives each of many concurrent calls memory of its own', async () => {
    const model = open('spin')
    const seeds = Array.from({ length: 40 }, (_, i) => BigInt(i) * 1_000_003n)
    const results = await Promise.all(seeds.map((seed) => model.run({ milliseconds: 5, seed })))
    expect(results.map(({ seed }) => seed!.data)).toEqual(seeds.map((seed) => BigInt64Array.of(seed)))
  })

  it('of different kinds, next to runSync(), mix well', async () => {
    const [rows, affine] = [open('rows'), open('affine')]
    const calls = Array.from({ length: 200 }, async (_, i) => {
      const batch = (i % 17) + 1
      const x = new Float32Array(3 * batch).fill(i)
      const pending = rows.run({ x, weight: new Float32Array(batch).fill(1) })
      const other = affine.run({ x: new Float32Array(60).fill(i) })
      expect(affine.runSync({ x: new Float32Array(60).fill(-i) })['y']!.data[7]).toBe(1 - 2 * i)
      expect((await pending)['sums']!.data).toEqual(new Float32Array(batch).fill(3 * i))
      expect((await other)['y']!.data).toEqual(new Float32Array(60).fill(2 * i + 1))
    })
    await Promise.all(calls)
  })

  it.each(['affine', 'echo', 'plain'] as const)('has copied its inputs when it returns: %s', async (name) => {
    const model = open(name)
    const { inputs } = signatures[name]
    const large = Float32Array.from({ length: 100_000 }, (_, i) => i)
    const given: Record<string, Float32Array | { data: ReturnType<typeof valuesOf>; dims: readonly unknown[] }> = {}
    for (const entry of (inputs as readonly SignatureEntry[]).filter(isTensor)) {
      const size = name === 'affine' ? 60 : name === 'plain' ? 50_000 : 4
      const dims = name === 'plain' ? [50_000] : entry.shape
      given[entry.name] = entry.name === 'large' ? large : { data: valuesOf(entry.type, size), dims }
    }
    const expected = model.runSync(given)
    const pending = model.run(given)
    for (const value of Object.values(given)) {
      const data = 'dims' in value ? value.data : value
      new Uint8Array(data.buffer).fill(255)
      structuredClone(null, { transfer: [data.buffer as ArrayBuffer] }) // now of length 0, its memory elsewhere or free
      expect(data.byteLength).toBe(0)
    }
    expect(await pending).toEqual(expected)
  })

  it('has copied inputs of all sizes when it returns, next to others and past the end of the model', async () => {
    const model = open('rows')
    const start = (i: number) => {
      const batch = 1 + ((i * 7919) % 60_000)
      const [x, weight] = [new Float32Array(3 * batch).fill(i), new Float32Array(batch).fill(1)]
      const running = model.run({ x, weight })
      x.fill(-1)
      weight.fill(-1)
      return running.then(({ sums }) => expect((sums!.data as Float32Array).every((sum) => sum === 3 * i)).toBe(true))
    }
    for (let i = 0; i < 20; i++) await start(i)
    const running = Array.from({ length: 60 }, (_, i) => start(i))
    await running[0]
    model.dispose()
    await Promise.all(running)
  })

  it('takes memory that other threads and resizes can change', async () => {
    const model = open('affine')
    const options = { maxByteLength: 480 }
    const buffer: ArrayBuffer & { resize(length: number): void } = Reflect.construct(ArrayBuffer, [240, options])
    const x = new Float32Array(buffer, 0, 60).fill(2)
    const pending = model.run({ x })
    buffer.resize(0)
    expect((await pending)['y']!.data[59]).toBe(5)
    expect(() => model.runSync({ x })).toThrow(/given Float32Array\(0\)/)
  })
})

/** Elements that every type holds, as its array. */
function valuesOf(type: string, size: number) {
  const isBig = type === 'int64' || type === 'uint64'
  if (isBig) return type === 'int64' ? new BigInt64Array(size).fill(1n) : new BigUint64Array(size).fill(1n)
  if (type === 'float64' || type === 'complex128') return new Float64Array(type === 'float64' ? size : 2 * size).fill(1)
  if (type === 'float32' || type === 'complex64') return new Float32Array(type === 'float32' ? size : 2 * size).fill(1)
  if (type === 'int32') return new Int32Array(size).fill(1)
  if (type === 'uint32') return new Uint32Array(size).fill(1)
  if (type === 'int16') return new Int16Array(size).fill(1)
  if (type === 'uint16' || type.endsWith('float16')) return new Uint16Array(size).fill(1)
  return type === 'int8' || type === 'int4' || type === 'int2'
    ? new Int8Array(size).fill(1)
    : new Uint8Array(size).fill(1)
}

describe('worker threads', () => {
  it('load, run and end, eight at a time, again and again', async () => {
    const file = script(
      'worker',
      `const [affine, words, rows, plain] = ['affine', 'words', 'rows', 'plain'].map(open)
const x = new Float32Array(60).fill(threadId)
for (let i = 0; i < 20; i++) {
  const y = affine.runSync({ x }).y.data[3]
  const shouted = (await words.run({ words: ['a' + threadId] })).shouted.data[0]
  const sums = (await rows.run({ x: new Float32Array(3).fill(threadId), weight: [2] })).sums.data[0]
  const alias = (await plain.run({ x: [threadId] })).alias.data[0]
  if (y !== 2 * threadId + 1 || shouted !== 'A' + threadId || sums !== 6 * threadId || alias !== threadId)
    throw new Error([y, shouted, sums, alias].join())
}
parentPort.postMessage('done')`,
    )
    for (let round = 0; round < 4; round++) {
      const workers = Array.from({ length: 8 }, () => new Worker(file))
      const done = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as unknown))
      expect(done).toEqual(Array.from({ length: 8 }, () => 'done'))
      await Promise.all(workers.map((worker) => worker.terminate()))
    }
  })

  it('may be terminated in the middle of runs', async () => {
    const file = script(
      'terminated',
      `const model = open('spin')
for (let i = 0; i < 12; i++) model.run({ milliseconds: 30, seed: i })
const text = open('words')
for (let i = 0; i < 12; i++) text.run({ words: ['a', 'b'] })
setInterval(() => {}, 1000)
parentPort.postMessage('running')`,
    )
    for (let round = 0; round < 3; round++) {
      const workers = Array.from({ length: 4 }, () => new Worker(file))
      await Promise.all(workers.map((worker) => once(worker, 'message')))
      const codes = await Promise.all(workers.map((worker) => worker.terminate()))
      expect(codes).toEqual([1, 1, 1, 1]) // ended by terminate(), not by an error of ours
    }
    expect((await open('spin').run({ milliseconds: 1, seed: 5 }))['seed']!.data[0]).toBe(5n)
  })

  it('hurt nobody when they alone used the addon and the process goes on', () => {
    const file = script(
      'only-in-worker',
      `import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
if (isMainThread) {
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(new URL(import.meta.url))
    await once(worker, 'message')
    await worker.terminate()
  }
  console.log('survived')
} else {
  const model = open('spin')
  await model.run({ milliseconds: 1, seed: 1 })
  for (let i = 0; i < 4; i++) model.run({ milliseconds: 20, seed: i })
  parentPort.postMessage('running')
}`,
    )
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('survived\n')
  })
})

describe('memory', () => {
  it('stays flat over many runs, failures among them', () => {
    const file = script(
      'flat',
      `const [affine, rows, words, echo] = ['affine', 'rows', 'words', 'echo'].map(open)
const x = new Float32Array(60)
const names = ['a', 'fail']
async function round(n) {
  for (let i = 0; i < n; i++) {
    affine.runSync({ x })
    await affine.run({ x })
    rows.runSync({ x: new Float32Array(3000), weight: new Float32Array(1000) })
    words.runSync({ words: ['x'.repeat(1000), 'b'] })
    await words.run({ words: names }).catch(() => {})
    try { words.runSync({ words: names }) } catch {}
    if (i % 100 === 0) { const other = open('echo'); await other.load(); other.dispose() }
  }
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 50))
  globalThis.gc()
  return process.memoryUsage().rss
}
await round(3000)
const before = await round(2000)
const after = await round(10000)
console.log(after - before)`,
    )
    // A young generation that doesn't grow: its growth would look like ours.
    const args = ['--expose-gc', '--max-semi-space-size=1', file]
    const growth = Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    // One leaked output per run (12 kB) would be 120 MB, one leaked string (1 kB) 10 MB.
    expect(growth).toBeLessThan(6e6)
  })

  it('of copied inputs is kept for the next run, and given back with the model', () => {
    const file = script(
      'copied',
      `const model = open('rows')
const inputs = { x: new Float32Array(6e6), weight: new Float32Array(2e6) } // 32 MB
const external = async () => {
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 50))
  globalThis.gc()
  return process.memoryUsage().external
}
await model.load()
const before = await external()
for (let i = 0; i < 5; i++) await model.run(inputs)
const kept = (await external()) - before
model.dispose()
console.log(JSON.stringify([kept, (await external()) - before]))`,
    )
    const said = execFileSync(process.execPath, ['--expose-gc', file], { encoding: 'utf8' })
    const [kept, left] = JSON.parse(said) as [number, number]
    expect(kept).toBeGreaterThan(31e6)
    expect(kept).toBeLessThan(40e6)
    expect(left).toBeLessThan(2e6)
  })

  it('of a disposed or forgotten model is given back', () => {
    const file = script(
      'disposed',
      `const x = { ...Object.fromEntries(facts.echo.signature.inputs.map((input) => [input.name, undefined])) }
const used = []
for (let i = 0; i < 400; i++) {
  const model = open('echo')
  const bound = model.bind() // holds 800 kB
  bound.run()
  if (i % 3 === 1) model.dispose()
  if (i % 3 === 2) bound.dispose()
  if (i % 50 === 49) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc()
    used.push(process.memoryUsage().external)
  }
}
console.log(Math.max(...used))`,
    )
    const external = Number(execFileSync(process.execPath, ['--expose-gc', file], { encoding: 'utf8' }))
    expect(external).toBeLessThan(50e6) // of 320 MB that were made
    expect(external).toBeGreaterThan(0)
  })

  it('that does not exist gives an error and not the end of the process', async () => {
    const model = open('rows')
    const weight = { data: new Float32Array(0), dims: [2 ** 40] }
    await expect(model.run({ x: new Float32Array(3), weight })).rejects.toThrow(RangeError)
    await sleep(1)
    expect(model.runSync({ x: new Float32Array(3), weight: [1] })['sums']!.dims).toEqual([1])
  })
})

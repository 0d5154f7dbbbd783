import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Model, Signature } from '../../../src/runtime/index.ts'
import { createNodeModel } from '../../../src/runtime/node.ts'
import { weightsSection } from '../../../src/toolchains/cc.ts'
import { makeFolder } from '../../scratch.ts'
import { type BuiltModule, compileBody, factsFor } from './modules.ts'

// Files of modules in Node that are not, or no longer, what the build wrote: nothing is computed with them.

const folder = makeFolder()
const signature: Signature = {
  inputs: [{ name: 'at', type: 'int64', shape: [] }],
  outputs: [{ name: 'weight', type: 'int64', shape: [] }],
}
const weights = Uint8Array.from({ length: 2 << 20 }, (_, i) => i % 251)
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')
const at = (weights.length / 251 - 1) | 0
let built: Required<BuiltModule>

beforeAll(async () => {
  const body = '*(int64_t *)out[0].data = om_weights[*(int64_t *)in[0].data];'
  built = (await compileBody(body, { weights, before: weightsSection(weights.length) })) as Required<BuiltModule>
})

/** A model on copies of the files, and where these are. */
function deployed(): { model: Model; module: string; weights: string } {
  const own = mkdtempSync(join(folder, 'deployed-'))
  const files = { module: join(own, 'model.wasm'), weights: join(own, 'model.bin') }
  copyFileSync(built.library, files.module)
  copyFileSync(built.weights, files.weights)
  const facts = factsFor('own', signature, {
    sha256: { library: sha256(built.library), constants: sha256(built.weights) },
  })
  return { ...files, model: createNodeModel(facts, { library: files.module, constants: files.weights }) }
}

const uses: Readonly<Record<string, (model: Model) => unknown>> = {
  load: (model) => model.load(),
  run: (model) => model.run({ at }),
  runSync: (model) => model.runSync({ at }),
  bind: (model) => model.bind(),
}
const changes: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  'cut short': (bytes) => bytes.subarray(0, bytes.length >> 1),
  empty: () => new Uint8Array(),
  longer: (bytes) => Buffer.concat([bytes, bytes]),
  'one byte changed': (bytes) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)),
  'a web page': () => Buffer.from('<!doctype html><title>Not found</title>'),
}

it('are run as they were built', async () => {
  for (const use of ['load', 'run', 'runSync', 'bind']) {
    const { model } = deployed()
    await uses[use]!(model)
    expect(model.runSync({ at })['weight']!.data).toEqual(new BigInt64Array([BigInt(weights[at]!)]))
    expect((await model.run({ at }))['weight']!.data).toEqual(new BigInt64Array([BigInt(weights[at]!)]))
    model.dispose()
  }
})

describe.each(['module', 'weights'] as const)('the %s', (which) => {
  it.each(Object.keys(changes))('%s is refused, however the model is used first', async (how) => {
    for (const use of Object.values(uses)) {
      const { model, ...files } = deployed()
      writeFileSync(files[which], changes[how]!(readFileSync(files[which])))
      await expect((async () => use(model))()).rejects.toMatchObject({
        name: 'ModelLoadError',
        code: 'LOAD_CHANGED',
        message: expect.stringContaining(`own.onnx: ${files[which]} is not the file that the build made`) as string,
      })
      model.dispose()
    }
  })
})

it('weights that change after a load are not taken for another thread', async () => {
  const { model, weights: file } = deployed()
  await model.load()
  writeFileSync(file, weights.subarray(0, 100))
  expect((await model.run({ at }))['weight']!.data[0]).toBe(BigInt(weights[at]!)) // those that were loaded
  expect(() => model.runSync({ at })).toThrow(expect.objectContaining({ code: 'LOAD_CHANGED' }))
  rmSync(file)
  expect(() => model.runSync({ at })).toThrow(expect.objectContaining({ name: 'ModelLoadError' }))
  model.dispose()
})

it.each([
  ['is disposed meanwhile', (model: Model) => model.dispose(), 'RUN_DISPOSED'],
  ['fails', (_: Model, file: string) => writeFileSync(file, 'cut'), 'LOAD_CHANGED'],
])('no worker stays for a model whose load %s', async (_, disturb, code) => {
  const started = new Set<Worker>()
  const unref = Worker.prototype.unref
  Worker.prototype.unref = function () {
    started.add(this)
    unref.apply(this)
  }
  onTestFinished(() => void (Worker.prototype.unref = unref))
  const { model, weights: file } = deployed()
  const loading = model.load()
  disturb(model, file)
  await expect(loading).rejects.toMatchObject({ code })
  for (const worker of started) if (worker.threadId >= 0) await new Promise((resolve) => worker.once('exit', resolve))
})

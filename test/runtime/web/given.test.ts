import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Signature } from '../../../src/runtime/index.ts'
import { wasmApi } from '../../../src/runtime/wasm/api.ts'
import { createWebModel } from '../../../src/runtime/web.ts'
import { weightsSection } from '../../../src/toolchains/cc.ts'
import { makeFolder } from '../../scratch.ts'
import { type BuiltModule, compileBody, factsFor } from './modules.ts'

// Files that need no network: a module that was imported, and addresses on a disk, which Node's fetch refuses.

const signature: Signature = {
  inputs: [{ name: 'x', type: 'float32', shape: [] }],
  outputs: [{ name: 'y', type: 'float32', shape: [] }],
}
const facts = factsFor('twice', signature)
let built: BuiltModule
beforeAll(async () => {
  built = await compileBody('*(float *)out[0].data = 2 * *(float *)in[0].data;')
})

const isTwice = (y: unknown) => expect(y).toEqual(new Float32Array([6]))

describe('a WebAssembly.Module', () => {
  const given = () => new (wasmApi()!.Module)(readFileSync(built.library))

  it('runs at once, without load()', () => {
    isTwice(createWebModel(facts, { module: given() }).runSync({ x: 3 })['y']!.data)
  })

  it('is bound at once', () => {
    const bound = createWebModel(facts, { module: given() }).bind()
    ;(bound.inputs['x']!.data as Float32Array)[0] = 3
    bound.run()
    isTwice(bound.outputs['y']!.data)
  })

  it('is of no use after dispose()', () => {
    const model = createWebModel(facts, { module: given() })
    model.dispose()
    expect(() => model.runSync({ x: 3 })).toThrow(/disposed/)
  })
})

describe('file: addresses', () => {
  it('are read from the disk, as text or as URL', async () => {
    const url = pathToFileURL(built.library)
    for (const module of [url, url.href]) isTwice((await createWebModel(facts, { module }).run({ x: 3 }))['y']!.data)
  })

  it('give weights, too, and are held against the build', async () => {
    const weights = Uint8Array.from({ length: 2 << 20 }, (_, i) => i % 7)
    const withWeights = await compileBody('*(float *)out[0].data = om_weights[(int)*(float *)in[0].data];', {
      weights,
      before: weightsSection(weights.length),
    })
    const files = { module: pathToFileURL(withWeights.library), weights: pathToFileURL(withWeights.weights!) }
    expect((await createWebModel(facts, files).run({ x: 10 }))['y']!.data).toEqual(new Float32Array([3]))

    const known = { ...facts, sha256: { library: '', constants: '00'.repeat(32) } }
    const changed = createWebModel({ ...known, sha256: { ...known.sha256, library: 'ff'.repeat(32) } }, files)
    await expect(changed.load()).rejects.toMatchObject({ code: 'LOAD_CHANGED' })
  })

  it('that are not there are named', async () => {
    const missing = pathToFileURL(join(makeFolder(), 'gone.wasm'))
    const loaded = createWebModel(facts, { module: missing }).load()
    await expect(loaded).rejects.toMatchObject({
      code: 'LOAD_FETCH',
      message: expect.stringMatching(/^twice\.onnx: its module can't be fetched \(ENOENT.*gone\.wasm/),
    })
  })

  it('that hold something else are refused', async () => {
    const file = join(makeFolder(), 'other.wasm')
    writeFileSync(file, 'not a module')
    await expect(createWebModel(facts, { module: pathToFileURL(file) }).load()).rejects.toMatchObject({
      code: 'LOAD_CHANGED',
      message: expect.stringContaining('other.wasm is not the file that the build wrote'),
    })
  })
})

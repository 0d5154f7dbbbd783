import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { EngineFeature } from '../../../src/cache/artifact.ts'
import type { LoadProgress, Model, ModelFacts, Signature } from '../../../src/runtime/index.ts'
import { createNodeModel } from '../../../src/runtime/node.ts'
import { createWebModel } from '../../../src/runtime/web.ts'
import { createHash } from 'node:crypto'
import { makeFolder } from '../../scratch.ts'
import { compileBody, factsFor } from './modules.ts'

// One model as several modules, of which each says by its result which one it is.

const signature: Signature = { inputs: [], outputs: [{ name: 'y', type: 'float32', shape: [] }] }
const folder = makeFolder()
const paths: Record<string, string> = {}
beforeAll(async () => {
  for (const [i, name] of ['base', 'relaxed', 'threads'].entries())
    paths[name] = (await compileBody(`*(float *)out[0].data = ${i};`)).library
  // Well read, but not for this engine: an instruction that there is none of.
  paths['refused'] = join(folder, 'refused.wasm')
  writeFileSync(
    paths['refused'],
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 255, 11),
  )
})
afterEach(() => void vi.unstubAllGlobals())

type Variants = readonly (readonly [needs: readonly EngineFeature[], name: string])[]

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

function factsOf(variants: Variants): ModelFacts {
  const [library, ...others] = [paths['base']!, ...variants.map(([, name]) => paths[name]!)]
  return factsFor('several', signature, {
    sha256: { library: sha256(library), variants: others.map(sha256) },
    bytes: { library: readFileSync(library).length, variants: others.map((path) => readFileSync(path).length) },
  })
}

/** Opens a model of the module "base" and others; and the names of those that were read. */
type Way = (variants: Variants, facts?: ModelFacts) => Promise<{ model: Model; read?: string[] }>

const onWeb: Way = async (variants, facts = factsOf(variants)) => {
  const read: string[] = []
  const source = (name: string) => () => {
    read.push(name)
    return readFileSync(paths[name]!)
  }
  const files = {
    module: source('base'),
    variants: variants.map(([needs, name]) => ({ needs, module: source(name) })),
  }
  return { model: createWebModel(facts, files), read }
}
const inNode: Way = async (variants, facts = factsOf(variants)) => ({
  model: createNodeModel(facts, {
    library: paths['base']!,
    variants: variants.map(([needs, name]) => ({ needs, library: paths[name]! })),
  }),
})
const ways: readonly (readonly [string, Way])[] = [
  ['on the web', onWeb],
  ['in Node', inNode],
]

/** An engine of which is known what it has. */
function stubEngine({ relaxed, isolated = true }: { relaxed: boolean; isolated?: boolean }): void {
  const real = (globalThis as { WebAssembly?: object }).WebAssembly!
  const api = Object.create(real, { validate: { value: () => relaxed } }) as object
  vi.stubGlobal('WebAssembly', api)
  vi.stubGlobal('crossOriginIsolated', isolated)
}

const both: Variants = [
  [['relaxed-simd', 'threads'], 'threads'],
  [['relaxed-simd'], 'relaxed'],
]

describe.each(ways)('%s', (_, open) => {
  it.each([
    ['all features', { relaxed: true }, 'threads', 2],
    ['one feature', { relaxed: true, isolated: false }, 'relaxed', 1],
    ['none', { relaxed: false }, 'base', 0],
  ] as const)('an engine that has %s takes its module, and reads no other', async (_name, engine, name, expected) => {
    stubEngine(engine)
    const { model, read } = await open(both)
    await model.load()
    expect((await model.run({}))['y']!.data[0]).toBe(expected)
    expect(model.runSync({})['y']!.data[0]).toBe(expected)
    if (read) expect(read).toEqual([name])
    model.dispose()
  })

  it('a feature that this runtime does not know is not there', async () => {
    const { model } = await open([[['gc' as EngineFeature], 'relaxed']])
    await model.load()
    expect(model.runSync({})['y']!.data[0]).toBe(0)
    model.dispose()
  })

  it('a module that the engine refuses after all gives way to the one for every engine', async () => {
    stubEngine({ relaxed: true })
    const { model, read } = await open([[['relaxed-simd'], 'refused']])
    await model.load()
    expect((await model.run({}))['y']!.data[0]).toBe(0)
    if (read) expect(read).toEqual(['refused', 'base'])
    model.dispose()
  })

  it('each is held against its own hash', async () => {
    stubEngine({ relaxed: true })
    const { model } = await open([[['relaxed-simd'], 'relaxed']], factsOf([[['relaxed-simd'], 'threads']]))
    await expect(model.load()).rejects.toMatchObject({ code: 'LOAD_CHANGED' })
    model.dispose()
  })
})

it('in Node, they are taken at once, too', async () => {
  stubEngine({ relaxed: true })
  for (const [name, expected] of [
    ['relaxed', 1],
    ['refused', 0],
  ] as const) {
    const { model } = await inNode([[['relaxed-simd'], name]])
    expect(model.runSync({})['y']!.data[0]).toBe(expected)
    model.dispose()
  }
})

it('progress knows the size of the one that is fetched', async () => {
  stubEngine({ relaxed: true })
  const facts = factsOf([[['relaxed-simd'], 'relaxed']])
  const response = (name: string) => () => new Response(readFileSync(paths[name]!))
  const model = createWebModel(facts, {
    module: response('base'),
    variants: [{ needs: ['relaxed-simd'], module: response('relaxed') }],
  })
  const news: LoadProgress[] = []
  await model.load({ onProgress: (progress) => void news.push(progress) })
  const total = facts.bytes!.variants![0]!
  expect(news.at(-1)).toEqual({ loaded: total, total, file: 'module' })
})

it('the test for relaxed SIMD is well-formed: the engine says the same of it as of its function', async () => {
  const { bestOf } = await import('../../../src/runtime/wasm/features.ts')
  // (func (param v128 v128 v128) (result v128) … f32x4.relaxed_madd)
  const probe = [0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0]
  const { validate } = (globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }).WebAssembly
  const isThere = validate(Uint8Array.from([...probe, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11]))
  expect(bestOf([{ needs: ['relaxed-simd'] }])).toBe(isThere ? 0 : -1)
  expect(bestOf([{ needs: [] }])).toBe(0)
})

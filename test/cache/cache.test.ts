import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ArtifactFacts, artifactKey, type KeyParts, openCache, ownVersion } from '../../src/cache/index.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-test-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const parts: KeyParts = {
  model: 'a'.repeat(64),
  externalData: ['b'.repeat(64), 'c'.repeat(64)],
  directives: 'O=3&target=z16',
  target: 'z16',
  compiler: 'builtin gcc 12.2.0',
  operators: [],
  abi: 1,
}

describe('artifactKey', () => {
  it('is the same for the same parts', () => {
    expect(artifactKey(parts)).toMatch(/^[0-9a-f]{64}$/)
    expect(artifactKey({ ...parts })).toBe(artifactKey(parts))
  })

  it('is another one when any part is', () => {
    const others: Partial<KeyParts>[] = [
      { model: 'd'.repeat(64) },
      { externalData: [] },
      { externalData: [...parts.externalData].reverse() },
      { externalData: [parts.externalData.join('')] },
      { directives: 'O=2&target=z16' },
      { target: 'z17' },
      { compiler: 'builtin gcc 12.2.1' },
      { abi: 2 },
    ]
    const keys = [parts, ...others.map((other) => ({ ...parts, ...other }))].map(artifactKey)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('holds the version of this package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(ownVersion().startsWith(version)).toBe(true)
    // In a checkout also the state of its files.
    expect(ownVersion()).toMatch(/-[0-9a-f]{16}$/)
  })
})

describe('openCache', () => {
  const facts: ArtifactFacts = {
    signature: { inputs: [{ name: 'x', type: 'float32', shape: ['batch', 3, null] }], outputs: [] },
    target: 'z16',
    compiler: { name: 'builtin', version: '0.1.0 gcc 12.2.0' },
    seconds: 1.5,
    notes: ['a note'],
  }
  const make = (content: Uint8Array | string) => async (stagingRoot: string) => {
    const staging = mkdtempSync(join(stagingRoot, 'compile-'))
    writeFileSync(join(staging, 'model.so'), content)
    writeFileSync(join(staging, 'w'), 'constants')
    const constants = { path: join(staging, 'w'), name: 'fraud.constants.bin' }
    return { library: join(staging, 'model.so'), constants, facts, staging }
  }

  it('keeps the variants of an artifact in their order; a damaged one is the end of the entry', async () => {
    const key = artifactKey(parts)
    const withVariants = (contents: readonly string[]) => async (stagingRoot: string) => {
      const made = await make('the library')(stagingRoot)
      const variants = contents.map((content, i) => {
        const library = join(made.staging, `${i}.wasm`)
        writeFileSync(library, content)
        return { needs: i === 0 ? (['relaxed-simd', 'threads'] as const) : (['threads'] as const), library }
      })
      return { ...made, variants }
    }
    const cache = openCache({ root })
    const { artifact } = await cache.getOrMake(key, withVariants(['first', 'the second']))
    expect(artifact.variants).toMatchObject([
      { needs: ['relaxed-simd', 'threads'], bytes: 5 },
      { needs: ['threads'], bytes: 10 },
    ])
    const libraries = artifact.variants!.map(({ library }) => library)
    expect(libraries.map((library) => readFileSync(library, 'utf8'))).toEqual(['first', 'the second'])
    expect(await openCache({ root }).get(key)).toEqual(artifact)
    expect((await cache.store.list()).map(({ bytes }) => bytes)).toEqual([11 + 9 + 5 + 10])

    writeFileSync(libraries[1]!, 'damaged it')
    expect(await openCache({ root }).get(key)).toBeUndefined()
    const again = await openCache({ root }).getOrMake(key, withVariants(['first', 'the second']))
    expect(again).toMatchObject({ cached: false, artifact: { variants: artifact.variants } })

    await cache.store.prune(0)
    expect(libraries.map((library) => existsSync(library))).toEqual([false, false])
  })

  it('gives artifacts back as they were made', async () => {
    const key = artifactKey(parts)
    const { artifact, cached } = await openCache({ root }).getOrMake(key, make('the library'))
    expect(cached).toBe(false)
    expect(artifact).toMatchObject({ ...facts, bytes: 11, constants: { name: 'fraud.constants.bin' } })
    expect(readFileSync(artifact.library, 'utf8')).toBe('the library')
    expect(readFileSync(artifact.constants?.path ?? '', 'utf8')).toBe('constants')
    const again = openCache({ root })
    expect(await again.get(key)).toEqual(artifact)
    expect(await again.getOrMake(key, async () => expect.fail('is there'))).toEqual({ artifact, cached: true })
  })

  it('puts an artifact', async () => {
    const cache = openCache({ root })
    const { artifact } = await cache.getOrMake('1'.repeat(64), make('the library'))
    const put = await cache.put('2'.repeat(64), { library: artifact.library, facts })
    expect(put).toEqual({ ...artifact, constants: undefined })
    expect(await cache.get('2'.repeat(64))).toEqual(put)
  })

  it('keeps nothing when it is off', async () => {
    const cache = openCache({ root: false, cwd: root })
    const { artifact } = await cache.getOrMake('1'.repeat(64), make('the library'))
    expect(cache.store.folder).toBeUndefined()
    expect(existsSync(artifact.library)).toBe(true)
    rmSync(dirname(artifact.library), { recursive: true })
  })

  it('takes under 10 ms for a hit on a model and a library of 10 MB', async () => {
    const model = join(root, 'model.onnx')
    writeFileSync(model, randomBytes(10_000_000))
    const key = artifactKey(parts)
    await openCache({ root: join(root, 'cache') }).getOrMake(key, make(randomBytes(10_000_000)))
    await new Promise((resolve) => setTimeout(resolve, 2600)) // until both files are at rest
    const hit = async () => {
      const cache = openCache({ root: join(root, 'cache') })
      const started = performance.now()
      artifactKey({ ...parts, model: await cache.store.hashFile(model) })
      expect(await cache.get(key)).toBeDefined()
      return performance.now() - started
    }
    const first = await hit()
    const times: number[] = []
    for (let i = 0; i < 31; i++) times.push(await hit())
    const median = times.sort((a, b) => a - b)[15] ?? Infinity
    console.log(`cache hit: ${median.toFixed(2)} ms (hashing both files: ${first.toFixed(1)} ms)`)
    expect(median).toBeLessThan(10)
  })
})

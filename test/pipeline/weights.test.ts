import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline, type PluginOptions } from '../../src/pipeline/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { findWasm } from '../../src/toolchains/wasm-find.ts'
import { Random } from '../builtin/random/random.ts'
import { f32, node } from '../graph/models.ts'

const folder = mkdtempSync(join(tmpdir(), 'weights-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const random = new Random(3)

/** y = relu(x · W), W of 64 kB. */
const source: ModelSource = {
  opsets: { '': 21 },
  inputs: { x: f32('rows', 128) },
  outputs: { y: undefined },
  initializers: {
    W: tensorFrom(
      'float32',
      [128, 128],
      Array.from({ length: 128 * 128 }, () => random.next() * 2 - 1),
    ),
  },
  nodes: [node('MatMul', ['x', 'W'], ['h']), node('Relu', ['h'], ['y'])],
}

let count = 0

function written(model: ModelSource): string {
  const path = join(folder, `model-${count++}.onnx`)
  writeFileSync(path, modelBytes(model))
  return path
}

const path = written(source)

async function build(query: string, options: PluginOptions & { mode?: 'dev' | 'build' } = {}, model = path) {
  const { mode = 'build', ...rest } = options
  const [logs, warnings]: [string[], string[]] = [[], []]
  const pipeline = createPipeline({ cache: join(folder, 'cache'), O: 0, compiler: 'builtin', ...rest })
  const context = {
    mode,
    log: (line: string) => void logs.push(line),
    warn: (line: string) => void warnings.push(line),
  }
  return { ...(await pipeline.build(`${model}${query}`, context)), logs, warnings }
}

test(
  'each form is an artifact of its own, smaller by what the log says, and found again',
  { timeout: 120_000 },
  async () => {
    const builds = [await build(''), await build('?weights=f16'), await build('?weights=int8')] as const
    const [f32Bytes, f16Bytes, int8Bytes] = builds.map(({ artifact }) => readFileSync(artifact.library).length) as [
      number,
      number,
      number,
    ]
    expect(f32Bytes - f16Bytes).toBeGreaterThan(28_000)
    expect(f16Bytes - int8Bytes).toBeGreaterThan(12_000)
    const [, , int8] = builds
    expect(int8.logs.join('\n')).toMatch(
      /weights=int8: 66 kB → 17 kB of weights \(1 as int8\); furthest off is "W", by 0\.\d+ % \(RMS\), at most 0\.\d+ %/,
    )
    const again = await build('', { weights: 'int8' })
    expect(again).toMatchObject({ cached: true, artifact: { sha256: int8.artifact.sha256 } })
    expect((await build('?weights=f32', { weights: 'int8' })).artifact.sha256).toBe(builds[0].artifact.sha256)
  },
)

test(
  'maxWeightError holds outputs against a limit, in the log, as a warning in dev, as an error in builds',
  { timeout: 120_000 },
  async () => {
    const { logs } = await build('?weights=int8&maxWeightError=5e-2')
    expect(logs.at(-1)).toMatch(
      /weights=int8 changes outputs by up to 0\.\d+ % \(8 random inputs, run on .+\); 5 % is allowed$/,
    )
    const strict = { weights: 'int8', maxWeightError: 1e-4 } as const
    const { warnings } = await build('', { ...strict, mode: 'dev' })
    expect(warnings).toEqual([expect.stringMatching(/but maxWeightError allows 0\.01 %\. Use weights=f16, or see/)])
    // The second build finds both artifacts in the cache, and fails as the first.
    for (const _ of [1, 2])
      await expect(build('', strict)).rejects.toMatchObject({
        code: 'COMPILE_WEIGHT_ERROR',
        data: { what: 'outputs', weights: 'int8', maxWeightError: 1e-4 },
      })
    // A limit says nothing of weights as they are.
    expect((await build('', { maxWeightError: 0 })).logs.join()).not.toContain('changes')
  },
)

test('what can’t be run on random inputs is held against the error of its weights', { timeout: 120_000 }, async () => {
  const model = written({
    ...source,
    inputs: { x: f32(3, 128), one: tensorType('int64', [1]) },
    // Random inputs have zeros for integers, which this model refuses.
    nodes: [
      node('MatMul', ['x', 'W'], ['h']),
      node('Reshape', ['h', 'one'], ['flat'], { allowzero: 1n }),
      node('Relu', ['flat'], ['y']),
    ],
  })
  const { logs } = await build('?weights=int8&maxWeightError=1', {}, model)
  expect(logs.at(-1)).toMatch(
    /changes weights by up to 0\.\d+ % \(root mean square, as it can't be run on random inputs: /,
  )
  await expect(build('?weights=int8&maxWeightError=1e-6', {}, model)).rejects.toMatchObject({
    code: 'COMPILE_WEIGHT_ERROR',
    data: { what: 'weights' },
  })
})

const wasm = await findWasm().catch(() => undefined)
if (!wasm) console.log('skipped: compiling to WebAssembly (no clang with wasm-ld, no @yowasp/clang)')

test.runIf(wasm)(
  'WebAssembly has the same numbers, and is held against the same limit',
  { timeout: 240_000 },
  async () => {
    const x = Float32Array.from({ length: 256 }, (_, i) => Math.cos(i))
    const results = []
    for (const target of ['wasm', 'host']) {
      const { artifact, facts, addon, logs } = await build(`?weights=int8&maxWeightError=5e-2&target=${target}`)
      if (target === 'wasm') expect(logs.at(-1)).toMatch(/changes outputs by up to .* run on wasm\); 5 % is allowed/)
      const model = createNodeModel(facts, { library: artifact.library, ...(addon && { addon: addon.path }) })
      results.push([...(model.runSync({ x: { data: x, dims: [2, 128] } })['y']!.data as Float32Array)])
    }
    const [given, expected] = results as [number[], number[]]
    const largest = Math.max(...expected.map(Math.abs))
    expected.forEach((value, i) => expect(Math.abs(given[i]! - value)).toBeLessThan(2e-6 * largest))
  },
)

test('a target that can’t run here is held against what the host does', { timeout: 240_000 }, async () => {
  const target = process.arch === 'arm64' ? 'x86-64' : 'arm64'
  const { artifact, logs } = await build(`?weights=int8&maxWeightError=5e-2&target=${target}`).catch(
    (error: unknown) => {
      if ((error as { code?: string }).code?.startsWith('ENVIRONMENT')) return { artifact: undefined, logs: [] }
      throw error
    },
  )
  if (!artifact) return console.log(`skipped: no C compiler for ${target}`)
  expect(artifact.target).toBe(target)
  expect(logs.at(-1)).toMatch(/changes outputs by up to .* run on /)
  expect(logs.at(-1)).not.toContain(`run on ${target},`)
})

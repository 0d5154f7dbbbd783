import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Artifact } from '../../src/cache/artifact.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { edgeNote } from '../../src/pipeline/whole-module.ts'
import { createWebModel } from '../../src/runtime/web.ts'
import { denseModel, denseSignature } from '../hosts/browser/models.ts'
import { expectClose, onnxruntime, randomInputs, reference } from '../onnxruntime.ts'

const folder = mkdtempSync(join(tmpdir(), 'whole-module-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const path = join(folder, 'dense.onnx')
writeFileSync(path, denseModel(5))

const pipeline = createPipeline({ cache: join(folder, 'cache') })

async function build(query: string, platform: 'node' | 'browser' | 'edge') {
  const lines: string[] = []
  const warnings: string[] = []
  const log = (line: string): void => void lines.push(line)
  const warn = (line: string): void => void warnings.push(line)
  const built = await pipeline.build(path + query, { mode: 'build', platform, log, warn })
  return { ...built, warnings, isCompiled: lines.some((line) => line.startsWith('compiling')) }
}

test('one compile serves all ways of delivery; what is no file of its own has its weights inside', async () => {
  const beside = await build('', 'browser')
  expect(beside).toMatchObject({ files: 'url', isCompiled: true, artifact: { constants: { name: 'weights.bin' } } })
  const weightBytes = readFileSync(beside.artifact.constants!.path).length
  const set = randomInputs(denseSignature, 4)
  const ort = onnxruntime()
  const expected = ort && (await reference(ort, path, denseSignature, [set]))

  for (const [query, platform, files] of [
    ['?files=inline', 'browser', 'inline'],
    ['?files=module', 'browser', 'module'],
    ['', 'edge', 'module'],
    ['?files=url', 'edge', 'module'],
    ['?files=inline', 'edge', 'inline'],
    ['?target=wasm&files=inline', 'node', 'inline'],
  ] as const) {
    const { artifact, isCompiled, warnings, facts, ...built } = await build(query, platform)
    expect({ query, platform, isCompiled, files: built.files, warnings }).toEqual({
      query,
      platform,
      isCompiled: false,
      files,
      warnings: [],
    })
    expect(artifact.constants).toBeUndefined()
    const bytes = readFileSync(artifact.library)
    expect(bytes.length).toBeGreaterThan(weightBytes)
    expect(facts).toMatchObject({ sha256: { library: artifact.sha256 }, bytes: { library: bytes.length } })
    // Checked against these facts when it is loaded.
    const model = createWebModel(facts, { module: () => bytes })
    const { y } = await model.run({ x: Float32Array.from(set['x']!) })
    if (expected) expectClose({ y: [{ y: [...(y!.data as Float32Array)] }] }, { y: expected })
  }
  expect((await build('', 'browser')).artifact).toEqual(beside.artifact)
})

test('native libraries stay files', async () => {
  const { files, addon } = await build('?target=host&files=module', 'node')
  expect(files).toBe('url')
  expect(addon).toBeDefined()
})

test('a module beyond what edge hosts take is told with its size, and how to make it smaller', () => {
  const artifact = (bytes: number) => ({ bytes }) as Artifact
  expect(edgeNote('m.onnx', artifact(25 << 20))).toBeUndefined()
  expect(edgeNote('m.onnx', artifact((25 << 20) + 1))).toMatch(/^m\.onnx: .* 25\.0 MiB .* 25 MiB: weights=f16/)
})

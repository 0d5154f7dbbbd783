import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findWasm } from '../../src/toolchains/wasm-find.ts'
import { runCompiler } from '../../src/toolchains/spawn.ts'
import { compileLimits, readingOf } from '../../src/compilers/hardening.ts'
import { modelBytes, type ModelSource } from '../../src/onnx/build.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import { WireWriter } from '../../src/onnx/wire.ts'
import { createPipeline, type PluginOptions } from '../../src/pipeline/index.ts'
import { parseRequest } from '../../src/request/index.ts'
import { compileToStage } from '../../src/pipeline/stages.ts'
import { f32, node } from '../graph/models.ts'

const folder = mkdtempSync(join(tmpdir(), 'untrusted-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const chain = (count: number): ModelSource => ({
  opsets: { '': 21 },
  inputs: { v0: f32(2) },
  outputs: { [`v${count}`]: undefined },
  nodes: Array.from({ length: count }, (_, i) => node('Neg', [`v${i}`], [`v${i + 1}`])),
})

/** Builds a model that nobody vouches for; gives the warnings. */
async function build(path: string, options: PluginOptions = {}): Promise<string[]> {
  const warnings: string[] = []
  const pipeline = createPipeline({ untrusted: true, cache: join(folder, 'cache'), O: 0, ...options })
  await pipeline.build(path, { mode: 'build', log: () => {}, warn: (line) => warnings.push(line) })
  return warnings
}

test('a model is built, with a warning that its code is native', { timeout: 120_000 }, async () => {
  const warnings = await build(written('small.onnx', modelBytes(chain(3))))
  expect(warnings.join('\n')).toMatch(
    /small\.onnx is untrusted.*native code.*process or container of its own, or compile it with target=wasm/,
  )
})

test('WebAssembly is confined to its own memory: nothing to warn of', { timeout: 120_000 }, async (context) => {
  if (!(await findWasm().catch(() => undefined))) context.skip('nothing here compiles to WebAssembly')
  expect(await build(written('confined.onnx', modelBytes(chain(3))), { target: 'wasm' })).toEqual([])
})

test('a model beyond the tighter limits is refused, unless the limit is raised', async () => {
  const path = written('long.onnx', modelBytes(chain(20_001)))
  await expect(build(path)).rejects.toMatchObject({ code: 'MODEL_LIMIT', data: { limit: 'nodes', allowed: 20_000 } })
  const { limits } = readingOf(parseRequest(path, { untrusted: true }), { limits: { nodes: 30_000 } })
  expect(limits).toMatchObject({ nodes: 30_000, subgraphDepth: 8 })
})

test('external data is refused, although the file is there', async () => {
  const externalData = [{ key: 'location', value: 'w.bin' }]
  const bytes = onnx.ModelProto.encode(
    {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        node: [{ opType: 'Identity', input: ['W'], output: ['y'] }],
        output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
        initializer: [{ name: 'W', dataType: 1, dims: [4n], dataLocation: 1, externalData }],
      },
    },
    new WireWriter(),
  ).finish()
  writeFileSync(join(folder, 'w.bin'), new Uint8Array(16))
  await expect(build(written('outside.onnx', bytes))).rejects.toMatchObject({ code: 'MODEL_EXTERNAL_DATA' })
})

test('onnx-mlir is not run', async () => {
  const path = written('mlir.onnx', modelBytes(chain(1)))
  await expect(build(path, { compiler: 'onnx-mlir' })).rejects.toMatchObject({ code: 'USAGE_UNTRUSTED' })
  const staged = compileToStage(path, 'onnx-ir', { untrusted: true, outDir: folder })
  await expect(staged).rejects.toMatchObject({ code: 'USAGE_UNTRUSTED' })
})

test('the C compiler has less time and memory, and is ended beyond', { timeout: 60_000 }, async () => {
  const [tight, usual] = [true, false].map((untrusted) => compileLimits(parseRequest('/m.onnx', { untrusted })))
  expect(tight!.timeout).toBeLessThan(usual!.timeout)
  expect(tight!.memory).toBeLessThanOrEqual(usual!.memory)
  const greedy = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(2 ** 25, 1)), 5)'
  const running = runCompiler(process.execPath, ['-e', greedy], { memory: 300 * 2 ** 20, timeout: 30_000 })
  await expect(running).rejects.toMatchObject({ code: 'COMPILE_MEMORY' })
})

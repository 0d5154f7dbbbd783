import { expect, test } from 'vitest'
import { chromium } from '../../src/cli/bench/browser/chromium.ts'
import { cli, cliJson, fileWith } from './cli.ts'
import { denseModel } from './models.ts'

test.skipIf(!chromium)(
  'a page that Vite builds has a first result, times and a size',
  { timeout: 120_000 },
  async () => {
    const model = await fileWith('dense.onnx', denseModel())
    const args = ['--browser', '--engines', 'builtin-wasm', '--rounds', '1', '--seconds', '1']
    const { code, json, out } = await cliJson('bench', model, ...args)
    expect(code, out).toBe(0)
    const { engines, maxRelDiff } = json.models.dense
    const { firstResultMs, runUs, pairedRatio, size, modules } = engines['builtin-wasm']
    expect(firstResultMs.median).toBeGreaterThan(0)
    expect(runUs.median).toBeGreaterThan(0)
    expect(pairedRatio).toBe(1)
    expect(maxRelDiff).toBe(0)
    expect(size.files).toBe(3) // of Vite's output: not the module for engines without relaxed SIMD
    expect(modules).toEqual(['model-relaxed-simd.wasm'])
    expect(size.gzipBytes).toBeLessThan(size.bytes)
    expect(size.gzipBytes).toBeLessThan(25_000)
  },
)

test('engines without a page are refused by name', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const { code, err } = await cli('bench', model, '--browser', '--engines', 'builtin')
  expect(code).toBe(2)
  expect(err).toContain('builtin runs in no browser; builtin-wasm and onnxruntime-web do')
})

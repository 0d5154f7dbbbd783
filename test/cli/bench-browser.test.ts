import { expect, test } from 'vitest'
import { chromium } from '../../src/cli/bench/browser/browser.ts'
import { cli, cliJson, fileWith } from './cli.ts'
import { denseModel } from './models.ts'

test.skipIf(!chromium)(
  'a page that Vite builds has a first result, times and a size',
  { timeout: 120_000 },
  async () => {
    const model = await fileWith('dense.onnx', denseModel())
    const args = ['--browser', '--engines', 'builtin-wasm', '--rounds', '1', '--seconds', '1']
    const { code, json, out } = await cliJson('bench', model, ...args, '--files', 'url')
    expect(code, out).toBe(0)
    expect(out).toContain('over fast-4g')
    const { engines, maxRelDiff, emptyPageMs, emptyPageMsOver } = json.models.dense
    // The page and its script.
    expect(emptyPageMs.median).toBeGreaterThan(0)
    expect(emptyPageMsOver['fast-4g'].median).toBeGreaterThan(2 * 165)
    expect(emptyPageMsOver['fast-4g'].median).toBeLessThan(3 * 165)
    const { firstResultMs, overNetworks, runUs, pairedRatio, size, modules } = engines['builtin-wasm']
    // The page, its JavaScript, and the module that this asks for: each has to wait for the one before.
    expect(overNetworks['fast-4g'].firstResultMs.median).toBeGreaterThan(3 * 165)
    expect(overNetworks['fast-4g']).toMatchObject({ firstResultRatio: 1, ownRatio: 1 })
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

test.skipIf(!chromium)(
  'a small module is in the JavaScript by itself, and so there a round trip sooner',
  { timeout: 120_000 },
  async () => {
    const model = await fileWith('dense.onnx', denseModel())
    const args = ['--browser', '--engines', 'builtin-wasm', '--rounds', '1', '--seconds', '1', '--network', 'slow-4g']
    const { code, json, out } = await cliJson('bench', model, ...args)
    expect(code, out).toBe(0)
    const { overNetworks, size, modules } = json.models.dense.engines['builtin-wasm']
    expect(Object.keys(overNetworks)).toEqual(['slow-4g'])
    const { median } = overNetworks['slow-4g'].firstResultMs
    expect(median).toBeGreaterThan(2 * 562.5)
    expect(median).toBeLessThan(3 * 562.5)
    expect([size.files, modules]).toEqual([2, []])
  },
)

test('networks and places of files are known by name', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const network = await cli('bench', model, '--browser', '--network', 'fast-4g,pigeon')
  expect([network.code, network.err]).toEqual([2, expect.stringContaining('fast-4g, slow-4g, none; given pigeon')])
  const files = await cli('bench', model, '--browser', '--files', 'module')
  expect([files.code, files.err]).toEqual([
    2,
    expect.stringContaining('--files takes auto, url or inline; given module'),
  ])
})

test.each(['network', 'files'])('--%s without a browser is refused', async (name) => {
  const model = await fileWith('dense.onnx', denseModel())
  const { code, err } = await cli('bench', model, `--${name}`, 'url')
  expect([code, err]).toEqual([2, expect.stringContaining(`--${name} is for --browser`)])
})

test('engines without a page are refused by name', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const { code, err } = await cli('bench', model, '--browser', '--engines', 'builtin')
  expect(code).toBe(2)
  expect(err).toContain('builtin runs in no browser; builtin-wasm and onnxruntime-web do')
})

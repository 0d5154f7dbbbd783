import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const example = resolve('examples/edge-worker')
const run = promisify(execFile)

interface Measured {
  files: { file: string; bytes: number; gzipped: number }[]
  gzipped: number
  running: { name: string; target: string }
  transactions: number
  native: { target: string; largestDifference: number; tolerance: number }
  requestMs: { requests: number; score: number; hello: number }
}

const isInstalled = existsSync(join(example, 'demo/node_modules/miniflare'))
if (!isInstalled)
  console.log('skipped: workerd is not installed; run npm ci --ignore-scripts --prefix examples/edge-worker/demo')

describe.skipIf(!isInstalled)('the demo', () => {
  let measured: Measured
  let output = ''
  let scratch = ''

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'edge-worker-test-'))
    const json = join(scratch, 'demo.json')
    output = (await run(process.execPath, [join(example, 'demo.js'), '--json', json], { cwd: scratch })).stdout
    measured = JSON.parse(readFileSync(json, 'utf8')) as Measured
  })

  afterAll(() => {
    if (scratch) rmSync(scratch, { recursive: true, force: true })
  })

  test('scores in workerd as native code does', () => {
    expect(measured.running).toMatchObject({ name: 'fraud.onnx', target: 'wasm' })
    expect(measured.native.target).not.toBe('wasm')
    expect(measured.transactions).toBe(4096)
    expect(measured.native.tolerance).toBe(1e-6)
    expect(measured.native.largestDifference).toBeLessThanOrEqual(1e-6)
  })

  test('uploads the worker and its module, which stays an import', () => {
    expect(measured.files.map(({ file }) => file)).toEqual([expect.stringMatching(/^fraud-\w+\.wasm$/), 'worker.js'])
    expect(readFileSync(join(example, 'dist/worker.js'), 'utf8')).toMatch(/import [\w$]+ from\s*"\.\/fraud-\w+\.wasm"/)
    // A tenth of what Cloudflare's free plan takes.
    expect(measured.gzipped).toBeLessThan(300_000)
  })

  test('says how large it is and how long requests take', () => {
    const { requests, score, hello } = measured.requestMs
    expect(requests).toBeGreaterThanOrEqual(200)
    expect(score).toBeGreaterThan(0)
    expect(hello).toBeGreaterThan(0)
    expect(output).toMatch(/the worker +\S+ kB +\S+ kB/)
    expect(output).toMatch(/POST \/score, one transaction +\S+ (µs|ms)/)
  })

  test('leaves types behind that the worker is checked against', async () => {
    const tsc = resolve('node_modules/typescript/bin/tsc')
    const checked = await run(process.execPath, [tsc, '-p', example]).catch((error: unknown) => error)
    expect(checked).toEqual({ stdout: '', stderr: '' })
  })
})

test('its model is the fraud server’s', () => {
  expect(readFileSync(join(example, 'fraud.onnx'))).toEqual(readFileSync(resolve('examples/fraud-server/fraud.onnx')))
})

test('refuses unknown options', async () => {
  const failed = await run(process.execPath, [join(example, 'demo.js'), '--fast']).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('--json FILE') })
})

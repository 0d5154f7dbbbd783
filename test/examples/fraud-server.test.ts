import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const example = resolve('examples/fraud-server')
const run = promisify(execFile)

interface Measured {
  build: { files: { file: string; bytes: number }[] }
  compiler: { name: string; version: string }
  target: string
  quality: {
    transactions: number
    frauds: number
    averagePrecision: number
    atThreshold: { threshold: number; flagged: number; precision: number; recall: number }[]
  }
  reference: { largestDifference: number; tolerance: number }
  latencyMs: Record<'request' | 'model', { p50: number; p99: number }>
  folder: string
  exit: number | string
}

/** What the demo printed and measured; it leaves its folder, below `scratch`, to the tests of the service. */
let output = ''
let measured: Measured
let scratch = ''

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fraud-server-test-'))
  const json = join(scratch, 'demo.json')
  const { stdout } = await run(process.execPath, [join(example, 'demo.js'), '--keep', '--json', json], {
    cwd: scratch,
    env: { ...process.env, TMPDIR: scratch },
  })
  output = stdout
  measured = JSON.parse(readFileSync(json, 'utf8')) as Measured
})

afterAll(() => {
  if (scratch) rmSync(scratch, { recursive: true, force: true })
})

describe('the demo', () => {
  test('serves the scores of the training code’s own forward pass', () => {
    expect(measured.reference.tolerance).toBe(1e-5)
    expect(measured.reference.largestDifference).toBeLessThanOrEqual(1e-5)
    expect(measured.exit).toBe(0)
  })

  test('is good and not perfect on transactions that the model has not seen', () => {
    const { transactions, frauds, averagePrecision, atThreshold } = measured.quality
    expect(transactions).toBeGreaterThan(30_000)
    expect(frauds / transactions).toBeGreaterThan(0.01)
    expect(frauds / transactions).toBeLessThan(0.02)
    expect(averagePrecision).toBeGreaterThan(0.75)
    expect(averagePrecision).toBeLessThan(0.95)
    const half = atThreshold.find(({ threshold }) => threshold === 0.5)!
    expect(half.precision).toBeGreaterThan(0.8)
    expect(half.recall).toBeGreaterThan(0.65)
    // A higher bar flags fewer, with more of them right.
    expect(atThreshold.map(({ flagged }) => flagged)).toEqual(
      atThreshold.map(({ flagged }) => flagged).sort((a, b) => b - a),
    )
  })

  test('says what ran, where it is, and how long it took', () => {
    expect(['builtin', 'onnx-mlir']).toContain(measured.compiler.name)
    expect(output).toContain(`${measured.compiler.name} ${measured.compiler.version}`)
    expect(output).toContain(measured.target)
    expect(output).toMatch(/report +\S.*demo\.json/)
    const { request, model } = measured.latencyMs
    expect(model.p50).toBeGreaterThan(0)
    expect(model.p50).toBeLessThan(request.p50)
    expect(request.p50).toBeLessThanOrEqual(request.p99)
  })

  test('builds a folder that holds all it needs: server, library, addon', () => {
    const extensions = measured.build.files.map(({ file }) => /\.\w+$/.exec(file)?.[0]).sort()
    expect(extensions).toEqual(['.js', '.node', '.so'])
    for (const { file } of measured.build.files) expect(existsSync(join(measured.folder, file))).toBe(true)
  })

  test('leaves types behind that the service is checked against', async () => {
    const tsc = resolve('node_modules/typescript/bin/tsc')
    const checked = await run(process.execPath, [tsc, '-p', example]).catch((error: unknown) => error)
    expect(checked).toEqual({ stdout: '', stderr: '' })
  })

  test('refuses unknown options', async () => {
    const failed = await run(process.execPath, [join(example, 'demo.js'), '--fast']).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('--json FILE') })
  })
})

test('training again gives the committed model, byte for byte', async () => {
  const { stdout } = await run(process.execPath, [join(example, 'training', 'train.js'), '--check'])
  expect(stdout).toMatch(/fraud\.onnx: \d+ bytes compared/)
  expect(readFileSync(join(example, 'fraud.onnx')).length).toBeLessThan(100_000)
})

describe('the service', () => {
  let server: ChildProcess
  let url = ''

  beforeAll(async () => {
    // Moved once more: nothing in the build may remember where it was made or first ran.
    const folder = join(scratch, 'moved again ü')
    cpSync(measured.folder, folder, { recursive: true })
    server = spawn(process.execPath, ['server.js'], {
      cwd: folder,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string]
    url = line.replace('listening on ', '')
  })

  afterAll(() => {
    server?.kill('SIGKILL')
  })

  const suspicious = {
    amount: 950,
    category: 'electronics',
    hour: 3,
    distanceKm: 800,
    foreign: true,
    cardPresent: false,
    minutesSinceLast: 2,
    countLastHour: 2,
    spentLastDay: 700,
    usualAmount: 40,
  }
  const ordinary = {
    ...suspicious,
    amount: 32,
    category: 'grocery',
    hour: 17,
    distanceKm: 2,
    foreign: false,
    cardPresent: true,
    minutesSinceLast: 1500,
    countLastHour: 0,
    spentLastDay: 0,
  }

  const post = async (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) => {
    const response = await fetch(`${url}/score`, { method: 'POST', headers, body })
    return { status: response.status, body: (await response.json()) as unknown }
  }

  test('tells an ordinary purchase from a suspicious one, alone and in a batch', async () => {
    const alone = await Promise.all([ordinary, suspicious].map((transaction) => post(JSON.stringify(transaction))))
    expect(alone.map(({ status }) => status)).toEqual([200, 200])
    expect(alone[0]!.body).toMatchObject({ flagged: false, score: expect.closeTo(0, 2) })
    expect(alone[1]!.body).toMatchObject({ flagged: true })
    const batch = await post(JSON.stringify([ordinary, suspicious]))
    const verdicts = batch.body as { score: number; flagged: boolean }[]
    verdicts.forEach(({ score, flagged }, index) => {
      const single = alone[index]!.body as { score: number; flagged: boolean }
      expect(score).toBeCloseTo(single.score, 6)
      expect(flagged).toBe(single.flagged)
    })
    expect(verdicts).toHaveLength(2)
    expect(await post('[]')).toEqual({ status: 200, body: [] })
  })

  test('says on /health which compiler and target serve', async () => {
    const health = await (await fetch(`${url}/health`)).json()
    expect(health).toMatchObject({
      status: 'ok',
      compiler: measured.compiler,
      target: measured.target,
      inputs: [
        { name: 'features', type: 'float32', shape: ['batch', 8] },
        { name: 'category', type: 'int64', shape: ['batch'] },
        { name: 'hour', type: 'int64', shape: ['batch'] },
      ],
      outputs: [{ name: 'score', type: 'float32', shape: ['batch', 1] }],
    })
  })

  test.each([
    ['not JSON', '{', 400, 'not JSON'],
    ['null', 'null', 422, 'expected an object, got null'],
    ['a missing field', JSON.stringify({ ...ordinary, amount: undefined }), 422, 'amount must be a number'],
    ['a negative amount', JSON.stringify({ ...ordinary, amount: -1 }), 422, 'amount must be a number from 0'],
    ['a number too large for a double', JSON.stringify(ordinary).replace('32', '1e999'), 422, 'amount must be'],
    ['hour 24', JSON.stringify({ ...ordinary, hour: 24 }), 422, 'hour must be a whole number from 0 to 23'],
    ['half past three', JSON.stringify({ ...ordinary, hour: 3.5 }), 422, 'hour must be a whole number'],
    ['an unknown category', JSON.stringify({ ...ordinary, category: 'toString' }), 422, 'category must be one of'],
    ['text for a flag', JSON.stringify({ ...ordinary, foreign: 'no' }), 422, 'foreign must be true or false, got "no"'],
    ['a bad item in a batch', JSON.stringify([ordinary, 7]), 422, 'transaction 1: expected an object, got 7'],
    ['too large a batch', JSON.stringify(Array(1025).fill(ordinary)), 413, 'at most 1024'],
    ['too long a body', `"${'x'.repeat(2 ** 20)}"`, 413, 'more than 1048576 bytes'],
  ])('refuses %s', async (_, body, status, message) => {
    expect(await post(body)).toEqual({ status, body: { error: expect.stringContaining(message) } })
  })

  test('refuses other content, methods and paths', async () => {
    expect(await post('{}', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
    expect((await fetch(`${url}/score`)).status).toBe(405)
    expect((await fetch(`${url}/`)).status).toBe(404)
  })

  test('still serves after all that, and shuts down when asked', async () => {
    expect(await post(JSON.stringify(ordinary))).toMatchObject({ status: 200 })
    const exited = once(server, 'exit')
    server.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })
})

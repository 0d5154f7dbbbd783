import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { traceText } from '../../src/cli/bench/trace.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { installStandIn, libraryProgress, textsOf, workshop } from '../onnx-mlir/installed.ts'
import { cli, cliJson, fileWith, temporaryFolder } from './cli.ts'
import { unknownModel } from './models.ts'

const { fresh, remove } = workshop('cli-profile-test')
afterAll(remove)
afterEach(() => vi.unstubAllEnvs())

/** [batch, 256] · [256, 256], then a Softmax. */
const chain = modelBytes({
  opsets: { '': 17 },
  inputs: { x: tensorType('float32', ['batch', 256]) },
  outputs: { y: tensorType('float32', ['batch', 256]) },
  initializers: {
    w: tensorFrom(
      'float32',
      [256, 256],
      Array.from({ length: 65536 }, (_, i) => Math.sin(i) / 16),
    ),
  },
  nodes: [
    { op: 'MatMul', name: 'first, with a comma', inputs: ['x', 'w'], outputs: ['a'] },
    { op: 'Softmax', name: 'second \u001b[31m', inputs: ['a'], outputs: ['y'] },
  ],
})

interface Node {
  readonly name: string
  readonly op: string
  readonly calls: number
  readonly totalMs: number
  readonly meanUs: number
  readonly share: number
}

function expectConsistent({ runs, totalMs, nodes }: { runs: number; totalMs: number; nodes: readonly Node[] }): void {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  expect(sum(nodes.map((node) => node.totalMs))).toBeCloseTo(totalMs, 9)
  expect(sum(nodes.map(({ share }) => share))).toBeCloseTo(1, 9)
  expect(nodes.map((node) => node.totalMs)).toEqual(nodes.map((node) => node.totalMs).sort((a, b) => b - a))
  for (const { calls, meanUs, totalMs: ms, share } of nodes) {
    expect(calls).toBe(runs)
    expect(meanUs).toBeCloseTo((ms * 1000) / calls, 9)
    expect(share).toBeCloseTo(ms / totalMs, 9)
    expect(ms).toBeGreaterThan(0)
  }
}

describe('bench --profile', () => {
  test('tells the time of each node, the largest first', async () => {
    const model = await fileWith('chain.onnx', chain)
    const { code, json, out } = await cliJson('bench', model, '--profile', '--rounds', '7', '--dims', 'batch=64')
    expect(code).toBe(0)
    expect(Object.keys(json.models.chain)).toEqual(['builtin'])
    const profile = json.models.chain.builtin
    expect(profile).toMatchObject({
      runs: 7,
      target: resolveTarget('host').name,
      compiler: expect.stringMatching(/^builtin/),
      threads: 1,
    })
    expectConsistent(profile)
    expect(profile.nodes.map(({ name, op }: Node) => [name, op]).toSorted()).toEqual([
      ['first, with a comma', 'MatMul'],
      ['second \u001b[31m', 'Softmax'],
    ])
    expect(json.machine).toMatchObject({ arch: process.arch })

    expect(out).toMatch(/node +operator +calls +total ms +mean µs +share %\n/)
    expect(out).toMatch(/\n  first, with a comma +MatMul +7 +\d+\.\d{3} +\d+\.\d{2} +\d+\.\d\n/)
    expect(out).toContain('second \ufffd[31m')
    expect(out).not.toContain('\u001b')
  })

  test('--threads: what the model may have', async () => {
    const model = await fileWith('chain.onnx', chain)
    const { json, out } = await cliJson('bench', model, '--profile', '--rounds', '3', '--threads', '2')
    expect(json.models.chain.builtin.threads).toBe(2)
    expect(out).toContain('threads=2')
  })

  test('more work takes more time', async () => {
    const model = await fileWith('chain.onnx', chain)
    const usOf = async (batch: number): Promise<number> => {
      const { json } = await cliJson('bench', model, '--profile', '--rounds', '9', '--dims', `batch=${batch}`)
      return json.models.chain.builtin.nodes[0].meanUs
    }
    // 128 times the work; a pause of the machine may hit the shorter one.
    expect(await usOf(512)).toBeGreaterThan(2 * (await usOf(4)))
  })

  test('stops short of the rounds when time is up', async () => {
    const model = await fileWith('chain.onnx', chain)
    const { json } = await cliJson('bench', model, '--profile', '--rounds', '1000000', '--seconds', '0.05')
    const { runs } = json.models.chain.builtin
    expect(runs).toBeGreaterThanOrEqual(1)
    expect(runs).toBeLessThan(100_000)
    const once = await cliJson('bench', model, '--profile', '--rounds', '10', '--seconds', '0')
    expect(once.json.models.chain.builtin.runs).toBe(1)
  })

  test('--trace writes what Perfetto opens', async () => {
    const model = await fileWith('chain.onnx', chain)
    const file = join(await temporaryFolder(), 'trace.json')
    const { code } = await cli('bench', model, '--profile', '--rounds', '3', '--trace', file)
    expect(code).toBe(0)
    const { traceEvents } = JSON.parse(await readFile(file, 'utf8'))
    expect(traceEvents[0]).toEqual({ ph: 'M', name: 'process_name', pid: 1, tid: 1, args: { name: 'chain, builtin' } })
    const events = traceEvents.slice(1)
    expect(events).toHaveLength(6)
    for (const [i, event] of events.entries()) {
      expect(event).toMatchObject({
        ph: 'X',
        pid: 1,
        tid: 1,
        name: i % 2 ? 'second \u001b[31m' : 'first, with a comma',
      })
      // One after another, in microseconds; the clock's own numbers are rounded to nanoseconds.
      if (i > 0) expect(event.ts).toBeGreaterThanOrEqual(events[i - 1].ts + events[i - 1].dur - 0.002)
    }
  })

  test('a model that can’t be compiled is told, after one that can', async () => {
    const model = await fileWith('chain.onnx', chain)
    const unknown = await fileWith('unknown.onnx', unknownModel())
    const { code, json, out } = await cliJson('bench', model, unknown, '--profile', '--rounds', '1')
    expect(code).toBe(1)
    expect(json.models.chain.builtin.nodes).toHaveLength(2)
    expect(json.models.unknown.builtin.error).toContain('com.example.Frobnicate')
    expect(out).toContain('unknown, builtin: not available:')
  })

  test('a model without work at run time', async () => {
    const bytes = modelBytes({
      opsets: { '': 17 },
      inputs: { x: tensorType('float32', [2]) },
      outputs: { y: tensorType('float32', [2]) },
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    })
    const { code, json, out } = await cliJson('bench', await fileWith('idle.onnx', bytes), '--profile')
    expect(code).toBe(0)
    expect(json.models.idle.builtin).toMatchObject({ totalMs: 0, nodes: [] })
    expect(out).toContain('no node does anything at run time')
  })

  test.runIf(process.arch === 'x64')('both compilers, one after another', async () => {
    const model = await fileWith('chain.onnx', chain)
    const cache = await temporaryFolder()
    const options = { compiler: 'builtin', profile: 'onnx', cache } as const
    const quiet = { mode: 'build', log: () => undefined, warn: () => undefined } as const
    // Our compiler's library writes what it measures as one of onnx-mlir does, and stands in for one.
    const { artifact } = await createPipeline(options).build(model, quiet)
    const folder = fresh()
    const answer = {
      when: { EmitLib: 'true', 'profile-ir': 'Onnx' },
      stdout: libraryProgress,
      files: { '.so': { copy: artifact.library } },
    }
    const standIn = installStandIn(folder, [answer], textsOf('config-file'))
    vi.stubEnv('ONNX_MLIR_HOME', folder)
    const trace = join(folder, 'trace.json')
    const args = ['--profile', '--engines', 'onnx-mlir,builtin', '--rounds', '4', '--trace', trace, '--cache', cache]
    const { code, json, out } = await cliJson('bench', model, ...args)
    expect(code).toBe(0)
    expect(standIn.asked()).toHaveLength(1)
    expect(Object.keys(json.models.chain)).toEqual(['onnx-mlir', 'builtin'])
    for (const name of ['onnx-mlir', 'builtin']) {
      expectConsistent(json.models.chain[name])
      expect(json.models.chain[name]).toMatchObject({
        runs: 4,
        compiler: expect.stringMatching(new RegExp(`^${name}`)),
      })
      expect(out).toContain(`chain, ${name} `)
    }
    const { traceEvents } = JSON.parse(await readFile(trace, 'utf8'))
    const pids = traceEvents.map(({ pid }: { pid: number }) => pid)
    expect(pids).toEqual([...Array(9).fill(1), ...Array(9).fill(2)])
  })

  test('onnx-mlir where there is none', async () => {
    vi.stubEnv('ONNX_MLIR_HOME', undefined)
    vi.stubEnv('ONNX_MLIR_IMAGE', undefined)
    vi.stubEnv('PATH', '')
    const { code, json } = await cliJson(
      'bench',
      await fileWith('c.onnx', chain),
      '--profile',
      '--engines',
      'onnx-mlir',
    )
    expect(code).toBe(1)
    expect(json.models.c['onnx-mlir'].error).toMatch(/No onnx-mlir was found.*set ONNX_MLIR_HOME/s)
  })
})

test.each([
  [
    ['a.onnx', '--profile', '--engines', 'onnxruntime-node'],
    /--profile measures .*leave onnxruntime-node out of --engines/,
  ],
  [['a.onnx', '--profile', '--engines', 'builtin,builtin-wasm'], /leave builtin-wasm out of --engines/],
  [['a.onnx', '--profile', '--trace', '/nowhere/t.json'], /--trace \/nowhere\/t\.json: there is no folder \/nowhere/],
  [['a.onnx', '--trace', 't.json'], /--trace is for --profile/],
  [['a.onnx', '--profile', '--rounds', '0'], /--rounds must be a whole number of at least 1/],
  [['a.onnx', '--profile', '--dims', 'batch'], /--dims must be like batch=4/],
  [['a.onnx', '--profile', '--only', 'call-overhead'], /--profile needs a model/],
  [['a.onnx', '--profil'], /no option --profil\. Did you mean "--profile"\?/],
  [['--profile'], /MODEL is missing/],
])('bench %j is wrong usage', async (args, message) => {
  const { code, out, err } = await cli('bench', ...args)
  expect(err).toMatch(message)
  expect({ code, out }).toEqual({ code: 2, out: '' })
})

test('a trace that can’t be written is an error', async () => {
  const folder = await temporaryFolder()
  const model = await fileWith('chain.onnx', chain)
  const { code, err } = await cli('bench', model, '--profile', '--rounds', '1', '--trace', folder)
  expect(code).toBe(1)
  expect(err).toContain(`Can't write ${folder}`)
})

test('a trace of nothing is one', () => {
  expect(JSON.parse(traceText([]))).toEqual({ traceEvents: [], displayTimeUnit: 'ns' })
})

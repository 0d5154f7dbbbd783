import { expect, test } from 'vitest'
import { reasonOf, referenceAmong } from '../../src/cli/bench/engine.ts'
import { quiet } from '../../src/measure/quiet.ts'
import { timeInTurns } from '../../src/measure/rounds.ts'
import { overallRatios } from '../../src/cli/bench/tables.ts'
import { median, summarize } from '../../src/measure/statistics.ts'
import { cli, cliJson, fileWith } from './cli.ts'
import { denseModel, unknownModel } from './models.ts'

test('engines run in turn; those that are missing are reported', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const { code, json, out } = await cliJson(
    'bench',
    model,
    '--engines',
    'builtin,onnxruntime-web',
    '--rounds',
    '5',
    '--seconds',
    '1',
  )
  expect(code).toBe(0)
  const { builtin, 'onnxruntime-web': web } = json.models.dense
  expect(builtin).toMatchObject({ maxRelDiff: null, agrees: null, ratio: null, threads: 1 })
  for (const times of [builtin.runUs, builtin.asyncUs]) {
    expect(times.min).toBeGreaterThan(0)
    expect(times.median).toBeGreaterThanOrEqual(times.min)
  }
  expect(builtin.loadMs).toBeGreaterThan(0)
  expect(web).toEqual({ error: expect.stringContaining('onnxruntime-web is not installed') })
  expect(out).toContain('onnxruntime-web: not available')
})

test('--target is for the engine that has none of its own', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const short = ['--rounds', '1', '--seconds', '1', '--engines', 'builtin,builtin-wasm']
  const { json } = await cliJson('bench', model, '--target', 'z16,x86-64-v2', ...short)
  expect(json.models.dense.builtin.target).toBe('x86-64-v2')
  expect(json.models.dense['builtin-wasm'].target).toBe('wasm')
})

test('a reason is one line, and says something', () => {
  expect(reasonOf(new Error('no such model\n  at the bench'))).toBe('no such model')
  expect(reasonOf(new Error('\nBuild failed with 1 error:\n\n  error: m.onnx is empty\n  more'))).toBe(
    'Build failed with 1 error: error: m.onnx is empty',
  )
  expect(reasonOf('a text:')).toBe('a text:')
})

test('a model that can’t be compiled is reported with the reason', async () => {
  const model = await fileWith('unknown.onnx', unknownModel())
  const { code, json, out } = await cliJson('bench', model, '--engines', 'builtin')
  expect(code).toBe(0)
  expect(json.models.unknown.builtin.error).toContain('com.example.Frobnicate')
  expect(out).toContain('Frobnicate')
})

test.each([
  [['bench'], /MODEL is missing/],
  [['bench', '--models', '/nowhere'], /no folder \/nowhere/],
  [['bench', 'a.onnx', '--engines', 'bultin'], /no engine "bultin"\. Did you mean "builtin"\?/],
  [['bench', 'a.onnx', '--only', 'b'], /no model "b"\. There are call-overhead, a/],
  [['bench', 'a.onnx', '--target', 'x86-64-v9'], /Unknown target "x86-64-v9"/],
  [['bench', 'a.onnx', '--browser', '--target', 'x86-64-v3'], /--target is for engines in Node/],
  [['bench', 'a.onnx', '--memory', '--profile'], /--profile and --memory are two things/],
  [['bench', 'a.onnx', '--threads', '0'], /--threads must be a whole number of at least 1/],
])('%j is wrong usage', async (args, message) => {
  const { code, err } = await cli(...args)
  expect(err).toMatch(message)
  expect(code).toBe(2)
})

test('every round has one sample of each, and another one begins', async () => {
  const order: string[] = []
  const lane = (name: string) => ({
    name,
    run(times: number) {
      order.push(name)
      const end = performance.now() + 40 * times
      while (performance.now() < end);
    },
  })
  const samples = await timeInTurns([lane('a'), lane('b')], { rounds: 30, seconds: 0.01 })
  // Five rounds, however short the time; before them came the warm-up.
  expect(samples.get('a')).toHaveLength(5)
  expect(samples.get('b')).toHaveLength(5)
  expect(order.slice(-10).join('')).toBe('abbaabbaab')
  for (const time of samples.get('a') ?? []) expect(time).toBeGreaterThanOrEqual(40_000)
})

test('samples are measured by the clock that is given', async () => {
  let now = 0
  const lane = (name: string, ms: number) => ({ name, run: (times: number) => void (now += ms * times) })
  const samples = await timeInTurns([lane('a', 3), lane('b', 5)], { rounds: 6, seconds: 0.01, clock: () => now })
  expect([...samples]).toEqual([
    ['a', Array<number>(samples.get('a')!.length).fill(3000)],
    ['b', Array<number>(samples.get('b')!.length).fill(5000)],
  ])
})

test('a sample is taken when what was before it is quiet, after a run that is not timed', async () => {
  const order: string[] = []
  const lane = (name: string) => ({
    name,
    async run(times: number) {
      order.push(name.repeat(times))
      await new Promise((resolve) => setTimeout(resolve, 110))
    },
  })
  const quiet = async () => void order.push('-')
  await timeInTurns([lane('a'), lane('b')], { rounds: 2, seconds: 0.01, quiet })
  expect(order.join('')).toMatch(/^ab(?:(-aa-bb|-bb-aa))+$/)
})

test('it is quiet when no thread computes, and after half a second in any case', async () => {
  // Threads take one processor as long as they are asked for.
  const windowsOf = async (busy: number): Promise<number> => {
    let windows = 0
    let start = 0
    await quiet((before) => {
      const now = performance.now()
      if (!before) start = now
      else windows++
      return { user: before && windows <= busy ? 1000 * (now - start) : 0, system: 0 }
    })
    return windows
  }
  expect(await windowsOf(0)).toBe(1)
  expect(await windowsOf(7)).toBe(8)
  expect(await windowsOf(1000)).toBe(50)
  // And with what the system says.
  await quiet()
})

test('an abort ends the rounds', async () => {
  const controller = new AbortController()
  let runs = 0
  const pause = (): Promise<void> => {
    if (++runs === 40) controller.abort(new Error('enough'))
    return new Promise((resolve) => setTimeout(resolve, 10))
  }
  const lanes = [
    { name: 'a', run: pause },
    { name: 'b', run: pause },
  ]
  await expect(timeInTurns(lanes, { rounds: 1e9, seconds: 1e9, signal: controller.signal })).rejects.toThrow('enough')
})

test('median and least', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(median([])).toBeNaN()
  expect(summarize([3, 1, 2])).toEqual({ min: 1, median: 2 })
})

test('onnxruntime for the web is what others are compared with where the native one is not measured', () => {
  expect(referenceAmong(['builtin', 'onnxruntime-web', 'onnxruntime-node'])).toBe('onnxruntime-node')
  expect(referenceAmong(['builtin-wasm', 'onnxruntime-web'])).toBe('onnxruntime-web')
  expect(referenceAmong(['builtin-wasm'])).toBeUndefined()
})

test('over several models: the geometric mean of the ratios, and the least', () => {
  const result = (pairedRatio: number | null) => ({
    loadMs: 1,
    runUs: { min: 1, median: 1 },
    maxRelDiff: 0,
    agrees: true,
    ratio: pairedRatio,
    pairedRatio,
    rounds: 1,
  })
  const models = [{ builtin: result(8) }, { builtin: result(0.5) }, { builtin: { error: 'x' } }, { builtin: result(2) }]
  expect(overallRatios(models)).toEqual({ builtin: { mean: expect.closeTo(2), least: 0.5 } })
  expect(overallRatios([{ builtin: result(2), 'onnxruntime-node': result(null) }])).toEqual({})
})

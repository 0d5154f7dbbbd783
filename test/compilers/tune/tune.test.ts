import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildAddon } from '../../../src/builtin/addon.ts'
import { type BuiltinOptions, type BuiltinResult, compileBuiltin } from '../../../src/builtin/index.ts'
import type { CompileProgress } from '../../../src/compilers/compiler.ts'
import { tuneBuiltin, type TuneContext } from '../../../src/compilers/tune/index.ts'
import { type Variant, variants } from '../../../src/compilers/tune/variants.ts'
import type { Choices } from '../../../src/lowering/choices.ts'
import { type ModelSource, modelBytes, tensorType } from '../../../src/onnx/build.ts'
import type { Model } from '../../../src/onnx/model.ts'
import { readModel } from '../../../src/formats/read.ts'
import { createNodeModel } from '../../../src/runtime/node.ts'
import { canRun, resolveTarget } from '../../../src/targets/index.ts'
import { node } from '../../graph/models.ts'
import { workshop } from '../../onnx-mlir/installed.ts'
import { expectClose, onnxruntime, randomInputs, reference, type Values } from '../../onnxruntime.ts'
import { wave } from '../../ops/sessions.ts'

const { fresh, remove } = workshop('tune-test')
afterAll(remove)

const pads = [1n, 1n, 1n, 1n]
/** A bit of everything that variants change: convolutions for and not for Winograd, a depthwise one, a product. */
const source: ModelSource = {
  opsets: { '': 18 },
  inputs: { x: tensorType('float32', [1, 8, 13, 13]) },
  outputs: { y: tensorType('float32', [1, 37]) },
  initializers: {
    w1: wave([33, 8, 3, 3], 0.37),
    w2: wave([33, 1, 3, 3], 0.53),
    w3: wave([24, 33, 3, 3], 0.71),
    w4: wave([24, 37], 0.43),
  },
  nodes: [
    node('Conv', ['x', 'w1'], ['a'], { pads }),
    node('Conv', ['a', 'w2'], ['b'], { pads, group: 33n }),
    node('Abs', ['b'], ['size']),
    node('Sqrt', ['size'], ['c']),
    node('Conv', ['c', 'w3'], ['d'], { pads, strides: [3n, 3n] }),
    node('GlobalAveragePool', ['d'], ['e']),
    node('Flatten', ['e'], ['f']),
    node('MatMul', ['f', 'w4'], ['y']),
  ],
}

const folder = fresh()
const path = join(folder, 'model.onnx')
let model: Model
let addon = ''
beforeAll(async () => {
  writeFileSync(path, modelBytes(source))
  model = await readModel(path)
  addon = await buildAddon({ outDir: join(folder, 'addon') })
}, 120_000)

const options = (more: Partial<BuiltinOptions> = {}): BuiltinOptions => ({
  target: resolveTarget('host'),
  optimize: 3,
  identity: 'test',
  stagingRoot: folder,
  ...more,
})

const variant = (name: string, changes: Choices): Variant => ({ decides: 'rows', name, changes, suits: () => true })
/** Of a build without optimisation: faster in any case. */
const fast = variant('optimised', { flags: ['-O3'] })

async function tuned(own: readonly Variant[], more: Partial<TuneContext> = {}, of = model) {
  const [lines, steps]: [string[], CompileProgress[]] = [[], []]
  const result = await tuneBuiltin(of, options({ optimize: 0 }), {
    addon,
    seconds: 60,
    variants: own,
    log: (line) => lines.push(line),
    progress: (step) => steps.push(step),
    ...more,
  })
  return { ...result, lines, steps }
}

const random = (): Values[] => [7, 8].map((seed) => randomInputs(signature, seed))
const signature = { inputs: [{ name: 'x', type: 'float32', shape: [1, 8, 13, 13] }], outputs: [] } as const

/** What a build gives, as `reference` has it. */
function valuesOf(made: BuiltinResult, target = 'host'): Values[] {
  const facts = { name: 'm', target: resolveTarget(target).name, compiler: { name: 'builtin', version: '' } }
  const runnable = createNodeModel({ ...facts, signature: made.signature }, { addon, library: made.library })
  const results = random().map(({ x }) => {
    const { y } = runnable.runSync({ x: { data: Float32Array.from(x!), dims: [1, 8, 13, 13] } })
    return { y: [...(y!.data as Float32Array)] }
  })
  runnable.dispose()
  return results
}

describe.skipIf(process.platform === 'win32')('tuning', () => {
  test('keeps what is faster, whose numbers are right', { timeout: 120_000 }, async () => {
    const { made, tuned: found, lines, steps } = await tuned([fast])
    expect(found).toMatchObject({ winner: 'optimised', choices: { flags: ['-O3'] } })
    expect(found.ratio).toBeGreaterThan(1.03)
    expect(found.tried).toEqual([{ name: 'optimised', ratio: expect.any(Number) as number }])
    expect(lines).toEqual([
      expect.stringMatching(/^model\.onnx: tuned: optimised, [\d.]+ times as fast \(1 variant timed in \d+ s\)$/),
    ])
    expect(steps).toEqual([{ model: 'model.onnx', text: 'tuning: optimised', step: 1, steps: 1 }])
    const runtime = onnxruntime()
    if (runtime) expectClose({ m: valuesOf(made) }, { m: await reference(runtime, path, signature, random()) })
  })

  test('leaves out what gives other numbers, or does not compile', { timeout: 120_000 }, async () => {
    const wrong = variant('wrong', { flags: ['-O3', '-Dsqrtf=cbrtf'] })
    const broken = variant('broken', { flags: ['-include', 'nowhere.h'] })
    const { made, tuned: found, lines } = await tuned([wrong, broken])
    expect(found).toMatchObject({
      winner: 'default',
      choices: {},
      ratio: 1,
      tried: [
        {
          name: 'wrong',
          ratio: null,
          problem: expect.stringMatching(/^its results differ in output "y": element \d+ is/) as string,
        },
        { name: 'broken', ratio: null, problem: expect.stringContaining('nowhere.h') as string },
      ],
    })
    expect(lines[0]).toMatch(/^model\.onnx: the variant "wrong" is left out: its results differ in output "y"/)
    const { library } = await compileBuiltin(model, options({ optimize: 0 }))
    expect(valuesOf(made)).toEqual(valuesOf({ ...made, library }))
  })

  test('does not build what is the same C', { timeout: 60_000 }, async () => {
    const { tuned: found, steps } = await tuned([variant('nothing', { winograd: 'where it pays' })])
    expect(found.tried).toEqual([])
    expect(steps).toHaveLength(1)
  })

  test('ends when its time does', { timeout: 60_000 }, async () => {
    const { tuned: found } = await tuned([fast], { seconds: 0.1 })
    expect(found).toMatchObject({ winner: 'default', tried: [{ name: 'optimised', problem: 'no time was left' }] })
    expect(found.seconds).toBeLessThan(1)
  })

  test('ends when it is aborted, and leaves nothing behind', { timeout: 60_000 }, async () => {
    const controller = new AbortController()
    const staging = join(fresh(), 'staging')
    mkdirSync(staging)
    const running = tuneBuiltin(model, options({ stagingRoot: staging, signal: controller.signal }), {
      addon,
      seconds: 60,
      signal: controller.signal,
      variants: [variant('more', { flags: ['-O2'] })],
      progress: () => controller.abort(new Error('enough')),
    })
    await expect(running).rejects.toThrow('enough')
    expect(readdirSync(staging)).toEqual([])
  })

  test('says why a model whose results are random stays as it is', { timeout: 60_000 }, async () => {
    const place = join(fresh(), 'random.onnx')
    const nodes = [node('RandomNormal', [], ['r'], { shape: [4n] }), node('Add', ['r', 'x'], ['y'])]
    const inputs = { x: tensorType('float32', [4]) }
    writeFileSync(place, modelBytes({ opsets: { '': 18 }, inputs, outputs: { y: undefined }, nodes }))
    const { tuned: found, lines } = await tuned([fast], {}, await readModel(place))
    expect(found).toMatchObject({ winner: 'default', tried: [] })
    expect(lines).toEqual([expect.stringMatching(/^random\.onnx: not tuned, as its results are others in each run: /)])
  })

  test('says why a model that can not be run on made-up inputs stays as it is', { timeout: 60_000 }, async () => {
    const place = join(fresh(), 'gather.onnx')
    writeFileSync(
      place,
      modelBytes({
        opsets: { '': 18 },
        inputs: { x: tensorType('float32', [2]), shape: tensorType('int64', [1]) },
        outputs: { y: undefined },
        nodes: [node('Reshape', ['x', 'shape'], ['y'], { allowzero: 1n })],
      }),
    )
    const { tuned: found, lines } = await tuned([fast], {}, await readModel(place))
    expect(found).toMatchObject({ winner: 'default', tried: [], problem: expect.stringContaining('made up') as string })
    expect(lines).toEqual([expect.stringContaining('gather.onnx: not tuned, as it')])
  })
})

const levels = ['x86-64-v3', 'x86-64-v4'].filter((name) => canRun(resolveTarget(name)))
const runtime = onnxruntime()
describe.skipIf(!runtime).each(levels)('every variant for %s', (level) => {
  const target = resolveTarget(level)
  const all = variants.filter(({ suits }) => suits(target, 'om_conv2d_winograd_f32( om_conv2d_f32('))

  test.each(all)('$name gives what onnxruntime gives', { timeout: 120_000 }, async ({ changes }) => {
    const made = await compileBuiltin(model, options({ target, choices: changes }))
    expectClose({ m: valuesOf(made, level) }, { m: await reference(runtime!, path, signature, random()) })
  })
})

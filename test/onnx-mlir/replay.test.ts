import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { compileWithOnnxMlir, emitStage, reportCompile } from '../../src/onnx-mlir/compile.ts'
import { formatPlacement, parsePlacement, rulesForCompiler } from '../../src/onnx-mlir/placement.ts'
import { stages, type Stage } from '../../src/onnx-mlir/options.ts'
import { readModel } from '../../src/formats/read.ts'
import { tensorType, type ModelSource } from '../../src/onnx/build.ts'
import { type Answer, installStandIn, mlpSignature, mlpSource, target, workshop, writeModel } from './installed.ts'
import { haveRecordings, recording } from './recordings.ts'
import { recordedTexts, replay } from './replay.ts'

const { fresh, remove } = workshop('replay-test')
afterAll(remove)

async function setUp(answers: readonly Answer[], source: ModelSource = mlpSource) {
  const folder = fresh()
  const standIn = installStandIn(folder, answers, recordedTexts())
  const model = await writeModel(folder, source)
  return { ...standIn, model, context: { outDir: join(folder, 'out'), signature: mlpSignature } }
}

const host = { target: target('x86-64') }

describe.runIf(haveRecordings)('a real onnx-mlir, replayed', () => {
  test('makes a library', async () => {
    const { installation, model, context } = await setUp([replay('mlp.EmitLib')])
    const result = await compileWithOnnxMlir(installation, model, host, context)
    expect(result.notes).toEqual([])
    expect(result.compiler.version).toMatch(
      /^0\.4\.2, onnx version \S+ \(\S+ cc5be7b9486d55b14b59276dc70b72d97501aadf\)$/,
    )
    expect(result.phases).toHaveLength(6)
  })

  test('moves constants to a file', async () => {
    const { installation, model, context } = await setUp([replay('mlp.constants-file')])
    const result = await compileWithOnnxMlir(installation, model, { ...host, constants: 'file' }, context)
    expect(result.constants?.name).toMatch(/^m[0-9a-f]{16}\.constants\.bin$/)
    // The driver names the same file, so it is the one that the library will ask for.
    expect(result.output).toContain(result.constants?.name)
  })

  test.each([
    ['native', 'mlp.march-native', 'znver3'],
    ['x86-64-v3', 'mlp.march-x86-64-v3', 'x86-64-v3'],
  ] as const)('refuses --march=%s and takes --mcpu', async (march, refusal, mcpu) => {
    const works = replay('mlp.mcpu-znver3')
    const { installation, model, context, asked } = await setUp([
      replay(refusal),
      { ...works, when: { ...works.when, mcpu } },
    ])
    await compileWithOnnxMlir(installation, model, { ...host, march }, context)
    expect(asked().map(({ args }) => args.find((arg) => arg.startsWith('--m')))).toEqual([
      `--march=${march}`,
      `--mcpu=${mcpu}`,
    ])
  })

  test.each([
    ['mlp.op-stats', { opStats: true }, '"onnx.Gemm" : 2'],
    ['mlp.profile', { instrument: { profile: 'onnx' } }, 'Compilation completed'],
  ] as const)('%s', async (name, options, output) => {
    const { installation, model, context } = await setUp([replay(name)])
    const result = await compileWithOnnxMlir(installation, model, { ...host, ...options }, context)
    expect(result.output).toContain(output)
  })

  test.each(['onnx-basic', 'onnx-ir', 'mlir'] as const satisfies readonly Stage[])(
    'gives the stage %s',
    async (stage) => {
      const name = { 'onnx-basic': 'mlp.EmitONNXBasic', 'onnx-ir': 'mlp.EmitONNXIR', mlir: 'mlp.EmitMLIR' }[stage]
      const { installation, model, context } = await setUp([replay(name)])
      const result = await emitStage(installation, model, stage, 'mlp', host, context)
      expect(result.text).toBe(readFileSync(join(recording(name).folder, 'model.tmp'), 'utf8'))
      expect(stages).toContain(result.stage)
    },
  )

  test('an NNPA library can’t be linked here: refused before, and explained if the driver says it', async () => {
    const { installation, model, context, asked } = await setUp([replay('mlp.nnpa-lib')])
    await expect(compileWithOnnxMlir(installation, model, { target: target('z16') }, context)).rejects.toMatchObject({
      code: 'COMPILE_CROSS',
    })
    expect(asked()).toEqual([])
  })

  test('a placement is loaded', async () => {
    const { installation, model, asked } = await setUp([
      { ...replay('mlp.config-file'), when: { 'config-file': 'placement.json' } },
    ])
    const rules = parsePlacement(
      readFileSync(join(recording('mlp.config-file').folder, 'config.json'), 'utf8'),
      'config.json',
    )
    const placement = { rules, origin: 'mlp.placement.json' }
    const report = await reportCompile(installation, model, { target: target('z16'), placement })
    const told = formatPlacement(rulesForCompiler(rules, model), 'config-file')
    expect(JSON.parse(asked()[0]?.side['placement.json'] ?? '')).toEqual(JSON.parse(told))
    expect(parsePlacement(report.placement ?? '', 'saved')).toEqual(rules)
  })
})

describe.runIf(haveRecordings)('sources of an NNPA report, replayed', () => {
  test.each(
    ['mlp', 'mnist-8', 'fraud-lstm', 'ultraface-rfb-320'].flatMap((name) => [
      [name, 'z16'] as const,
      [name, 'z17'] as const,
    ]),
  )('%s on %s', async (name, level) => {
    const { installation, model: mlp } = await setUp([replay(`${name}.nnpa-${level}`)])
    const path = join(recording('help').folder, '../../../models', `${name}.onnx`)
    const model = existsSync(path) ? await readModel(path) : mlp
    const report = await reportCompile(installation, model, { target: target(level) })
    expect(report.dialect).toBe('config-file')
    expect(report.ir).toContain('zhigh.Stick')
    expect(report.ir).toMatch(/^#loc\d+ = loc\("/m)
    const placed = parsePlacement(report.placement ?? '', 'saved')
    expect(placed.length).toBeGreaterThan(0)
    expect(placed.every(({ device }) => device === 'nnpa' || device === 'cpu')).toBe(true)
    // The driver prints each reason twice.
    const printed = recording(`${name}.nnpa-${level}`)
      .stdout.split('\n')
      .filter((line) => line.startsWith('==NNPA'))
    expect(new Set(report.reportLines)).toEqual(new Set(printed))
    expect(report.reportLines).toHaveLength(new Set(printed).size)
  })
})

const unary = (op: string, name: string, domain = ''): ModelSource => ({
  opsets: { '': 17, 'com.example': 1 },
  inputs: { x: tensorType('float32', [4, 4]) },
  outputs: { y: tensorType('float32', [4, 4]) },
  nodes: [{ op, domain, name, inputs: ['x'], outputs: ['y'] }],
})

describe.runIf(haveRecordings)('failures of a real onnx-mlir, replayed', () => {
  test.each<[name: string, code: string, text: RegExp, source: ModelSource]>([
    [
      'error.unsupported-op',
      'UNSUPPORTED_OPERATOR',
      /at Det "Det_0": it has no code for the operator Det\./,
      unary('Det', 'Det_0'),
    ],
    ['error.unknown-op', 'UNSUPPORTED_OPERATOR', /at com\.example\.Custom "c"/, unary('Custom', 'c', 'com.example')],
    ['error.float16-nnpa-crash', 'COMPILE_NNPA_TYPE', /float32.*accel=none/, mlpSource],
    ['error.silero-ifless', 'COMPILE_FAILED', /computed in the model.*compiler=builtin/, mlpSource],
    ['error.silero-timeout', 'COMPILE_TIMEOUT', /stopped after 2 s.*compiler=builtin/, mlpSource],
    ['error.not-onnx', 'COMPILE_FORMAT', /can’t read the file as an ONNX model/, mlpSource],
    ['error.truncated', 'COMPILE_FORMAT', /can’t read the file as an ONNX model/, mlpSource],
    ['error.empty', 'COMPILE_EMPTY', /has no outputs/, mlpSource],
    ['error.unknown-flag', 'COMPILE_FLAG', /doesn’t know --no-such-flag/, mlpSource],
    ['error.bad-extension', 'COMPILE_INPUT', /Invalid input file/, mlpSource],
    ['error.missing-file', 'COMPILE_INPUT', /Unable to open or access/, mlpSource],
    ['error.no-output-dir', 'COMPILE_OUTPUT', /No such file or directory/, mlpSource],
    ['mlp.default-tag', 'COMPILE_FLAG', /refuses the tag/, mlpSource],
    ['mlp.nnpa-lib', 'COMPILE_CROSS', /another machine than the linker/, mlpSource],
    ['mlp.nnpa-no-march', 'COMPILE_CROSS', /run-time library zdnn/, mlpSource],
  ])('%s', async (name, code, text, source) => {
    const { installation, model, context, folder } = await setUp([replay(name, { when: {} })], source)
    const failing = compileWithOnnxMlir(installation, model, host, { ...context, timeoutMs: 2000 })
    const error: Error = await failing.then(
      () => new Error('it succeeded'),
      (thrown: Error) => thrown,
    )
    expect(error).toMatchObject({ code, message: expect.stringMatching(text) })
    expect(error.message).toMatch(/^\S+mlp\.onnx: onnx-mlir \(/)
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  test('the built-in compiler is offered only where it can', async () => {
    const source = unary('Det', 'Det_0')
    const { installation, model, context } = await setUp([replay('error.unsupported-op', { when: {} })], source)
    const attempt = (builtinCan: boolean) =>
      compileWithOnnxMlir(installation, model, host, { ...context, builtinCan: ({ op }) => builtinCan && op === 'Det' })
    await expect(attempt(true)).rejects.toThrow('The built-in compiler can make it: use compiler=builtin.')
    await expect(attempt(false)).rejects.toThrow('The built-in compiler can’t make it either')
  })

  test('a recording without a failure stays one', async () => {
    for (const name of ['error.custom-domain', 'error.no-runtime-library', 'hardlink']) {
      const { installation, model, context } = await setUp([replay(name, { when: {} })])
      expect((await compileWithOnnxMlir(installation, model, host, context)).notes).toEqual([])
    }
  })
})

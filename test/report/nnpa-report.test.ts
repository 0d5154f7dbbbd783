import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { nnpaReport } from '../../src/pipeline/nnpa-report.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { type Answer, installStandIn, textsOf, workshop, writeModel } from '../onnx-mlir/installed.ts'

const { fresh, remove } = workshop('nnpa-report-test')
afterAll(remove)

const ir = `  %0 = "zhigh.MatMul"(%a) : (f) -> f loc(#loc1)
  %1 = "onnx.Relu"(%0) : (f) -> f loc("Relu_1")
  %2 = "zhigh.MatMul"(%1) : (f) -> f loc(fused[#loc1, "Gemm_2"])
  %3 = "onnx.Softmax"(%2) : (f) -> f loc("Softmax_3")
#loc1 = loc("Gemm_0")`

const answer: Answer = {
  when: { EmitZHighIR: 'true', maccel: 'NNPA', march: 'z16' },
  stdout: '==NNPA-UNSUPPORTEDOPS-REPORT==, onnx.Softmax, Softmax_3, Not today.\n',
  files: { '.tmp': { text: ir }, 'save-config-file': { text: '{}' } },
}

async function setUp(answers: readonly Answer[], texts = textsOf('config-file')) {
  const folder = fresh()
  const { asked } = installStandIn(folder, answers, texts)
  const warnings: string[] = []
  return {
    asked,
    warnings,
    model: await writeModel(folder),
    options: { path: folder, onWarning: (line: string) => void warnings.push(line) },
  }
}

test('an onnx-mlir with NNPA is asked', async () => {
  const { model, options, warnings } = await setUp([answer])
  const report = await nnpaReport(model, 'z16', options)
  expect(report).toMatchObject({ source: 'onnx-mlir', compiler: expect.stringMatching(/^onnx-mlir \S/) })
  expect(report.nodes.map(({ device, reasons }) => [device, ...reasons])).toEqual([
    ['nnpa'],
    ['cpu'],
    ['nnpa'],
    ['cpu', 'Not today.'],
  ])
  expect(warnings).toEqual([])
})

test('nodes without names have some while it is asked', async () => {
  const folder = fresh()
  const standIn = installStandIn(folder, [
    { ...answer, files: { '.tmp': { text: '  %0 = "zhigh.Exp"(%a) : (f) -> f loc("Exp_0")' } } },
  ])
  const bytes = modelBytes({
    opsets: { '': 13 },
    inputs: { x: tensorType('float32', [4]) },
    outputs: { y: tensorType('float32', [4]) },
    nodes: [{ op: 'Exp', inputs: ['x'], outputs: ['y'] }],
  })
  const report = await nnpaReport(decodeModel(bytes), 'z16', { path: folder })
  expect(report).toMatchObject({ source: 'onnx-mlir', nodes: [{ name: 'Exp_0', device: 'nnpa' }] })
  expect(standIn.asked()).toHaveLength(1)
})

test('a placement reaches the compile, and one that names unknown nodes does not', async () => {
  const { model, options, asked } = await setUp([answer])
  const rules = [{ nodeName: 'Gemm_.*', device: 'cpu' as const }]
  await nnpaReport(model, 'z16', { ...options, placement: { rules, origin: 'p.json' } })
  expect(Object.values(asked()[0]!.side).join()).toContain('Gemm_.*')
  const unknown = { rules: [{ nodeName: 'Gem', device: 'cpu' as const }], origin: 'p.json' }
  await expect(nnpaReport(model, 'z16', { ...options, placement: unknown })).rejects.toMatchObject({
    code: 'USAGE_PLACEMENT',
  })
})

test('without NNPA, or with a compile that fails, the report is predicted, and says why', async () => {
  const texts = textsOf('config-file')
  const withoutNnpa = {
    ...texts,
    help: texts
      .help!.split('\n')
      .filter((line) => !/nnpa|zhigh|zlow/i.test(line))
      .join('\n'),
  }
  const plain = await setUp([answer], withoutNnpa)
  expect(await nnpaReport(plain.model, 'z16', plain.options)).toMatchObject({ source: 'predicted' })
  expect(plain.warnings.join()).toMatch(/built without NNPA/)

  const failing = await setUp([{ when: {}, exit: 14, stderr: 'something broke\n' }])
  expect(await nnpaReport(failing.model, 'z16', failing.options)).toMatchObject({ source: 'predicted' })
  expect(failing.warnings.join()).toMatch(/^The report is predicted, as onnx-mlir failed: /)
})

test('predicted on request asks nobody; an onnx-mlir that was named and is absent is an error', async () => {
  const { model, options, asked } = await setUp([answer])
  expect(await nnpaReport(model, 'z16', { ...options, predicted: true })).toMatchObject({ source: 'predicted' })
  expect(asked()).toEqual([])
  await expect(nnpaReport(model, 'z16', { path: join(options.path, 'nowhere') })).rejects.toMatchObject({
    code: 'ENVIRONMENT_ONNX_MLIR',
  })
})

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emitStage } from '../../src/onnx-mlir/compile.ts'
import { findOnnxMlir } from '../../src/onnx-mlir/find.ts'
import { countOperations, dialectOf } from '../../src/onnx-mlir/operations.ts'
import { readModel } from '../../src/onnx/read.ts'
import { createPipeline } from '../../src/pipeline.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { expectClose, modelsFolder, onnxruntime, randomInputs, reference, type Values } from '../onnxruntime.ts'

// The models that a real onnx-mlir compiles in reasonable time, see reference/onnx-mlir.md §8.
const names = ['fraud-lstm', 'mnist-8', 'ultraface-rfb-320', 'light-squeezenet']

const installed = Boolean(process.env['ONNX_MLIR_HOME'] ?? process.env['ONNX_MLIR_IMAGE'])
if (!installed) console.log('skipped: set ONNX_MLIR_HOME or ONNX_MLIR_IMAGE to compile with a real onnx-mlir')
const present = names.every((name) => existsSync(join(modelsFolder, `${name}.onnx`)))
if (!present) console.log('skipped: the models of ../shared/models are not here')
const ort = onnxruntime()

describe.skipIf(!installed || !present || !ort)('a real onnx-mlir agrees with onnxruntime', () => {
  let cache: string
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'onnx-mlir-real-'))
  })
  afterAll(() => rm(cache, { recursive: true, force: true }))

  test.each(names)('%s', { timeout: 900_000 }, async (name) => {
    const path = join(modelsFolder, `${name}.onnx`)
    const built = await createPipeline({ cache, compiler: 'onnx-mlir' }).build(path, {
      mode: 'build',
      log: () => undefined,
      warn: () => undefined,
    })
    const { artifact, addon, facts } = built
    const files = {
      addon: addon.path,
      library: artifact.library,
      ...(artifact.constants && { constants: artifact.constants.path }),
    }
    const model = createNodeModel(facts, files)
    const sets = [1, 2, 3].map((seed) => randomInputs(artifact.signature, seed))
    const results: Values[] = sets.map((set) => {
      const feeds = Object.entries(set).map(([input, values]) => [input, Float32Array.from(values)] as const)
      const outputs = Object.entries(model.runSync(Object.fromEntries(feeds)))
      return Object.fromEntries(outputs.map(([output, { data }]) => [output, Array.from(data as Float32Array)]))
    })
    expectClose({ [name]: results }, { [name]: await reference(ort!, path, artifact.signature, sets) })
  })
})

describe.skipIf(!installed || !present)('stages of a real onnx-mlir', () => {
  let outDir: string
  beforeAll(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'onnx-mlir-real-stages-'))
  })
  afterAll(() => rm(outDir, { recursive: true, force: true }))

  test.each([
    ['onnx-basic', /^(builtin|func|onnx)$/, 'onnx.Conv'],
    ['onnx-ir', /^(builtin|func|onnx)$/, 'onnx.Conv'],
    ['mlir', /^(?!onnx$)/, 'affine.for'],
    ['llvm-ir', /^(builtin|llvm)$/, 'llvm.func'],
  ] as const)('%s of mnist-8', { timeout: 900_000 }, async (stage, dialect, operation) => {
    const installation = await findOnnxMlir()
    const model = await readModel(join(modelsFolder, 'mnist-8.onnx'))
    const { text = '' } = await emitStage(
      installation!,
      model,
      stage,
      'm',
      { target: resolveTarget('host') },
      { outDir },
    )
    const counts = countOperations(text)
    expect(counts.get(operation)).toBeGreaterThan(0)
    for (const name of counts.keys()) expect(dialectOf(name)).toMatch(dialect)
  })
})

import { rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OnnxMlirSettings } from '../../src/compilers/look-for-onnx-mlir.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { compileToStage } from '../../src/pipeline/stages.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { type Answer, installStandIn, libraryProgress, mlpSource, textsOf, workshop } from '../onnx-mlir/installed.ts'

const { fresh, remove } = workshop('choose-test')
afterAll(remove)

/** Two models that differ in a weight, and what the built-in compiler makes of each. */
const models = { same: '', other: '' }
const libraries = { same: '', other: '' }
const cache = fresh()

beforeAll(async () => {
  const folder = fresh()
  const bias = tensorFrom('float32', [4], [1, 2, 3, 4])
  for (const name of ['same', 'other'] as const) {
    models[name] = join(folder, `${name}.onnx`)
    const initializers = { ...mlpSource.initializers, ...(name === 'other' && { b2: bias }) }
    await writeFile(models[name], modelBytes({ ...mlpSource, initializers }))
    libraries[name] = (await build(name, 'builtin')).artifact.library
  }
})

interface Said {
  readonly logs: string[]
  readonly warnings: string[]
}

async function build(model: keyof typeof models, compiler: string, onnxMlir: OnnxMlirSettings = {}, said?: Said) {
  const pipeline = createPipeline({ cache, onnxMlir })
  return pipeline.build(`${models[model]}?compiler=${compiler}`, {
    mode: 'build',
    log: (line) => said?.logs.push(line),
    warn: (line) => said?.warnings.push(line),
  })
}

/** Settings that lead to an onnx-mlir whose every compile ends as told. */
function standIn(
  answer: Omit<Answer, 'when'>,
  texts = textsOf('config-file', 'x86_64-unknown-linux-gnu'),
): OnnxMlirSettings {
  const { installation } = installStandIn(fresh(), [{ when: { EmitLib: 'true' }, ...answer }], texts)
  return { path: installation.path }
}

const gives = (library: string): OnnxMlirSettings =>
  standIn({ stdout: libraryProgress, files: { '.so': { copy: library } } })
const fails = (): OnnxMlirSettings => standIn({ exit: 12, stderr: 'ld: cannot find -lcruntime\n' })

describe.runIf(process.arch === 'x64')('which compiler runs', () => {
  test('auto takes an onnx-mlir that can make the target, and its library runs', async () => {
    const { artifact, addon, facts } = await build('same', 'auto', gives(libraries.same))
    expect(artifact.compiler.name).toBe('onnx-mlir')
    const model = createNodeModel(facts, { addon: addon!.path, library: artifact.library })
    expect(model.runSync({ x: { data: new Float32Array(64), dims: [2, 32] } })['y']!.dims).toEqual([2, 4])
  })

  test('auto goes on with the built-in compiler when onnx-mlir fails, and says so once', async () => {
    const said: Said = { logs: [], warnings: [] }
    const { artifact } = await build('same', 'auto', fails(), said)
    expect(artifact.compiler.name).toBe('builtin')
    expect(said.warnings).toHaveLength(1)
    expect(said.warnings[0]).toMatch(/onnx-mlir failed on same\.onnx, so the builtin compiler takes over: .*cruntime/s)
  })

  test('a pinned onnx-mlir that fails is an error', async () => {
    await expect(build('same', 'onnx-mlir', fails())).rejects.toThrow(/cruntime/)
  })

  test('a pinned onnx-mlir that is not there is an error that says how to get one', async () => {
    const nowhere = fresh()
    rmSync(nowhere, { recursive: true })
    await expect(build('same', 'onnx-mlir', { path: nowhere })).rejects.toThrow(/holds no executable onnx-mlir/)
  })

  test('one for another machine is passed over, and refused when pinned', async () => {
    const s390x = standIn({ files: {} }, textsOf('config-file', 's390x-ibm-linux-gnu'))
    expect((await build('same', 'auto', s390x)).artifact.compiler.name).toBe('builtin')
    await expect(build('same', 'onnx-mlir', s390x)).rejects.toThrow(/can't cross-compile to x86-64/)
  })

  test('small weights are the built-in compiler’s: auto and fastest say so, a pinned onnx-mlir is refused', async () => {
    for (const compiler of ['auto', 'fastest']) {
      const said: Said = { logs: [], warnings: [] }
      const { artifact } = await build('same', `${compiler}&weights=f16`, gives(libraries.same), said)
      expect(artifact.compiler.name).toBe('builtin')
      expect(said.warnings).toEqual([expect.stringContaining('onnx-mlir has no weights=f16')])
    }
    const pinned = build('same', 'onnx-mlir&weights=int8', gives(libraries.same))
    await expect(pinned).rejects.toMatchObject({ name: 'UsageError', code: 'USAGE_WEIGHTS' })
    await expect(pinned).rejects.toThrow(/Use compiler=builtin for weights=int8, or leave weights out/)
    const stage = compileToStage(`${models.same}?weights=f16`, 'mlir', { outDir: fresh() })
    await expect(stage).rejects.toMatchObject({ code: 'USAGE_WEIGHTS' })
    const { artifact } = await build('same', 'onnx-mlir&weights=f32', gives(libraries.same))
    expect(artifact.compiler.name).toBe('onnx-mlir')
  })

  test('fastest builds both, checks that they agree and keeps one', async () => {
    const said: Said = { logs: [], warnings: [] }
    const { artifact } = await build('same', 'fastest', gives(libraries.same), said)
    const measured = said.logs.find((line) => line.includes('µs'))
    expect(measured).toMatch(/builtin [\d.]+ µs/)
    expect(measured).toMatch(/onnx-mlir [\d.]+ µs/)
    expect(measured!.startsWith(artifact.compiler.name)).toBe(true)
  })

  test('fastest refuses libraries that disagree', async () => {
    await expect(build('same', 'fastest', gives(libraries.other))).rejects.toThrow(/differ in output "y"/)
  })
})

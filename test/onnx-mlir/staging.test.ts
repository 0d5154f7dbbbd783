import { execFileSync } from 'node:child_process'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { compileWithOnnxMlir } from '../../src/onnx-mlir/compile.ts'
import { type Staging, stageModel, stagedModel } from '../../src/onnx-mlir/staging.ts'
import { readModel } from '../../src/formats/read.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { addModelWeights, addModelWithExternalData } from '../hosts/models.ts'
import { installStandIn, makesLibrary, mlpSignature, mlpSource, target, workshop, writeModel } from './installed.ts'

const { folder, fresh, remove } = workshop('staging-test')
const mounts: string[] = []
afterAll(() => {
  for (const mount of mounts) execFileSync('umount', [mount])
  remove()
})

describe('staging', () => {
  test('makes real, private copies from linked files, and removes them', async () => {
    const source = fresh()
    await writeModel(source, mlpSource, 'real.onnx')
    linkSync(join(source, 'real.onnx'), join(source, 'hard.onnx'))
    symlinkSync('hard.onnx', join(source, 'linked.onnx'))
    const model = await readModel(join(source, 'linked.onnx'))
    const parent = join(fresh(), 'not', 'there', 'yet')
    const staging = await stageModel(model, { parent })
    const copy = lstatSync(join(staging.work, stagedModel))
    expect([copy.isSymbolicLink(), copy.nlink]).toEqual([false, 1])
    expect(readFileSync(join(staging.work, stagedModel))).toEqual(readFileSync(join(source, 'real.onnx')))
    if (process.platform !== 'win32') expect(statSync(staging.root).mode & 0o777).toBe(0o700)
    await staging[Symbol.asyncDispose]()
    expect(readdirSync(parent)).toEqual([])
  })

  test('finds external data of a model in a linked folder', async () => {
    const [real, place] = [fresh(), fresh()]
    mkdirSync(join(real, 'data'))
    writeFileSync(join(real, 'data', 'w.bin'), addModelWeights(10))
    writeFileSync(join(real, 'm.onnx'), addModelWithExternalData('data/w.bin'))
    symlinkSync(real, join(place, 'models'))
    const model = await readModel(join(place, 'models', 'm.onnx'))
    await using staging = await stageModel(model, { parent: fresh() })
    expect(stagedFiles(staging)).toEqual(['data', join('data', 'w.bin'), 'model.onnx'])
  })

  test('gives external data the name that the model has for them, where that is a link', async () => {
    const source = fresh()
    mkdirSync(join(source, 'blobs'))
    writeFileSync(join(source, 'blobs', '5e1f'), addModelWeights(10))
    symlinkSync(join('blobs', '5e1f'), join(source, 'weights.bin'))
    writeFileSync(join(source, 'm.onnx'), addModelWithExternalData('weights.bin'))
    await using staging = await stageModel(await readModel(join(source, 'm.onnx')), { parent: fresh() })
    expect(stagedFiles(staging)).toEqual(['model.onnx', 'weights.bin'])
    const copy = join(staging.work, 'model', 'weights.bin')
    expect(lstatSync(copy).isSymbolicLink()).toBe(false)
    expect(readFileSync(copy)).toEqual(Buffer.from(addModelWeights(10)))
  })

  test('a link that was led elsewhere since the model was read is noticed', async () => {
    const source = fresh()
    for (const bias of [10, 20]) writeFileSync(join(source, `${bias}.bin`), addModelWeights(bias))
    symlinkSync('10.bin', join(source, 'weights.bin'))
    writeFileSync(join(source, 'm.onnx'), addModelWithExternalData('weights.bin'))
    const model = await readModel(join(source, 'm.onnx'))
    rmSync(join(source, 'weights.bin'))
    symlinkSync('20.bin', join(source, 'weights.bin'))
    await expect(stageModel(model, { parent: fresh() })).rejects.toMatchObject({ code: 'MODEL_CHANGED' })
  })

  test('a model that came as bytes needs them', async () => {
    const bytes = modelBytes(mlpSource)
    const model = decodeModel(bytes, { path: 'virtual.onnx' })
    await expect(stageModel(model, { parent: fresh() })).rejects.toMatchObject({ code: 'MODEL_BYTES' })
    await using staging = await stageModel(model, { parent: fresh(), bytes })
    expect(readFileSync(join(staging.work, stagedModel))).toEqual(Buffer.from(bytes))
  })
})

const stagedFiles = ({ work }: Staging): string[] =>
  readdirSync(join(work, 'model'), { recursive: true }).map(String).sort()

/** A file system of this many KiB, where this user may mount one. */
function smallDisk(kib: number): string | undefined {
  const mount = join(folder, `disk-${kib}`)
  mkdirSync(mount)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', mount], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  mounts.push(mount)
  return mount
}

const staging = process.platform === 'linux' ? smallDisk(16) : undefined
const products = process.platform === 'linux' ? smallDisk(8) : undefined
if (staging === undefined) console.log('skipped: a full disk (this user may not mount a small one)')

describe.runIf(staging !== undefined && products !== undefined)('a full disk', () => {
  async function setUp() {
    const { installation } = installStandIn(fresh(), [makesLibrary])
    return { installation, model: await writeModel(fresh()), options: { target: target('x86-64') } }
  }

  test('under the staging folder is noticed before anything runs', async () => {
    const { installation, model, options } = await setUp()
    const context = { outDir: fresh(), signature: mlpSignature, stagingParent: staging }
    await expect(compileWithOnnxMlir(installation, model, options, context)).rejects.toMatchObject({
      code: 'ENVIRONMENT_DISK',
      message: expect.stringMatching(/takes about \d\d KiB in .*, which has \d+ KiB left/),
    })
    expect(readdirSync(staging ?? '')).toEqual([])
  })

  test('under the products leaves no half of one', async () => {
    const { installation, model, options } = await setUp()
    writeFileSync(join(products ?? '', 'filler'), Buffer.alloc(8 << 10))
    const context = { outDir: products ?? '', signature: mlpSignature, stagingParent: fresh() }
    await expect(compileWithOnnxMlir(installation, model, options, context)).rejects.toMatchObject({
      code: 'ENVIRONMENT_DISK',
    })
    expect(readdirSync(products ?? '')).toEqual(['filler'])
  })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Signature } from '../../../src/cache/artifact.ts'
import { expectClose, onnxruntime, randomInputs, reference } from '../../onnxruntime.ts'
import { chromium } from '../../report/browser.ts'
import { filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../app.ts'
import { addModel } from '../models.ts'
import { webHosts } from './hosts.ts'
import { denseModel, denseSignature } from './models.ts'
import { openPage, serveSite } from './site.ts'

const ort = onnxruntime()

const addSignature: Signature = {
  inputs: [{ name: 'x', type: 'float32', shape: [3] }],
  outputs: [{ name: 'y', type: 'float32', shape: [3] }],
}

const sets = [randomInputs(denseSignature, 1), randomInputs(denseSignature, 2)]
const smallSet = randomInputs(addSignature, 3)

describe.skipIf(!chromium).each(webHosts)('$name', (host) => {
  test('a page runs its models', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{}',
      'main.js': `
        import add from './add.onnx?files=url'
        import inside from './add.tflite'
        import alsoInside from './add.pt2'
        import dense from './dense.onnx?target=host'
        globalThis.sumInside = async (x) =>
          Promise.all([inside, alsoInside].map(async (of) => [...(await of.run({ x: Float32Array.from(x) })).y.data]))
        globalThis.sum = async (x) => [...(await add.run({ x: Float32Array.from(x) })).y.data]
        globalThis.products = (sets) =>
          Promise.all(sets.map(async (x) => [...(await dense.run({ x: Float32Array.from(x) })).y.data]))`,
      'add.onnx': addModel(10),
      'add.tflite': addModel(10),
      'add.pt2': addModel(20),
      'dense.onnx': denseModel(7),
    })
    const warnings = await host.build({ root, outDir: join(root, 'out') })
    expect(warnings).toEqual([])
    const moved = await moveElsewhere(join(root, 'out'))

    // Of what is beside the JavaScript: readable names, hashed; a module of each model, and another one for relaxed SIMD where that makes a difference; weights
    // where they are large; and nothing that is for other machines.
    const files = await filesBelow(moved)
    const binaries = files.filter((file) => !/\.(html|m?js|map)$/.test(file))
    const named = (pattern: RegExp): string | undefined => binaries.find((file) => pattern.test(file))
    const [add, weights] = [named(/add[-.][\w-]{8,}\.wasm$/), named(/dense[-.][\w-]{8,}\.bin$/)]
    const forAll = named(/dense[-.](?!relaxed-simd)[\w-]{8,}\.wasm$/)
    const relaxed = named(/dense-relaxed-simd[-.][\w-]{8,}\.wasm$/)
    expect([add, forAll, relaxed, weights].sort()).toEqual(binaries)
    for (const file of files.filter((name) => name.endsWith('js')))
      expect(await readFile(join(moved, file), 'utf8')).not.toContain(`"${root}`)

    const site = await serveSite(moved, host.under)
    const page = await openPage(site.url)
    expect(site.served.filter((file) => binaries.includes(file))).toEqual([])

    const [sums, sumsOfPt2] = [10, 20].map((bias) => smallSet['x']!.map((value) => Math.fround(value + bias)))
    expect(await page.evaluate(`sumInside(${JSON.stringify(smallSet['x'])})`)).toEqual([sums, sumsOfPt2])
    expect(site.served.filter((file) => binaries.includes(file))).toEqual([]) // small modules are in the JavaScript
    expect(await page.evaluate(`sum(${JSON.stringify(smallSet['x'])})`)).toEqual(sums)
    const products = await page.evaluate(`products(${JSON.stringify(sets.map(({ x }) => x))})`)
    // Chromium has relaxed SIMD, and so the other module is of no use to it.
    expect(site.served.filter((file) => binaries.includes(file)).sort()).toEqual([add, relaxed, weights].sort())
    expect(page.problems).toEqual([])

    if (!ort) return
    const expected = await reference(ort, join(root, 'dense.onnx'), denseSignature, sets)
    expectClose({ dense: products.map((y: number[]) => ({ y })) }, { dense: expected })
  })
})

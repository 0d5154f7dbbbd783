import { execFile } from 'node:child_process'
import { copyFile, cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { modelBytes, type ModelSource } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { which } from '../../src/toolchains/programs.ts'
import { f32, node } from '../graph/models.ts'
import { missing as missingWine, programForWindows, windowsNode } from '../windows/wine.ts'
import { installPacked, temporaryFolder } from './installed.ts'

const run = promisify(execFile)
const cc = 'x86_64-w64-mingw32-gcc'
const missing = missingWine ?? (which(cc, process.env) ? undefined : `no ${cc}`)
if (missing) console.log(`skipped: the addon for Windows (${missing})`)

describe.skipIf(missing)('the addon for Windows', () => {
  let project: string
  let built: string
  let prefix: string

  beforeAll(async () => {
    project = (await installPacked(['esbuild'])).folder
    prefix = await temporaryFolder('wine')
    const source = (inputs: ModelSource['inputs'], more: Omit<ModelSource, 'opsets' | 'inputs'>) =>
      modelBytes({ opsets: { '': 21 }, inputs, ...more })
    const initializers = { W: tensorFrom('float32', [3, 2], [1, 2, 3, 4, 5, 6]) }
    const nodes = [node('MatMul', ['x', 'W'], ['m']), node('Erf', ['m'], ['y']), node('NonZero', ['m'], ['where'])]
    await writeFile(
      join(project, 'möd el.onnx'),
      source({ x: f32('n', 3) }, { outputs: { y: undefined, where: undefined }, initializers, nodes }),
    )
    const product = { outputs: { y: undefined }, nodes: [node('MatMul', ['a', 'b'], ['y'])] }
    await writeFile(join(project, 'product.onnx'), source({ a: f32('m', 600), b: f32(600, 90) }, product))
    await writeFile(join(project, 'package.json'), '{ "type": "module" }')
    await writeFile(
      join(project, 'app.js'),
      `
      import model from './möd el.onnx?target=win32-x64'
      import one from './product.onnx?target=win32-x64&threads=1'
      import two from './product.onnx?target=win32-x64&threads=2'
      const x = { data: new Float32Array([0.1, 0, 0.2, -1, 0.5, 0]), dims: [2, 3] }
      const { y, where } = await model.run({ x })
      const a = { data: new Float32Array(500 * 600).map((_, i) => Math.sin(i)), dims: [500, 600] }
      const b = new Float32Array(600 * 90).map((_, i) => Math.cos(i))
      const bytes = (shared) => {
        for (let i = 0; i < 20; i++) shared.runSync({ a, b })
        return Buffer.from(shared.runSync({ a, b }).y.data.buffer).toString('hex')
      }
      const areSame = bytes(one) === bytes(two)
      for (let i = 0; i < 1000; i++) model.runSync({ x })
      console.log(JSON.stringify({
        y: [...y.data], where: [...where.data].map(Number), sync: [...model.runSync({ x }).y.data], areSame, here: process.platform,
      }))`,
    )
    await writeFile(
      join(project, 'build.js'),
      `
      import { build } from 'esbuild'
      import onnx from 'unplugin-onnx-mlir/esbuild'
      await build({
        entryPoints: ['app.js'], outdir: 'out', bundle: true, format: 'esm', platform: 'node', logLevel: 'error',
        plugins: [onnx({ cache: 'cache', types: false })],
      })`,
    )
    await run(process.execPath, ['build.js'], { cwd: project })
    // Away from node_modules.
    built = await temporaryFolder('built')
    await cp(join(project, 'out'), built, { recursive: true })
    await writeFile(join(built, 'package.json'), '{ "type": "module" }')
  }, 300_000)

  // A DLL is bound to the name of the program that it imports from, which Electron, for one, does not call node.exe.
  test.each(['node.exe', 'my app.exe'])('runs a model in %s', { timeout: 300_000 }, async (name) => {
    const program = join(prefix, name)
    await copyFile(windowsNode, program)
    const { out, err, status } = await programForWindows(program, prefix, built, ['app.js'])
    expect(status, err).toBe(0)
    const answer = JSON.parse(out) as { y: number[]; sync: number[] }
    // erf of 1.1, 1.4, 0.5 and 0, by a table.
    const erf = [0.8802051, 0.9522851, 0.5204999, 0]
    answer.y.forEach((value, i) => expect(value).toBeCloseTo(erf[i]!, 5))
    expect(answer.y).toHaveLength(4)
    expect(answer).toMatchObject({
      sync: answer.y,
      where: [0, 0, 1, 0, 1, 0],
      areSame: true,
      here: 'win32',
    })
  })

  test('is small, and depends on nothing that Windows has not', async () => {
    const file = join(project, 'node_modules/unplugin-onnx-mlir/native/addon/prebuilds/win32-x64.node')
    expect((await readFile(file)).length).toBeLessThan(90_000)
    // It came from the package: the build had no need to compile it.
    const addon = (await readdir(built)).find((name) => name.endsWith('.node'))!
    expect(await readFile(join(built, addon))).toEqual(await readFile(file))
    const { stdout } = await run('x86_64-w64-mingw32-objdump', ['-p', file])
    const names = [...stdout.matchAll(/DLL Name: (\S+)/g)].map(([, name]) => name!.toLowerCase())
    expect(names.toSorted()).toEqual(['kernel32.dll', 'msvcrt.dll'])
  })
})

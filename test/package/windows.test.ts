import { execFile } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { which } from '../../src/toolchains/programs.ts'
import { f32, node } from '../graph/models.ts'
import { missing as missingWine, programForWindows, windowsNode } from '../windows/wine.ts'
import { installPacked, prebuild, temporaryFolder } from './installed.ts'

const run = promisify(execFile)
const cc = 'x86_64-w64-mingw32-gcc'
const missing = missingWine ?? (which(cc, process.env) ? undefined : `no ${cc}`)
if (missing) console.log(`skipped: the addon for Windows (${missing})`)

describe.skipIf(missing)('the addon for Windows', () => {
  let project: string
  let prefix: string

  beforeAll(async () => {
    const { folder, installed } = await installPacked([])
    project = folder
    prefix = await temporaryFolder('wine')
    await prebuild(join(installed, 'native/addon/prebuilds'), '--only', 'win32-x64')
    const x = f32('n', 3)
    const initializers = { W: tensorFrom('float32', [3, 2], [1, 2, 3, 4, 5, 6]) }
    const nodes = [node('MatMul', ['x', 'W'], ['m']), node('Erf', ['m'], ['y']), node('NonZero', ['m'], ['where'])]
    const outputs = { y: undefined, where: undefined }
    await writeFile(
      join(project, 'model.onnx'),
      modelBytes({ opsets: { '': 21 }, inputs: { x }, outputs, initializers, nodes }),
    )
    await writeFile(join(project, 'package.json'), '{ "type": "module" }')
    await writeFile(
      join(project, 'app.js'),
      `
      import { join } from 'node:path'
      import { createNodeModel } from './node_modules/unplugin-onnx-mlir/dist/runtime/node.js'
      const signature = {
        inputs: [{ name: 'x', type: 'float32', shape: ['n', 3] }],
        outputs: [{ name: 'y', type: 'float32', shape: ['n', 2] }, { name: 'where', type: 'int64', shape: [2, null] }],
      }
      const product = {
        inputs: [{ name: 'a', type: 'float32', shape: ['m', 60] }, { name: 'b', type: 'float32', shape: [60, 90] }],
        outputs: [{ name: 'y', type: 'float32', shape: ['m', 90] }],
      }
      const open = (library, of = signature, threads = 1) => createNodeModel(
        { name: 'model.onnx', target: 'x86-64', signature: of, requires: { arch: 'x64', cpu: 'x86-64' } },
        {
          threads,
          addon: join(import.meta.dirname, 'node_modules/unplugin-onnx-mlir/native/addon/prebuilds/win32-x64.node'),
          library: join(import.meta.dirname, library),
        },
      )
      const model = open('möd el.dll')
      const x = { data: new Float32Array([0.1, 0, 0.2, -1, 0.5, 0]), dims: [2, 3] }
      const { y, where } = await model.run({ x })
      const a = { data: new Float32Array(500 * 60).map((_, i) => Math.sin(i)), dims: [500, 60] }
      const b = new Float32Array(60 * 90).map((_, i) => Math.cos(i))
      const bytes = (threads) => {
        const shared = open('product.dll', product, threads)
        for (let i = 0; i < 200; i++) shared.runSync({ a, b })
        return Buffer.from(shared.runSync({ a, b }).y.data.buffer).toString('hex')
      }
      const areSame = bytes(1) === bytes(2)
      const broken = await open('app.js').load().catch(({ code }) => code)
      for (let i = 0; i < 1000; i++) model.runSync({ x })
      console.log(JSON.stringify({
        y: [...y.data], where: [...where.data].map(Number), sync: [...model.runSync({ x }).y.data], broken, areSame, here: process.platform,
      }))`,
    )
    const cli = join(installed, 'dist/cli/main.js')
    await run(process.execPath, [cli, 'compile', 'model.onnx', '--emit', 'c', '--target', 'x86-64', '--out', 'c'], {
      cwd: project,
    })
    const flags = ['-std=gnu11', '-fwrapv', '-fno-strict-aliasing', '-O2', '-march=x86-64', '-shared', '-DOM_LIBRARY']
    await run(cc, [...flags, 'model.c', '-o', join(project, 'möd el.dll'), '-lm'], { cwd: join(project, 'c') })
    const source = modelBytes({
      opsets: { '': 21 },
      inputs: { a: f32('m', 60), b: f32(60, 90) },
      outputs: { y: undefined },
      nodes: [node('MatMul', ['a', 'b'], ['y'])],
    })
    const sharing = { least: 0, part: 1 }
    const shared = builtinSource(decodeModel(source), { target: resolveTarget('x86-64'), identity: 'test', sharing })
    await writeFile(join(project, 'product.c'), shared.text)
    const folders = shared.includeDirs.map((path) => `-I${path}`)
    const product = [...flags, '-static-libgcc', ...folders, 'product.c', '-o', 'product.dll', '-lm']
    await run(cc, product, { cwd: project })
  }, 300_000)

  // A DLL is bound to the name of the program that it imports from, which Electron, for one, does not call node.exe.
  test.each(['node.exe', 'my app.exe'])('runs a model in %s', { timeout: 300_000 }, async (name) => {
    const program = join(prefix, name)
    await copyFile(windowsNode, program)
    const { out, err, status } = await programForWindows(program, prefix, project, ['app.js'])
    expect(status, err).toBe(0)
    const answer = JSON.parse(out) as { y: number[]; sync: number[] }
    // erf of 1.1, 1.4, 0.5 and 0, by a table.
    const erf = [0.8802051, 0.9522851, 0.5204999, 0]
    answer.y.forEach((value, i) => expect(value).toBeCloseTo(erf[i]!, 5))
    expect(answer.y).toHaveLength(4)
    expect(answer).toMatchObject({
      sync: answer.y,
      where: [0, 0, 1, 0, 1, 0],
      broken: 'LOAD_OPEN',
      areSame: true,
      here: 'win32',
    })
  })

  test('is small, and depends on nothing that Windows has not', async () => {
    const file = join(project, 'node_modules/unplugin-onnx-mlir/native/addon/prebuilds/win32-x64.node')
    expect((await readFile(file)).length).toBeLessThan(90_000)
    const { stdout } = await run('x86_64-w64-mingw32-objdump', ['-p', file])
    const { stdout: shared } = await run('x86_64-w64-mingw32-objdump', ['-p', join(project, 'product.dll')])
    expect(shared).toContain('om_run_threads')
    expect(shared).not.toContain('pthread')
    const names = [...stdout.matchAll(/DLL Name: (\S+)/g)].map(([, name]) => name!.toLowerCase())
    expect(names.toSorted()).toEqual(['kernel32.dll', 'msvcrt.dll'])
  })
})

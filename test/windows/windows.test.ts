import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelBytes } from '../../src/onnx/build.ts'
import { f32, node } from '../graph/models.ts'
import { buildHere } from './built-here.ts'
import { missing, nodeForWindows } from './wine.ts'

if (missing) console.log(`skipped: Windows (${missing})`)

const checkout = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(checkout, 'dist/cli/main.js')
const prefix = mkdtempSync(join(tmpdir(), 'windows-'))
/** With all that paths may hold. */
const project = join(prefix, 'ein Häuschen & co', 'app [1]')

const app = `import model from './model.onnx'
const { y } = await model.run({ x: new Float32Array([-1, 0, 0.5, 3]) })
console.log(JSON.stringify({ y: [...y.data], sync: [...model.runSync({ x: [1, 2, 3, 4] }).y.data], target: model.target, here: process.platform }))
`
const erf = [-0.8427007929497149, 0, 0.5204998778130465, 0.9999779095030014]

function expectRight(printed: string, platform: string): void {
  const { y, sync, target, here } = JSON.parse(printed) as { y: number[]; sync: number[]; target: string; here: string }
  y.forEach((value, i) => expect(value).toBeCloseTo(erf[i]!, 6))
  expect(sync[0]).toBeCloseTo(-erf[0]!, 6)
  expect({ target, here }).toEqual({ target: 'wasm', here: platform })
}

beforeAll(() => {
  if (missing) return
  mkdirSync(project, { recursive: true })
  const model = { inputs: { x: f32(4) }, outputs: { y: undefined }, nodes: [node('Erf', ['x'], ['y'])] }
  writeFileSync(join(project, 'model.onnx'), modelBytes({ opsets: { '': 21 }, ...model }))
  writeFileSync(join(project, 'app.js'), app)
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(checkout, 'node_modules'), join(project, 'node_modules'))
})
afterAll(() => rmSync(prefix, { recursive: true, force: true }))

describe.skipIf(missing)('Windows', { timeout: 300_000 }, () => {
  test('the command line compiles to WebAssembly, by itself and by name', async () => {
    for (const target of [[], ['--target', 'wasm']]) {
      const json = join(project, 'compiled.json')
      const cache = join(project, 'cache')
      const ran = await nodeForWindows(
        prefix,
        project,
        cli,
        'compile',
        'model.onnx',
        ...target,
        '--out',
        'made',
        '--cache',
        cache,
        '--json',
        'compiled.json',
      )
      expect(ran).toMatchObject({ status: 0 })
      const made = JSON.parse(readFileSync(json, 'utf8')) as { library: string; target: string; cached: boolean }
      expect(made.target).toBe('wasm')
      expect(made.library).toMatch(/^[A-Z]:\\.*\\made\\model\.wasm$/)
      expect(made.cached).toBe(target.length > 0)
    }
    expect(readdirSync(join(project, 'made')).sort()).toEqual(['model-relaxed-simd.wasm', 'model.wasm'])
  })

  test('a model runs', async () => {
    writeFileSync(join(project, 'x.json'), '[-1, 0, 0.5, 3]')
    const args = ['run', 'model.onnx', '--input', 'x=x.json', '--json', 'ran.json', '--cache', 'cache']
    expect(await nodeForWindows(prefix, project, cli, ...args)).toMatchObject({ status: 0 })
    const ran = JSON.parse(readFileSync(join(project, 'ran.json'), 'utf8')) as { outputs: [{ data: number[] }] }
    ran.outputs[0].data.forEach((value, i) => expect(value).toBeCloseTo(erf[i]!, 6))
  })

  test('declarations are written, and are those of other systems', async () => {
    expect(await nodeForWindows(prefix, project, cli, 'types')).toMatchObject({ status: 0 })
    const text = () => readFileSync(join(project, '.onnx-mlir/types/model.d.onnx.ts'), 'utf8')
    const onWindows = text()
    rmSync(join(project, '.onnx-mlir'), { recursive: true })
    execFileSync(process.execPath, [cli, 'types'], { cwd: project })
    expect(onWindows).toBe(text())
  })

  test('an app that was built here runs there', async () => {
    const outdir = join(prefix, 'built-here')
    await buildHere(project, outdir, { target: 'wasm', cache: join(prefix, 'cache') })
    const moved = join(prefix, 'moved & renamed')
    cpSync(outdir, moved, { recursive: true })
    writeFileSync(join(moved, 'package.json'), '{ "type": "module" }')
    const { out, err } = await nodeForWindows(prefix, moved, 'app.js')
    expect(err).toBe('')
    expectRight(out, 'win32')
  })

  test('an app that webpack builds there runs there, and here', async () => {
    writeFileSync(
      join(project, 'build.mjs'),
      `import webpack from 'webpack'
import OnnxPlugin from 'unplugin-onnx-mlir/webpack'
const root = import.meta.dirname
webpack({
  mode: 'production', target: 'node20', context: root, entry: './app.js',
  experiments: { outputModule: true },
  output: { path: root + '/dist', filename: 'app.mjs', module: true },
  plugins: [OnnxPlugin({ cache: root + '/cache', types: false })],
}, (error, stats) => {
  if (error) throw error
  console.log(stats.toString({ all: false, errors: true, warnings: true, assets: true }))
  process.exitCode = stats.hasErrors() ? 1 : 0
})
`,
    )
    const built = await nodeForWindows(prefix, project, 'build.mjs')
    expect(built, built.out + built.err).toMatchObject({ status: 0, err: '' })
    const moved = join(prefix, 'moved')
    cpSync(join(project, 'dist'), moved, { recursive: true })
    const { out, err } = await nodeForWindows(prefix, moved, 'app.mjs')
    expect(err).toBe('')
    expectRight(out, 'win32')
    expectRight(execFileSync(process.execPath, ['app.mjs'], { cwd: moved, encoding: 'utf8' }), process.platform)
  })

  test('what is wrong is said as elsewhere', async () => {
    const { status, err } = await nodeForWindows(prefix, project, cli, 'compile', 'nothing.onnx')
    expect(status).toBe(1)
    expect(err).toMatch(/nothing\.onnx: the file does not exist/)
    const native = await nodeForWindows(prefix, project, cli, 'compile', 'model.onnx', '--target', 'x86-64-v3')
    expect(native.status).toBe(1)
    expect(native.err).toMatch(/No C compiler for x86-64-v3/)
    const here = ['compile', 'model.onnx', '--compiler', 'builtin', '--target', 'win32-x64']
    expect((await nodeForWindows(prefix, project, cli, ...here)).err).toMatch(
      /No C compiler found .*\n.*\n(.*\n)*.*Windows: install MSYS2/,
    )
  })
})

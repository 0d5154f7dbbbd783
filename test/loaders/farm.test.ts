import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { filesBelow, moveElsewhere } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, program } from './program.ts'

// Farm: builds for Node, whose output runs elsewhere, and for browsers.

const { folder, isThere } = installed('farm')
const packages = { '@farmfe/core': join(folder, 'node_modules/@farmfe/core') }

const built = (output: object) => ({
  'package.json': '{ "type": "module", "imports": { "#models/*": "./models/*" } }',
  'add.onnx': addModel(10),
  'models/add.onnx': addModel(20),
  'add.tflite': addModel(30),
  'add.pt2': addModel(40),
  'main.js': `
    import model, { inputs } from './add.onnx'
    import other from './add.onnx?O=1&target=host'
    import tflite from './add.tflite'
    import pt2 from './add.pt2?O=1&target=host'
    import same from './add.onnx?target=host&t=123&O=1'
    const x = Float32Array.of(1, 2, 3)
    const of = (one) => one.run({ x }).then(({ y }) => y.data.join())
    import('./later.js').then(async ({ default: later }) => {
      console.log(await of(model), await of(other), other === same, await of(later), await of(tflite), await of(pt2), inputs[0].name)
    })`,
  'later.js': `export { default } from './models/add.onnx'`,
  'build.js': `
    import { build } from '@farmfe/core'
    import onnx from 'unplugin-onnx-mlir/farm'
    const output = { path: 'out', ...${JSON.stringify(output)} }
    await build({ configFile: false, root: process.cwd(), compilation: { input: { main: './main.js' }, output, progress: false }, plugins: [onnx({ files: 'url' }), ...(process.argv[2] === 'twice' ? [onnx({ files: 'url' })] : [])] })`,
})

describe.skipIf(!isThere)('Farm', () => {
  test.each([
    ['ES modules', { targetEnv: 'node', format: 'esm', entryFilename: '[entryName].mjs' }, 'main.mjs'],
    [
      'CommonJS',
      { targetEnv: 'node', format: 'cjs', entryFilename: '[entryName].cjs', filename: '[name].cjs' },
      'main.cjs',
    ],
  ])('%s for Node, built twice', async (_, output, entry) => {
    const { run, root } = await program(built(output), { packages })
    for (let time = 0; time < 2; time++) {
      const { code, stdout, stderr } = await run(process.execPath, ['build.js'])
      expect(code, stdout + stderr).toBe(0)
      const moved = await moveElsewhere(join(root, 'out'))
      const native = (await filesBelow(moved)).filter((file) => file.startsWith('assets/'))
      expect(native.map((file) => file.replace(/-\w{8}\./, '.'))).toEqual([
        ...Array(3).fill('assets/add.so'),
        'assets/add.pt2.so',
        'assets/add.tflite.so',
        'assets/onnx-mlir.node',
      ])
      expect(await run(process.execPath, [join(moved, entry)])).toMatchObject({
        stdout: '11,12,13 11,12,13 true 21,22,23 31,32,33 41,42,43 x\n',
      })
    }
  })

  test('the plugin twice; output outside of the project; a directive that there is not', async () => {
    const files = built({
      targetEnv: 'node',
      format: 'esm',
      entryFilename: '[entryName].mjs',
      path: '../elsewhere/out',
    })
    const { run, root } = await program(files, { packages, folder: 'project' })
    const { code, stdout, stderr } = await run(process.execPath, ['build.js', 'twice'])
    expect(code, stdout + stderr).toBe(0)
    const moved = await moveElsewhere(join(root, '../elsewhere/out'))
    expect(await run(process.execPath, [join(moved, 'main.mjs')])).toMatchObject({
      stdout: '11,12,13 11,12,13 true 21,22,23 31,32,33 41,42,43 x\n',
    })
    expect((await filesBelow(moved)).filter((file) => file.endsWith('.node'))).toHaveLength(1)

    const wrong = await program({ ...files, 'later.js': `export { default } from './add.onnx?o=1'` }, { packages })
    const failed = await wrong.run(process.execPath, ['build.js'])
    expect(failed.code).not.toBe(0)
    const said = stripVTControlCharacters(failed.stdout + failed.stderr).replaceAll('\\', '')
    expect(said).toContain('Unknown directive "o". Did you mean "O"?')
    expect(said).not.toContain('Can not resolve')
  })

  test('WebAssembly for browsers; errors name the model', async () => {
    const { run, root } = await program(built({ targetEnv: 'browser-esnext' }), { packages })
    await run(process.execPath, ['build.js'])
    const files = await filesBelow(join(root, 'out'))
    expect(files.filter((file) => /^assets\/add-\w{8}\.wasm$/.test(file)).length).toBeGreaterThan(0)
    expect(files.filter((file) => /\.(so|node)$/.test(file))).toEqual([])

    const broken = await program({ ...built({ targetEnv: 'node' }), 'add.onnx': 'no model' }, { packages })
    const { code, stdout, stderr } = await broken.run(process.execPath, ['build.js'])
    expect(code).not.toBe(0)
    expect(stdout + stderr).toContain('add.onnx: the file has broken protobuf')
  })
})

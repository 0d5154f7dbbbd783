import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runtimes } from '../edge/runtimes.ts'
import { filesBelow, moveElsewhere } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { program } from './program.ts'

// Bun: programs that preload the plugin, and builds.

const bun = runtimes.find(({ name }) => name === 'Bun')!.command!

const files = {
  'package.json': '{ "type": "module", "imports": { "#models/*": "./models/*" } }',
  'add.onnx': addModel(10),
  'add.tflite': addModel(30),
  'add.pt2': addModel(40),
  'models/add.onnx': addModel(20),
  'main.ts': `
    import model, { inputs } from './add.onnx'
    import other from './add.onnx?O=1&threads=1'
    import aliased from '#models/add.onnx'
    import tflite from './add.tflite'
    import pt2 from './add.pt2?O=1'
    const x: Float32Array = Float32Array.of(1, 2, 3)
    const of = async (model: any) => (await model.run({ x })).y.data.join()
    const later = (await import('./models/add.onnx?O=1')).default
    console.log(await of(model), await of(other), await of(aliased), await of(later), await of(tflite), await of(pt2), inputs[0].name, model.target === 'wasm')`,
}
const results = '11,12,13 11,12,13 21,22,23 21,22,23 31,32,33 41,42,43 x'

describe.skipIf(!bun)('Bun', () => {
  describe('programs', () => {
    test('preloaded by the flag, or by bunfig.toml', async () => {
      const { run } = await program(files, { folder: 'a #1 %20 ünï 日本' })
      await run(bun, ['--preload', 'unplugin-onnx-mlir/bun', 'main.ts'])
      const quiet = { code: 0, stdout: `${results} false\n`, stderr: '' }
      expect(await run(bun, ['--preload', 'unplugin-onnx-mlir/bun', 'main.ts'])).toEqual(quiet)

      const configured = await program({ ...files, 'bunfig.toml': 'preload = ["unplugin-onnx-mlir/bun"]' })
      expect(await configured.run(bun, ['main.ts'])).toEqual(quiet)
    })

    test('require(), options of package.json, and tests', async () => {
      const { run } = await program({
        ...files,
        'package.json': '{ "unplugin-onnx-mlir": { "target": "wasm" } }',
        'main.cjs': `
          const { default: model, target } = require('./add.onnx?O=1')
          console.log(target, model === require('./add.onnx?O=1').default, model === require('./add.onnx').default)
          console.log(require('./add.tflite').target, require('./add.pt2?O=1').target)`,
        'bunfig.toml': '[test]\npreload = ["unplugin-onnx-mlir/bun"]',
        'add.test.ts': `
          import { expect, test } from 'bun:test'
          import { target } from './add.onnx'
          test('is WebAssembly', () => expect(target).toBe('wasm'))`,
      })
      const required = await run(bun, ['--preload', 'unplugin-onnx-mlir/bun', 'main.cjs'])
      expect(required.stdout).toBe('wasm true false\nwasm wasm\n')
      expect((await run(bun, ['test'])).stderr).toContain('1 pass')
    })

    test('errors name the model', async () => {
      const { run, root } = await program({
        ...files,
        'broken.onnx': 'no model',
        'broken.ts': `import './broken.onnx'`,
        'missing.ts': `import './missing.onnx?O=1'`,
        'node.ts': '',
      })
      const said = async (file: string, preload = 'unplugin-onnx-mlir/bun') =>
        (await run(bun, ['--preload', preload, file])).stderr
      expect(await said('broken.ts')).toContain(`${join(root, 'broken.onnx')}: the file has broken protobuf`)
      expect(await said('missing.ts')).toContain(
        `The model "./missing.onnx", imported by ${join(root, 'missing.ts')}, is not there.`,
      )
      expect(await said('node.ts', 'unplugin-onnx-mlir/register')).toContain('bun --preload unplugin-onnx-mlir/bun')
    })
  })

  describe('builds', () => {
    const built = (options: object, plugin = 'bun') => ({
      ...files,
      'sub/main.ts': files['main.ts'].replaceAll(`'./`, `'../`),
      'build.ts': `
        import onnx from 'unplugin-onnx-mlir/${plugin}'
        const options = ${JSON.stringify(options)}
        await Bun.build({ entrypoints: ['./main.ts', './sub/main.ts'], outdir: 'out', plugins: [onnx({ files: 'url' })], ...options })`,
    })
    const inNode = [process.execPath, bun]
    const ways = {
      'for Node': { options: { target: 'node' }, runtimes: inNode, isWasm: false },
      'for Node, split and minified': {
        options: { target: 'node', splitting: true, minify: true },
        runtimes: inNode,
        isWasm: false,
      },
      'for Bun, with a name for assets': {
        options: { target: 'bun', naming: { asset: 'files/[name]-[hash].[ext]' } },
        runtimes: [bun],
        isWasm: false,
      },
      'for browsers': { options: {}, runtimes: [], isWasm: true },
    }

    test.each(Object.entries(ways))('%s: the output runs wherever it is', async (_, { options, runtimes, isWasm }) => {
      const { run, root } = await program(built(options))
      expect(await run(bun, ['build.ts'])).toMatchObject({ code: 0, stdout: '' })
      const moved = await moveElsewhere(join(root, 'out'))
      const written = (await filesBelow(moved)).filter((file) => /\.(so|node|wasm)$/.test(file))
      expect(written.some((file) => /(^|\/)add-\w+\.(so|wasm)$/.test(file))).toBe(true)
      expect(written.every((file) => file.endsWith('.wasm') === isWasm)).toBe(true)
      for (const runtime of runtimes)
        for (const entry of ['main.js', 'sub/main.js'])
          expect((await run(runtime, [join(moved, entry)])).stdout).toBe(`${results} false\n`)
    })

    test('CommonJS', async () => {
      const main = `
        import model from './add.onnx'
        console.log(model.runSync({ x: Float32Array.of(1, 2, 3) }).y.data.join())`
      const options = { target: 'node', format: 'cjs', naming: '[dir]/[name].cjs' }
      const { run, root } = await program({ ...built(options), 'main.ts': main, 'sub/main.ts': '' })
      await run(bun, ['build.ts'])
      const moved = await moveElsewhere(join(root, 'out'))
      for (const runtime of inNode) expect((await run(runtime, [join(moved, 'main.cjs')])).stdout).toBe('11,12,13\n')
    })

    test('constants beside the library keep the name that it asks for', async () => {
      const { run, root } = await program({
        ...files,
        'constants.bin': 'constants',
        'main.ts': `
          import model from './add.onnx'
          console.log(model.runSync({ x: Float32Array.of(1, 2, 3) }).y.data.join())`,
        'build.ts': `
          import { createPipeline } from 'unplugin-onnx-mlir'
          import onnx from 'unplugin-onnx-mlir/bun'
          const { build } = createPipeline()
          const sha256 = new Bun.CryptoHasher('sha256').update('constants').digest('hex')
          const constants = { path: process.cwd() + '/constants.bin', name: 'model.constants.bin', sha256 }
          const pipeline = {
            async build(id, context) {
              const built = await build(id, context)
              return { ...built, artifact: { ...built.artifact, constants } }
            },
          }
          const naming = { asset: 'files/[name]-[hash].[ext]' }
          await Bun.build({ entrypoints: ['./main.ts'], outdir: 'out', target: 'node', naming, plugins: [onnx({ pipeline })] })`,
      })
      expect(await run(bun, ['build.ts'])).toMatchObject({ code: 0 })
      const moved = await moveElsewhere(join(root, 'out'))
      expect(await filesBelow(moved)).toContainEqual(
        expect.stringMatching(/^files\/add-[0-9a-f]{8}\/model\.constants\.bin$/),
      )
      expect((await run(process.execPath, [join(moved, 'main.js')])).stdout).toBe('11,12,13\n')
    })

    test('a build for browsers by default says how it would be one for Node; errors name the model', async () => {
      const { run } = await program({ ...built({}), 'main.ts': `import './add.onnx?target=z16'`, 'sub/main.ts': '' })
      expect((await run(bun, ['build.ts'])).stderr).toContain(`target: 'node'`)
      const broken = await program({ ...built({ target: 'node' }), 'add.onnx': 'no model' })
      expect((await broken.run(bun, ['build.ts'])).stderr).toContain('add.onnx: the file has broken protobuf')
      const missing = await program({ ...built({ target: 'node' }), 'main.ts': `import './missing.onnx'` })
      const { code, stderr } = await missing.run(bun, ['build.ts'])
      expect(code).toBe(1)
      expect(stderr).toContain(
        `The model "./missing.onnx", imported by ${join(missing.root, 'main.ts')}, is not there.`,
      )
    })

    test('the plugin of esbuild names ours', async () => {
      const { run } = await program(built({ target: 'node' }, 'esbuild'))
      const { code, stderr } = await run(bun, ['build.ts'])
      expect(code).toBe(1)
      expect(stderr).toContain(`Bun.build has a plugin of its own: import onnx from 'unplugin-onnx-mlir/bun'`)
    })
  })
})

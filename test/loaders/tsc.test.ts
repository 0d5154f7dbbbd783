import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { addModel } from '../hosts/models.ts'
import { program } from './program.ts'

// Programs that tsc builds into another folder, as NestJS does by default, and builds beside loaders.

const register = ['--import', 'unplugin-onnx-mlir/register']

test('CommonJS of tsc: a model that it left behind is told where it is; copied, or by an alias, it runs', async () => {
  const main = (specifier: string) => `
    import model from '${specifier}'
    console.log(model.runSync({ x: Float32Array.of(1, 2, 3) }).y.data.join())`
  const { run, root } = await program(
    {
      'package.json': '{ "private": true, "imports": { "#models/*": "./src/models/*" } }',
      'tsconfig.json': JSON.stringify({
        extends: 'unplugin-onnx-mlir/tsconfig',
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          esModuleInterop: true,
          rootDir: 'src',
          outDir: 'dist',
          strict: true,
          skipLibCheck: true,
          types: ['node'],
        },
      }),
      'src/models/add.onnx': addModel(10),
      'src/main.ts': main('./models/add.onnx'),
      'src/aliased.ts': main('#models/add.onnx'),
    },
    { packages: { '@types/node': resolve('node_modules/@types/node') } },
  )
  await run(process.execPath, [resolve('dist/cli/main.js'), 'types'])
  const typescript = resolve('node_modules/typescript/bin/tsc')
  expect((await run(process.execPath, [typescript, '-p', '.'])).stdout).toBe('')

  const { code, stderr } = await run(process.execPath, [...register, 'dist/main.js'])
  expect(code).toBe(1)
  expect(stderr).toContain(
    `The model "./models/add.onnx", imported by ${join(root, 'dist/main.js')}, is not there. It is at src/models/add.onnx: ` +
      'tsc copies no models into dist. Copy it there after tsc, in NestJS by "compilerOptions": { "assets": ["**/*.onnx"] } in nest-cli.json;',
  )
  expect((await run(process.execPath, [...register, 'dist/aliased.js'])).stdout).toBe('11,12,13\n')
  await cp(join(root, 'src/models'), join(root, 'dist/models'), { recursive: true })
  expect((await run(process.execPath, [...register, 'dist/main.js'])).stdout).toBe('11,12,13\n')
})

test('plugin and loader together: builds, and programs that were built, in a Node that has it', async () => {
  const { run } = await program(
    {
      'package.json': '{ "type": "module" }',
      'add.onnx': addModel(10),
      'main.js': `
      import model from './add.onnx'
      console.log(model.runSync({ x: Float32Array.of(1, 2, 3) }).y.data.join())`,
      'build.js': `
      import { build } from 'esbuild'
      import model from './add.onnx'
      import onnx from 'unplugin-onnx-mlir/esbuild'
      console.log(model.name)
      await build({ entryPoints: ['main.js'], bundle: true, platform: 'node', format: 'esm', outdir: 'out', plugins: [onnx()] })`,
    },
    { packages: { esbuild: resolve('node_modules/esbuild') } },
  )
  expect(await run(process.execPath, [...register, 'build.js'])).toMatchObject({ code: 0, stdout: 'add.onnx\n' })
  for (const flags of [[], register])
    expect((await run(process.execPath, [...flags, 'out/main.js'])).stdout).toBe('11,12,13\n')
})

import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { moveElsewhere, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed } from './program.ts'

const run = promisify(execFile)

// A FileHandle that has what Yarn's Plug'n'Play has of it, and so what others have that stand in for Node's file system.
vi.mock('node:fs/promises', async (original) => {
  const promises = await original<typeof import('node:fs/promises')>()
  const there = ['read', 'readFile', 'write', 'writeFile', 'stat', 'truncate', 'chmod', 'chown', 'close', 'appendFile']
  return {
    ...promises,
    async open(...args: Parameters<typeof promises.open>) {
      const handle = await promises.open(...args)
      return Object.fromEntries(
        there.map((name) => [name, (...given: unknown[]) => Reflect.get(handle, name).apply(handle, given)]),
      )
    },
  }
})

test('a model is compiled and kept with no method of a FileHandle but the common ones', async () => {
  const { createPipeline } = await import('../../src/pipeline/index.ts')
  const root = await temporaryFolder()
  await writeFiles(root, { 'add.onnx': addModel(10) })
  const pipeline = createPipeline({ cache: join(root, 'cache') })
  const context = { mode: 'build' as const, log: () => {}, warn: (line: string) => expect.fail(line) }
  expect((await pipeline.build(join(root, 'add.onnx'), context)).cached).toBe(false)
  expect((await pipeline.build(join(root, 'add.onnx'), context)).cached).toBe(true)
  expect((await pipeline.build(join(root, 'add.onnx?target=wasm'), context)).artifact.library).toMatch(/\.wasm$/)
})

const { folder, isThere } = installed('yarn')

describe.skipIf(!isThere)("Yarn's Plug'n'Play", () => {
  test('builds with esbuild, and programs', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': JSON.stringify({
        private: true,
        type: 'module',
        dependencies: { 'unplugin-onnx-mlir': 'file:./package.tgz', esbuild: '0.28.2' },
      }),
      '.yarnrc.yml':
        'nodeLinker: pnp\nenableGlobalCache: false\nenableTelemetry: false\nenableImmutableInstalls: false\n',
      'yarn.lock': '',
      'add.onnx': addModel(10),
      'main.js': `
        import model from './add.onnx'
        import other from './add.onnx?O=1'
        const x = Float32Array.of(1, 2, 3)
        console.log((await model.run({ x })).y.data.join(), other.runSync({ x }).y.data.join())`,
      'main.cjs': `console.log(require('./add.onnx').default.runSync({ x: Float32Array.of(1, 2, 3) }).y.data.join())`,
      'build.js': `
        import { build } from 'esbuild'
        import onnx from 'unplugin-onnx-mlir/esbuild'
        await build({ entryPoints: ['main.js'], bundle: true, platform: 'node', format: 'esm', outdir: 'out', plugins: [onnx()], outExtension: { '.js': '.mjs' } })`,
    })
    const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], {
      cwd: resolve('.'),
    })
    await run('mv', [packed.stdout.trim(), 'package.tgz'], { cwd: root })
    const registry = (await run('npm', ['config', 'get', 'registry'])).stdout.trim()
    const env = {
      ...process.env,
      NODE_OPTIONS: undefined,
      YARN_NPM_REGISTRY_SERVER: registry,
      YARN_UNSAFE_HTTP_WHITELIST: new URL(registry).hostname,
      ONNX_MLIR_CACHE_DIR: join(root, 'cache'),
    }
    const yarn = async (...args: string[]) =>
      (
        await run(process.execPath, [join(folder, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js'), ...args], {
          cwd: root,
          env,
        })
      ).stdout
    await yarn('install')
    await yarn('node', 'build.js')
    const moved = await moveElsewhere(join(root, 'out'))
    expect((await run(process.execPath, [join(moved, 'main.mjs')])).stdout).toBe('11,12,13 11,12,13\n')
    expect(await yarn('node', '--import', 'unplugin-onnx-mlir/register', 'main.js')).toBe('11,12,13 11,12,13\n')
    expect(await yarn('node', '--require', 'unplugin-onnx-mlir/register', 'main.cjs')).toBe('11,12,13\n')
    expect(await yarn('unplugin-onnx-mlir', 'inspect', 'add.onnx')).toContain('Add')
  })
})

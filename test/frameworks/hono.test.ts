import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, projectFolder, runTool, serve } from './framework.ts'

const framework = installed('hono')

const vite = resolve('node_modules/vite/bin/vite.js')

/** Answers with the sum, and whether WebAssembly made it. */
const server = `
  import { Hono } from 'hono'
  import model, { target } from './add.onnx'
  const app = new Hono()
  app.get('/sum', async (c) => c.json([[...(await model.run({ x: [1, 2, 3] })).y.data], target === 'wasm']))
`
const listening = `
  import { serve } from '@hono/node-server'
  ${server}
  serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' })`

interface Builder {
  readonly name: string
  readonly tool: string
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, string>>
}

const builders: readonly Builder[] = [
  {
    name: 'vite build --ssr',
    tool: vite,
    args: ['build', '--ssr', 'src/index.js'],
    files: {
      'src/index.js': listening,
      'vite.config.js': `
        import onnx from 'unplugin-onnx-mlir/vite'
        export default { plugins: [onnx()], ssr: { noExternal: true } }`,
    },
  },
  {
    name: 'esbuild',
    tool: 'build.js',
    args: [],
    files: {
      'src/index.js': listening,
      'build.js': `
        import { build } from 'esbuild'
        import onnx from 'unplugin-onnx-mlir/esbuild'
        await build({ entryPoints: ['src/index.js'], bundle: true, platform: 'node', format: 'esm', outdir: 'dist', plugins: [onnx()] })`,
    },
  },
]

describe.skipIf(!framework)('Hono', () => {
  test.each(builders)('$name: a server of @hono/node-server runs models natively', async ({ tool, args, files }) => {
    const root = await projectFolder(framework!)
    await writeFiles(root, {
      'package.json': '{ "private": true, "type": "module" }',
      'src/add.onnx': addModel(10),
      ...files,
    })
    await runTool(root, tool, args)

    const moved = await moveElsewhere(join(root, 'dist'))
    await rm(root, { recursive: true })
    const built = (await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))
    expect(built).toEqual([
      expect.stringMatching(/^(assets\/)?add-\w{8}\.so$/),
      expect.stringMatching(/^(assets\/)?onnx-mlir-\w{8}\.node$/),
    ])
    // Hono is inside: the folder needs no packages.
    await writeFiles(moved, { 'package.json': '{ "type": "module" }' })
    const url = await serve(moved, ['index.js'], await newUser())
    expect(await (await fetch(`${url}/sum`)).json()).toEqual([[11, 12, 13], false])
  })

  test('@hono/vite-dev-server: development runs them, too', async () => {
    const root = await projectFolder(framework!)
    await writeFiles(root, {
      'package.json': '{ "private": true, "type": "module" }',
      'src/add.onnx': addModel(10),
      'src/index.js': `${server}\nexport default app`,
      'vite.config.js': `
        import devServer from '@hono/vite-dev-server'
        import onnx from 'unplugin-onnx-mlir/vite'
        const server = { port: Number(process.env.PORT), host: '127.0.0.1' }
        export default { server, plugins: [onnx(), devServer({ entry: 'src/index.js' })] }`,
    })
    const url = await serve(root, [vite], await newUser())
    expect(await (await fetch(`${url}/sum`)).json()).toEqual([[11, 12, 13], false])
  })
})

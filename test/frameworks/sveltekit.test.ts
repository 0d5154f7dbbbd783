import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, projectFolder, runTool, serve } from './framework.ts'

const app = {
  'package.json': '{ "private": true, "type": "module" }',
  'src/app.html': '<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
  'src/lib/add.onnx': addModel(10),
  'src/lib/more.onnx': addModel(20),
  'src/routes/sum/+server.js': `
    import add from '../../lib/add.onnx'
    import more from '../../lib/more.onnx'
    export async function GET() {
      const x = Float32Array.of(1, 2, 3)
      const sums = await Promise.all([add, more].map(async (model) => [...(await model.run({ x })).y.data]))
      return Response.json([sums, add.target === 'wasm'])
    }`,
  'src/routes/+page.server.js': `
    import add from '../lib/add.onnx'
    export const load = async () => ({ sum: [...(await add.run({ x: [1, 2, 3] })).y.data] })`,
  'src/routes/+page.svelte': `<script>const { data } = $props()</script><p>{JSON.stringify(data.sum)}</p>`,
}

const config = `
  import adapter from '@sveltejs/adapter-node'
  export default { kit: { adapter: adapter() } }`

const versions: readonly { readonly name: string; readonly files: Readonly<Record<string, string>> }[] = [
  {
    name: 'sveltekit-2',
    files: {
      'svelte.config.js': config,
      'vite.config.js': `
        import { sveltekit } from '@sveltejs/kit/vite'
        import onnx from 'unplugin-onnx-mlir/vite'
        export default { plugins: [onnx(), sveltekit()] }`,
    },
  },
  {
    name: 'sveltekit',
    files: {
      'vite.config.js': `
        import adapter from '@sveltejs/adapter-node'
        import { sveltekit } from '@sveltejs/kit/vite'
        import onnx from 'unplugin-onnx-mlir/vite'
        export default { plugins: [onnx(), sveltekit({ adapter: adapter() })] }`,
    },
  },
]

describe.each(versions)('$name', ({ name, files }) => {
  const framework = installed(name)

  test.skipIf(!framework)('the server of adapter-node runs models natively, wherever it is moved', async () => {
    const root = await projectFolder(framework!)
    await writeFiles(root, { ...app, ...files })
    await mkdir(join(root, 'static'))
    const said = await runTool(root, join(framework!, 'node_modules/vite/bin/vite.js'), ['build'])
    expect(said).toMatch(/SvelteKit .* JavaScript \(files=inline\)/)

    const moved = await moveElsewhere(join(root, 'build'))
    await rm(root, { recursive: true })
    await writeFiles(moved, { 'package.json': '{ "type": "module" }' })
    expect((await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))).toEqual([])
    const url = await serve(moved, ['index.js'], await newUser())
    const sums = [
      [11, 12, 13],
      [21, 22, 23],
    ]
    expect(await (await fetch(`${url}/sum`)).json()).toEqual([sums, false])
    expect(await (await fetch(url)).text()).toContain('<p>[11,12,13]</p>')
  })
})

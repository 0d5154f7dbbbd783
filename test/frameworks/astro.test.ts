import { rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, projectElsewhere, projectFolder, runTool, serve } from './framework.ts'

const framework = installed('astro')

const sums = `
  import model, { target } from '../add.onnx'
  const { y } = await model.run({ x: Float32Array.of(1, 2, 3) })
  const sums = JSON.stringify([[...y.data], target === 'wasm'])`

const app = {
  'package.json': '{ "private": true, "type": "module" }',
  'astro.config.mjs': `
    import node from '@astrojs/node'
    import onnx from 'unplugin-onnx-mlir/astro'
    export default { adapter: node({ mode: 'standalone' }), integrations: [onnx()], telemetry: false }`,
  'src/add.onnx': addModel(10),
  'src/pages/index.astro': `---\nexport const prerender = false\n${sums}\n---\n<p set:html={sums} />`,
  'src/pages/before.astro': `---\nexport const prerender = true\n${sums}\n---\n<p set:html={sums} />`,
  'src/pages/sum.js': `export const prerender = false\n${sums}\nexport const GET = () => new Response(sums)`,
}

test.skipIf(!framework)('Astro: pages on demand run models natively, and nothing of these is served', async () => {
  const root = await projectFolder(framework!)
  await writeFiles(root, app)
  const said = await runTool(root, join(framework!, 'node_modules/astro/bin/astro.mjs'), ['build'])
  expect(said).toMatch(/Astro .* JavaScript \(files=inline\)/)

  const moved = await moveElsewhere(join(root, 'dist'))
  await rm(root, { recursive: true })
  expect((await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))).toEqual([])
  // Astro has a server import the packages that it is built on.
  await symlink(join(framework!, 'node_modules'), join(moved, 'node_modules'))
  const url = await serve(moved, ['server/entry.mjs'], await newUser())
  const expected = '[[11,12,13],false]'
  expect(await (await fetch(`${url}/sum`)).text()).toBe(expected)
  for (const page of ['', 'before/'])
    expect(await (await fetch(`${url}/${page}`)).text()).toContain(`<p>${expected}</p>`)
})

test.skipIf(!framework)('astro check finds the types of models, after types --fix', async () => {
  const root = await projectElsewhere(framework!)
  await writeFiles(root, {
    'package.json': '{ "private": true, "type": "module" }',
    // As `npm create astro` writes it.
    'tsconfig.json':
      '{ "extends": "astro/tsconfigs/strict", "include": [".astro/types.d.ts", "**/*"], "exclude": ["dist"] }',
    'astro.config.mjs': `
      import onnx from 'unplugin-onnx-mlir/astro'
      export default { integrations: [onnx()], telemetry: false }`,
    'src/add.onnx': addModel(10),
    // A check that knows no types finds nothing where an error is expected: which is an error.
    'src/pages/index.astro': `---
      import model from '../add.onnx'
      import small from '../add.onnx?O=1'
      const { y } = await model.run({ x: [1, 2, 3] })
      const dims: readonly [3] = small.runSync({ x: y.data }).y.dims
      // @ts-expect-error there is no such output
      const { z } = model.runSync({ x: y.data })
      ---
      <p>{[dims, ...y.data, z].join()}</p>`,
  })
  await runTool(root, resolve('dist/cli/main.js'), ['types', '--fix'])
  const said = await runTool(root, join(framework!, 'node_modules/astro/bin/astro.mjs'), ['check'])
  expect(said).toContain('- 0 errors\n- 0 warnings\n')
})

import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, projectFolder, runTool, serve } from './framework.ts'

const framework = installed('react-router')

const app = {
  'package.json': '{ "private": true, "type": "module" }',
  'vite.config.js': `
    import { reactRouter } from '@react-router/dev/vite'
    import onnx from 'unplugin-onnx-mlir/vite'
    export default { plugins: [onnx(), reactRouter()] }`,
  'app/add.onnx': addModel(10),
  'app/routes.js': `
    import { index, route } from '@react-router/dev/routes'
    export default [index('home.jsx'), route('sum', 'sum.js')]`,
  'app/root.jsx': `
    import { Outlet } from 'react-router'
    export default () => <html><body><Outlet /></body></html>`,
  'app/home.jsx': `
    import model from './add.onnx'
    export const loader = async () => [...(await model.run({ x: [1, 2, 3] })).y.data]
    export default ({ loaderData }) => <p>{JSON.stringify(loaderData)}</p>`,
  'app/sum.js': `
    import model, { target } from './add.onnx'
    export const loader = async () => Response.json([[...(await model.run({ x: [1, 2, 3] })).y.data], target === 'wasm'])`,
}

test.skipIf(!framework)('React Router: loaders run models natively, from files beside the server', async () => {
  const root = await projectFolder(framework!)
  await writeFiles(root, app)
  const bin = (name: string): string => join(framework!, 'node_modules/@react-router', name, 'bin.cjs')
  await runTool(root, bin('dev'), ['build'])

  const moved = await moveElsewhere(join(root, 'build'))
  await rm(root, { recursive: true })
  const files = (await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))
  expect(files).toEqual([
    expect.stringMatching(/^server\/assets\/add-\w{8}\.so$/),
    expect.stringMatching(/^server\/assets\/onnx-mlir-\w{8}\.node$/),
  ])
  // A server imports React from packages.
  await symlink(join(framework!, 'node_modules'), join(moved, 'node_modules'))
  await writeFiles(moved, { 'package.json': '{ "type": "module" }' })
  const url = await serve(moved, [bin('serve'), 'server/index.js'], await newUser())
  expect(await (await fetch(`${url}/sum`)).json()).toEqual([[11, 12, 13], false])
  expect(await (await fetch(url)).text()).toContain('<p>[11,12,13]</p>')
})

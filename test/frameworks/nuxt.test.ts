import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, projectElsewhere, projectFolder, runTool, serve } from './framework.ts'

const framework = installed('nuxt')

const app = {
  'package.json': '{ "private": true, "type": "module" }',
  'shared/add.onnx': addModel(10),
  'app/app.vue': `
    <script setup>
    import model, { target } from '../shared/add.onnx'
    const { data } = await useAsyncData('sum', async () => [[...(await model.run({ x: [1, 2, 3] })).y.data], target === 'wasm'])
    </script>
    <template><p>{{ JSON.stringify(data) }}</p></template>`,
  'server/api/sum.js': `
    import model, { target } from '../../shared/add.onnx'
    export default defineEventHandler(async () => [[...(await model.run({ x: [1, 2, 3] })).y.data], target === 'wasm'])`,
}

const configurations = {
  'as a module': `export default defineNuxtConfig({ modules: ['unplugin-onnx-mlir/nuxt'], telemetry: false })`,
  'as plugins of Vite and Nitro': `
    import rollup from 'unplugin-onnx-mlir/rollup'
    import vite from 'unplugin-onnx-mlir/vite'
    export default defineNuxtConfig({
      vite: { plugins: [vite()] },
      nitro: { rollupConfig: { plugins: [rollup({ types: false })] } },
      telemetry: false,
    })`,
}

test.skipIf(!framework).each(Object.entries(configurations))(
  'Nuxt, %s: pages and routes run models natively, wherever the output is moved',
  async (_name, config) => {
    const root = await projectFolder(framework!)
    await writeFiles(root, { ...app, 'nuxt.config.ts': config })
    const said = await runTool(root, join(framework!, 'node_modules/nuxt/bin/nuxt.mjs'), ['build'])
    expect(said).toMatch(/(Nuxt|Nitro) .* JavaScript \(files=inline\)/)

    const moved = await moveElsewhere(join(root, '.output'))
    await rm(root, { recursive: true })
    expect((await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))).toEqual([])
    const url = await serve(moved, ['server/index.mjs'], await newUser())
    expect(await (await fetch(`${url}/api/sum`)).json()).toEqual([[11, 12, 13], false])
    expect((await (await fetch(url)).text()).replaceAll('&quot;', '"')).toContain('<p>[[11,12,13],false]</p>')
  },
)

test.skipIf(!framework)('nuxt prepare writes the types, and configurations that find them', async () => {
  const root = await projectElsewhere(framework!)
  const use = `
    import model from '../shared/add.onnx?O=2'
    export const { y } = model.runSync({ x: new Float32Array(3) })
    // @ts-expect-error there is no such output
    export const { z } = model.runSync({ x: new Float32Array(3) })`
  const config = `export default defineNuxtConfig({ modules: ['unplugin-onnx-mlir/nuxt'], telemetry: false })`
  await writeFiles(root, {
    'package.json': '{ "private": true, "type": "module" }',
    'nuxt.config.ts': config,
    'shared/add.onnx': addModel(10),
    'app/app.vue': '<template><p /></template>',
    'app/use.ts': use,
    'server/use.ts': use,
  })
  await runTool(root, join(framework!, 'node_modules/nuxt/bin/nuxt.mjs'), ['prepare'])
  for (const name of ['app', 'server'])
    await runTool(root, resolve('node_modules/typescript/bin/tsc'), ['-p', `.nuxt/tsconfig.${name}.json`])
})

import { join } from 'node:path'
import { watch as watchRolldown } from 'rolldown'
import { watch as watchRollup } from 'rollup'
import { build as viteBuild } from 'vite'
import { describe, expect, test } from 'vitest'
import rolldownPlugin from '../../src/rolldown.ts'
import rollupPlugin from '../../src/rollup.ts'
import vitePlugin from '../../src/vite.ts'
import { execute, temporaryFolder, writeFiles } from './app.ts'
import { addModel, addModelWeights, addModelWithExternalData } from './models.ts'

const app = {
  'main.js': `
    import model from './add.onnx'
    model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`,
}

/** Builds `main.js` to `out/main.mjs`, and again whenever something changes, until closed. */
type Watch = (root: string) => Promise<{ close(): Promise<void> }>

const watchers: Record<string, Watch> = {
  async rollup(root) {
    return watchRollup({
      input: join(root, 'main.js'),
      plugins: [rollupPlugin({ root })],
      output: { file: join(root, 'out/main.mjs') },
    })
  },
  async rolldown(root) {
    return watchRolldown({
      input: join(root, 'main.js'),
      plugins: [rolldownPlugin({ root })],
      platform: 'node',
      output: { file: join(root, 'out/main.mjs') },
    })
  },
  async vite(root) {
    const watcher = await viteBuild({
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: [vitePlugin()],
      build: {
        ssr: true,
        watch: {},
        outDir: 'out',
        rolldownOptions: { input: join(root, 'main.js'), output: { entryFileNames: '[name].mjs' } },
      },
    })
    if (!('close' in watcher)) throw new Error('Vite does not watch')
    return watcher
  },
}

describe.each(Object.entries(watchers))('%s', (_name, watch) => {
  async function becomes(files: Record<string, string | Uint8Array>, change: Record<string, string | Uint8Array>) {
    const root = await temporaryFolder()
    await writeFiles(root, { ...app, ...files })
    const watcher = await watch(root)
    const sum = () => execute(join(root, 'out/main.mjs')).catch((error: unknown) => error)
    try {
      await expect.poll(sum, { timeout: 30_000 }).toEqual([11, 12, 13])
      await writeFiles(root, change)
      await expect.poll(sum, { timeout: 30_000 }).toEqual([21, 22, 23])
    } finally {
      await watcher.close()
    }
  }

  test('a changed model is built', async () => {
    await becomes({ 'add.onnx': addModel(10) }, { 'add.onnx': addModel(20) })
  })

  test('changed external data is built', async () => {
    const model = addModelWithExternalData('weights.bin')
    await becomes({ 'add.onnx': model, 'weights.bin': addModelWeights(10) }, { 'weights.bin': addModelWeights(20) })
  })

  test('a model that was broken is built once it is right', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, { ...app, 'add.onnx': 'not a model' })
    const watcher = await watch(root)
    try {
      const sum = () => execute(join(root, 'out/main.mjs')).catch((error: unknown) => error)
      await new Promise((done) => setTimeout(done, 1000))
      expect(await sum()).toBeInstanceOf(Error)
      await writeFiles(root, { 'add.onnx': addModel(10) })
      await expect.poll(sum, { timeout: 30_000 }).toEqual([11, 12, 13])
    } finally {
      await watcher.close()
    }
  })
})

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, projectFolder, runTool, serve } from './framework.ts'
import { serveFunction } from './functions.ts'

// Nitro by itself, in all of its versions and ways to build, for servers and for hosting companies.

const route = `
  import model, { target } from '../add.onnx'
  const sum = async () => [[...(await model.run({ x: [1, 2, 3] })).y.data], target === 'wasm']`

const withVite = `
  import { nitro } from 'nitro/vite'
  import onnx from 'unplugin-onnx-mlir/vite'
  export default { plugins: [onnx(), nitro({ preset: process.env.NITRO_PRESET, serverDir: '.' })] }`

const alone = (bundler: 'rollup' | 'rolldown', options: string): string => `
  import onnx from 'unplugin-onnx-mlir/${bundler}'
  export default { ${options}, ${bundler}Config: { plugins: [onnx()] } }`

interface Variant {
  readonly name: string
  /** Folder of test/frameworks/installed. */
  readonly framework: string
  readonly tool: string
  readonly files: Readonly<Record<string, string>>
  /** Of the function that is built for Vercel. */
  readonly vercel?: string
}

const nitro2 = {
  'routes/sum.js': `${route}\nexport default defineEventHandler(sum)`,
  'nitro.config.mjs': alone('rollup', `compatibilityDate: '2026-11-26'`),
}
const nitro3 = { 'routes/sum.js': `${route}\nexport default sum` }

const variants: readonly Variant[] = [
  {
    name: 'Nitro 2',
    framework: 'nitro-2',
    tool: 'nitropack/dist/cli/index.mjs',
    files: nitro2,
    vercel: '__fallback.func',
  },
  {
    name: 'Nitro 3, Vite 7',
    framework: 'nitro',
    tool: 'vite/bin/vite.js',
    files: { ...nitro3, 'vite.config.mjs': withVite },
    vercel: '__fallback.func',
  },
  {
    name: 'Nitro 3, Rollup',
    framework: 'nitro',
    tool: 'nitro/dist/cli/index.mjs',
    files: { ...nitro3, 'nitro.config.mjs': alone('rollup', `serverDir: '.', builder: 'rollup'`) },
  },
  {
    name: 'Nitro 3 (beta), Vite 8',
    framework: 'nitro-beta',
    tool: 'vite/bin/vite.js',
    files: { ...nitro3, 'vite.config.mjs': withVite },
    vercel: '__server.func',
  },
  {
    name: 'Nitro 3 (beta), Rolldown',
    framework: 'nitro-beta',
    tool: 'nitro/dist/cli/index.mjs',
    files: { ...nitro3, 'nitro.config.mjs': alone('rolldown', `serverDir: '.', builder: 'rolldown'`) },
  },
]

describe.each(variants)('$name', ({ framework: name, tool, files, vercel }) => {
  const framework = installed(name)

  async function project(): Promise<string> {
    const root = await projectFolder(framework!)
    const app = { 'package.json': '{ "private": true, "type": "module" }', 'add.onnx': addModel(10) }
    await writeFiles(root, { ...app, ...files })
    return root
  }

  /** Builds for a preset; gives what became of one folder of the output, elsewhere and alone. */
  async function built(preset: string, folder: string): Promise<string> {
    const root = await project()
    const said = await runTool(root, join(framework!, 'node_modules', tool), ['build'], { NITRO_PRESET: preset })
    expect(said).toMatch(/Nitro .* JavaScript \(files=inline\)/)
    const moved = await moveElsewhere(join(root, folder))
    await rm(root, { recursive: true })
    expect((await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))).toEqual([])
    return moved
  }

  const expectSum = async (url: string): Promise<void> =>
    expect(await (await fetch(`${url}/sum`)).json()).toEqual([[11, 12, 13], false])

  test.skipIf(!framework)('a server runs models natively, wherever it is moved', async () => {
    const moved = await built('node-server', '.output/server')
    await expectSum(await serve(moved, ['index.mjs'], await newUser()))
  })

  // Vite's own server looks at nothing outside of a project, where this one has its packages.
  test.skipIf(!framework || tool.startsWith('vite/'))(
    'a development server runs them, and takes a model that changes',
    async () => {
      const root = await project()
      const url = await serve(root, [join(framework!, 'node_modules', tool), 'dev'], {
        ...process.env,
        NODE_ENV: undefined,
      })
      const options = { timeout: 60_000, interval: 200 }
      await vi.waitFor(() => expectSum(url), options)
      // Again and again: where the machine is busy, Nitro answers before it watches the model.
      const changed = async (): Promise<void> => {
        await writeFiles(root, { 'add.onnx': addModel(20) })
        const isNew = async (): Promise<void> =>
          expect(await (await fetch(`${url}/sum`)).json()).toEqual([[21, 22, 23], false])
        await vi.waitFor(isNew, { timeout: 10_000, interval: 200 })
      }
      await vi.waitFor(changed, options)
    },
  )

  test.skipIf(!framework || !vercel)("so does a function of Vercel's, with nothing but its own folder", async () => {
    await expectSum(await serveFunction('vercel', await built('vercel', `.vercel/output/functions/${vercel}`)))
  })

  test.skipIf(!framework || !vercel)('so does one of AWS Lambda', async () => {
    await expectSum(await serveFunction('lambda', await built('aws-lambda', '.output/server'), 'index.mjs'))
  })
})

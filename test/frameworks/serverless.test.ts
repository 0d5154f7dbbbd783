import { rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, projectFolder, runTool } from './framework.ts'
import { serveFunction } from './functions.ts'

// What hosting companies are given, built by frameworks' adapters, and started with nothing but that folder.

interface Adapter {
  readonly name: string
  /** Folder of test/frameworks/installed. */
  readonly framework: string
  readonly tool: string
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, string | Uint8Array>>
  readonly platform: Parameters<typeof serveFunction>[0]
  /** The function's folder. */
  readonly folder: string
  /** Packages that the project's package.json names. */
  readonly dependencies?: readonly string[]
  /** What is started, where the folder doesn't say. */
  readonly file?: string
  /** Whether the company bundles it, with its packages. */
  readonly isBundled?: boolean
}

const sum = (model: string): string => `
  import model, { target } from '${model}'
  const sum = async () => [[...(await model.run({ x: [1, 2, 3] })).y.data], target === 'wasm']`

const svelteKit = (adapter: string) => ({
  'src/app.html': '<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
  'src/lib/add.onnx': addModel(10),
  'src/routes/sum/+server.js': `
    import { json } from '@sveltejs/kit'
    ${sum('../../lib/add.onnx')}
    export const GET = async () => json(await sum())`,
  'svelte.config.js': `
    import adapter from '${adapter}'
    export default { kit: { adapter: adapter() } }`,
  'vite.config.js': `
    import { sveltekit } from '@sveltejs/kit/vite'
    import onnx from 'unplugin-onnx-mlir/vite'
    export default { plugins: [onnx(), sveltekit()] }`,
  'static/robots.txt': '',
})

const packageFile = (dependencies: readonly string[] = []): string =>
  JSON.stringify({
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
  })

const adapters: readonly Adapter[] = [
  {
    name: 'SvelteKit: adapter-vercel',
    framework: 'sveltekit-2',
    tool: 'vite/bin/vite.js',
    args: ['build'],
    files: svelteKit('@sveltejs/adapter-vercel'),
    platform: 'vercel',
    folder: '.vercel/output/functions/![-]/catchall.func',
  },
  {
    name: 'SvelteKit: adapter-netlify',
    framework: 'sveltekit-2',
    tool: 'vite/bin/vite.js',
    args: ['build'],
    files: svelteKit('@sveltejs/adapter-netlify'),
    platform: 'netlify',
    folder: '.netlify',
    file: 'functions-internal/sveltekit-render.mjs',
    isBundled: true,
  },
  {
    name: 'Astro: @astrojs/vercel',
    framework: 'astro',
    tool: 'astro/bin/astro.mjs',
    args: ['build'],
    files: {
      'src/add.onnx': addModel(10),
      'src/pages/sum.js': `
        export const prerender = false
        ${sum('../add.onnx')}
        export const GET = async () => Response.json(await sum())`,
      'astro.config.mjs': `
        import vercel from '@astrojs/vercel'
        import onnx from 'unplugin-onnx-mlir/astro'
        export default { adapter: vercel(), integrations: [onnx()], telemetry: false }`,
    },
    platform: 'vercel',
    folder: '.vercel/output/functions/_render.func',
    // Otherwise Astro doesn't bundle what it starts.
    dependencies: ['@astrojs/vercel'],
  },
  {
    name: 'Hono: @hono/vite-build/vercel',
    framework: 'hono',
    tool: resolve('node_modules/vite/bin/vite.js'),
    args: ['build'],
    files: {
      'src/add.onnx': addModel(10),
      'src/index.js': `
        import { Hono } from 'hono'
        ${sum('./add.onnx')}
        const app = new Hono()
        app.get('/sum', async (c) => c.json(await sum()))
        export default app`,
      'vite.config.js': `
        import build from '@hono/vite-build/vercel'
        import onnx from 'unplugin-onnx-mlir/vite'
        // By itself it imports what @hono/node-server 2 has no more.
        const web = { entryContentAfterHooks: [], entryContentDefaultExportHook: (app) => \`export default \${app}\` }
        export default { plugins: [onnx(), build({ entry: 'src/index.js', ...web })] }`,
    },
    platform: 'vercel',
    folder: '.vercel/output/functions/__hono.func',
  },
]

describe.each(adapters)(
  '$name',
  ({ framework: name, tool, args, files, platform, folder, file, dependencies, isBundled }) => {
    const framework = installed(name)

    test.skipIf(!framework)('a function runs models natively, with nothing but its own folder', async () => {
      const root = await projectFolder(framework!)
      await writeFiles(root, { 'package.json': packageFile(dependencies), ...files })
      await runTool(root, resolve(framework!, 'node_modules', tool), args)

      const moved = await moveElsewhere(join(root, folder))
      await rm(root, { recursive: true })
      const there = await filesBelow(moved)
      // Neither a model nor what is elsewhere on the machine that builds.
      const own = there.filter((path) => !/(^|\/)node_modules\//.test(path))
      expect(own.filter((path) => !/\.(m?js|json|map)$/.test(path) || path.includes('.cache/'))).toEqual([])
      if (isBundled) await symlink(join(framework!, 'node_modules'), join(moved, 'node_modules'))
      const url = await serveFunction(platform, moved, file)
      expect(await (await fetch(`${url}/sum`)).json()).toEqual([[11, 12, 13], false])
      // It may be that it can't be written to.
      expect(await filesBelow(moved)).toEqual(there)
    })
  },
)

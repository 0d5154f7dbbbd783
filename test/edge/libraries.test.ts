import { cp, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rollup } from 'rollup'
import { build as viteBuild } from 'vite'
import { describe, expect, test } from 'vitest'
import type { Configuration } from 'webpack'
import esbuildPlugin from '../../src/esbuild.ts'
import type { HostOptions } from '../../src/plugin/models.ts'
import rolldownPlugin from '../../src/rolldown.ts'
import rollupPlugin from '../../src/rollup.ts'
import vitePlugin from '../../src/vite.ts'
import { execute, filesBelow, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { openPage, serveSite, strictPolicy } from '../hosts/browser/site.ts'
import { runWebpack } from '../hosts/hosts.ts'
import { addModel } from '../hosts/models.ts'
import { chromium } from '../report/browser.ts'

const installed = resolve('test/edge/installed')
const areThere = existsSync(join(installed, 'node_modules/tsup'))
if (!areThere)
  console.log('skipped: tsup and tsdown are not installed; run npm ci --ignore-scripts --prefix test/edge/installed')

interface Tsup {
  build(options: object): Promise<void>
}

interface Tsdown {
  build(options: object): Promise<unknown>
}

/** Both formats of a package in one file each, with all that it carries. */
async function buildWithTsup(root: string, options: HostOptions): Promise<void> {
  const { build } = createRequire(`${installed}/`)('tsup') as Tsup
  await build({
    config: false,
    silent: true,
    entry: [join(root, 'index.js')],
    outDir: join(root, 'dist'),
    format: ['esm', 'cjs'],
    esbuildPlugins: [esbuildPlugin({ root, platform: 'browser', files: 'inline', ...options })],
  })
}

/** A way to publish a package that carries its model. */
interface Builder {
  readonly name: string
  readonly isThere?: boolean
  /** What is published beside the declarations of the package. */
  readonly publishes: readonly unknown[]
  readonly hasCommonJs?: boolean
  build(root: string): Promise<unknown>
}

const builders: readonly Builder[] = [
  {
    name: 'vite, module beside it',
    publishes: ['add.wasm', 'index.js'],
    build: (root) =>
      viteBuild({
        root,
        configFile: false,
        logLevel: 'silent',
        plugins: [vitePlugin({ root, files: 'url' })],
        build: { lib: { entry: 'index.js', formats: ['es'], fileName: 'index' } },
      }),
  },
  {
    name: 'rollup, module beside it',
    publishes: [expect.stringMatching(/^assets\/add-\w+\.wasm$/), 'index.js'],
    async build(root) {
      const plugins = [rollupPlugin({ root, platform: 'browser', files: 'url' })]
      const bundle = await rollup({ input: join(root, 'index.js'), plugins })
      await bundle.write({ format: 'es', dir: join(root, 'dist') })
      await bundle.close()
    },
  },
  {
    name: 'tsup, inline',
    isThere: areThere,
    publishes: ['index.cjs', 'index.js'],
    hasCommonJs: true,
    build: (root) => buildWithTsup(root, {}),
  },
  {
    name: 'tsdown, inline',
    isThere: areThere,
    publishes: ['index.cjs', 'index.js'],
    hasCommonJs: true,
    async build(root) {
      const file = pathToFileURL(join(installed, 'node_modules/tsdown/dist/index.mjs')).href
      const { build } = (await import(file)) as Tsdown
      await build({
        config: false,
        logLevel: 'silent',
        cwd: root,
        entry: [join(root, 'index.js')],
        outDir: join(root, 'dist'),
        format: ['esm', 'cjs'],
        fixedExtension: false,
        dts: false,
        plugins: [rolldownPlugin({ root, platform: 'browser', files: 'inline' })],
      })
    },
  },
]

/** What is published, without a trace of the machine that it was built on. */
async function published(library: string): Promise<string[]> {
  const files = await filesBelow(join(library, 'dist'))
  for (const file of files.filter((name) => name.endsWith('js')))
    expect(await readFile(join(library, 'dist', file), 'utf8')).not.toMatch(/["'`]\/(tmp|work|home)\//)
  return files
}

describe.each(builders.filter(({ isThere = true }) => isThere))('$name', ({ build, publishes, hasCommonJs }) => {
  test('an application takes the library and its model along', async () => {
    const root = await temporaryFolder()
    const library = join(root, 'library')
    const app = join(root, 'app')
    await writeFiles(root, {
      'library/package.json': JSON.stringify({
        name: 'adding',
        type: 'module',
        exports: { import: './dist/index.js', require: './dist/index.cjs' },
      }),
      'library/index.js': `
        import add from './add.onnx'
        export const sum = async (...x) => [...(await add.run({ x: Float32Array.from(x) })).y.data]`,
      'library/add.onnx': addModel(10),
      'app/package.json': '{ "type": "module" }',
      'app/index.html': '<!doctype html><title>test</title><script type="module" src="./main.js"></script>',
      'app/main.js': `import { sum } from 'adding'\nglobalThis.results = () => sum(1, 2, 3)`,
      'app/node.js': `import { sum } from 'adding'\nconsole.log(JSON.stringify(await sum(1, 2, 3)))`,
      'app/node.cjs': `require('adding').sum(1, 2, 3).then((sums) => console.log(JSON.stringify(sums)))`,
    })
    await build(library)
    expect(await published(library)).toEqual(publishes)
    await cp(join(library, 'dist'), join(app, 'node_modules/adding/dist'), { recursive: true })
    await cp(join(library, 'package.json'), join(app, 'node_modules/adding/package.json'))

    // In Node as it is, and bundled.
    expect(await execute(join(app, 'node.js'))).toEqual([11, 12, 13])
    if (hasCommonJs) expect(await execute(join(app, 'node.cjs'))).toEqual([11, 12, 13])
    const webpack = (entry: string, outDir: string, { output, ...more }: Configuration): Promise<unknown> =>
      runWebpack({
        mode: 'production',
        context: app,
        entry: join(app, entry),
        output: { path: join(app, outDir), ...output },
        ...more,
      })
    await webpack('node.js', 'for-node', {
      target: 'node',
      experiments: { outputModule: true },
      output: { module: true, filename: 'main.mjs' },
    })
    expect(await execute(join(app, 'for-node/main.mjs'))).toEqual([11, 12, 13])
    const plain = { root: app, configFile: false, logLevel: 'silent' } as const
    await viteBuild({ ...plain, build: { outDir: 'for-node-vite', ssr: 'node.js' } })
    expect(await execute(join(app, 'for-node-vite/node.js'))).toEqual([11, 12, 13])

    if (!chromium) return
    await viteBuild({ ...plain, base: './', build: { assetsInlineLimit: 0, outDir: 'vite' } })
    await webpack('main.js', 'webpack', {})
    await writeFiles(join(app, 'webpack'), {
      'index.html': '<!doctype html><title>test</title><script defer src="main.js"></script>',
    })
    for (const bundler of ['vite', 'webpack']) {
      const page = await openPage((await serveSite(join(app, bundler), '/deep/down/')).url)
      expect(await page.evaluate('results()'), bundler).toEqual([11, 12, 13])
      expect(page.problems, bundler).toEqual([])
    }
  })
})

test.skipIf(!areThere || !chromium)('a library that carries its worker, too', async () => {
  const root = await temporaryFolder()
  const library = join(root, 'node_modules/adding')
  await writeFiles(library, {
    'package.json': '{ "name": "adding", "type": "module", "exports": "./dist/index.js" }',
    'index.js': `
      import add from './add.onnx'
      export const sum = async (...x) => [...(await add.run({ x: Float32Array.from(x) })).y.data]`,
    'add.onnx': addModel(10),
  })
  await buildWithTsup(library, { worker: true })
  expect(await published(library)).toEqual(['index.cjs', 'index.js'])
  await writeFiles(root, {
    'index.html': '<!doctype html><title>test</title><script type="module" src="./main.js"></script>',
    'main.js': `
      import { sum } from 'adding'
      globalThis.started = 0
      globalThis.Worker = class extends Worker { constructor(...all) { super(...all); started++ } }
      globalThis.results = async () => [await sum(1, 2, 3), await sum(0, 0, 0), started]`,
  })
  await viteBuild({ root, configFile: false, logLevel: 'silent', base: './', build: { outDir: 'out' } })
  const policy = strictPolicy.replace("worker-src 'self'", 'worker-src blob:')
  const page = await openPage((await serveSite(join(root, 'out'), '/deep/down/', policy)).url)
  expect(await page.evaluate('results()')).toEqual([[11, 12, 13], [10, 10, 10], 1])
  expect(page.problems).toEqual([])
})

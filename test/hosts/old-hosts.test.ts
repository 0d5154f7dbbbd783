import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import next from '../../src/next.ts'
import { expectHostVersion, oldest, type VersionedHost } from '../../src/plugin/host-version.ts'
import rolldownPlugin from '../../src/rolldown.ts'
import rollupPlugin from '../../src/rollup.ts'
import rsbuildPlugin from '../../src/rsbuild.ts'
import vitePlugin from '../../src/vite.ts'
import webpackPlugin from '../../src/webpack.ts'
import { expectWebpackVersion } from '../../src/plugin/webpack-loader.ts'
import { execute, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { webpackLoader } from './hosts.ts'
import { addModel } from './models.ts'

test('the oldest versions are those of package.json', async () => {
  const { peerDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    readonly peerDependencies: Readonly<Record<string, string>>
  }
  const told = Object.values(oldest).map(([name, version]) => [name, version])
  const stated = Object.entries(peerDependencies)
    .filter(([name]) => name !== '@yowasp/clang') // no host
    .map(([name, range]) => [name, range.replace(/^(>=|\^)/, '')])
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(stated))
})

test.each<[VersionedHost, string, boolean]>([
  ['Rollup', '3.29.5', true],
  ['Rollup', '4.0.0', false],
  ['Rollup', '10.0.0', false],
  ['Rolldown', '1.0.0-beta.3', false],
  ['Rolldown', '0.15.1', true],
  ['esbuild', '0.24.2', true],
  ['esbuild', '0.25.0', false],
  ['esbuild', '1.0.0', false],
  ['webpack', '5.60.9', true],
  ['webpack', '5.61.0', false],
  ['Next.js', '16.1.9', true],
  ['Next.js', '16.2.0-canary.4', false],
  ['Next.js', '16.10.0', false],
  ['Vite', '5', true],
  ['Vite', 'unknown', false],
])('%s %s: too old is %s', (host, version, isOld) => {
  const check = () => expectHostVersion(host, version)
  if (!isOld) return expect(check).not.toThrow()
  const [name, wanted] = oldest[host]
  expect(check).toThrow(
    `This is ${host} ${version}: models are imported by ${host} ${wanted} and newer. Update it: npm install ${name}@latest`,
  )
  expect(check).toThrow(expect.objectContaining({ code: 'USAGE_HOST' }))
})

/** Of each host that tells its version: a part of the plugin as that host calls it. */
const ways: Readonly<Record<Exclude<VersionedHost, 'Vite' | 'Next.js'>, (version: string) => unknown>> = {
  Rollup: (rollupVersion) => hook(rollupPlugin(), 'options').call({ meta: { rollupVersion } }, {}),
  Rolldown: (rolldownVersion) => hook(rolldownPlugin(), 'options').call({ meta: { rolldownVersion } }, {}),
  Rsbuild: (version) => rsbuildPlugin().setup({ context: { version }, modifyRspackConfig() {} } as never),
  Rspack: (rspackVersion) => expectWebpackVersion({ webpack: { version: '5.75.0', rspackVersion } }),
  esbuild: (version) => esbuildPlugin().setup(esbuildBuild(version)),
  webpack: (version) => expectWebpackVersion({ webpack: { version } }),
}

test.each(Object.entries(ways))('%s is looked at when it begins', async (host, begin) => {
  const attempt = async (version: string): Promise<unknown> => begin(version)
  await expect(attempt('0.1.0')).rejects.toThrow(`This is ${host} 0.1.0: models are imported by ${host} `)
  await attempt('99.0.0')
})

function hook(plugin: object, name: string): (this: object, input: object) => unknown {
  const given: unknown = Reflect.get(plugin, name)
  return (typeof given === 'object' ? Reflect.get(given as object, 'handler') : given) as ReturnType<typeof hook>
}

function esbuildBuild(version: string): never {
  const no = (): void => {}
  return { esbuild: { version }, initialOptions: {}, onStart: no, onResolve: no, onLoad: no, onEnd: no } as never
}

test('Next.js is looked at as the project has it', async () => {
  const root = await temporaryFolder()
  const from = process.cwd()
  const write = (version: string) => writeFiles(root, { 'node_modules/next/package.json': JSON.stringify({ version }) })
  try {
    process.chdir(root)
    expect(() => next({})).not.toThrow()
    await write('15.5.4')
    expect(() => next({})).toThrow('This is Next.js 15.5.4: models are imported by Next.js 16.2 and newer.')
    await write('16.4.6')
    expect(() => next({})).not.toThrow()
  } finally {
    process.chdir(from)
  }
})

test('a Vite without environments is told which one models need', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { 'add.onnx': addModel(10), 'node_modules/vite/package.json': '{ "version": "5.4.21" }' })
  const plugin = vitePlugin({ root, types: false }) as unknown as {
    load: { handler(this: object, id: string): Promise<unknown> }
    configResolved(config: object): void
  }
  const context = { addWatchFile() {}, debug() {}, info() {}, warn() {} }
  const load = () => plugin.load.handler.call(context, join(root, 'add.onnx'))
  await expect(load()).rejects.toThrow(/^This is Vite .*: models are imported by Vite 6 and newer\. Update it:/)
  // Of a build, a server, and Vitest.
  expect(() => plugin.configResolved({ root })).toThrow(
    'This is Vite 5.4.21: models are imported by Vite 6 and newer. Update it: npm install vite@latest',
  )
  expect(() => plugin.configResolved({ root, environments: {} })).not.toThrow()
  await expect(load()).rejects.toThrow('This is Vite 5.4.21: models are imported by Vite 6 and newer.')
})

test('a webpack without what plugins need since 5 is one error, of the plugin and of the loader', () => {
  const compiler = { options: {}, hooks: {} }
  expect(() => webpackPlugin().apply(compiler as never)).toThrow(
    'This is webpack 5.0 or older: models are imported by webpack 5.61.0 and newer.',
  )
})

const old = resolve('test/hosts/installed/old')
const isThere = existsSync(join(old, 'node_modules'))
if (!isThere) console.log('skipped: old hosts are not installed; run bash test/install.sh old')

type Builder = (app: { readonly root: string; readonly outDir: string }) => Promise<unknown>

describe.skipIf(!isThere)('installed', () => {
  const load = async (path: string): Promise<unknown> => {
    const module = (await import(pathToFileURL(join(old, 'node_modules', path)).href)) as { readonly default?: unknown }
    return module.default ?? module
  }
  const plain = { types: false } as const

  const withVite =
    (path: string): Builder =>
    async ({ root, outDir }) => {
      const { build } = (await import(pathToFileURL(join(old, 'node_modules', path)).href)) as typeof import('vite')
      const plugins = [vitePlugin({ root, ...plain })]
      await build({ root, configFile: false, logLevel: 'silent', plugins, build: { ssr: 'main.js', outDir } })
    }
  const withViteServer =
    (path: string): Builder =>
    async ({ root }) => {
      const { createServer } = (await import(
        pathToFileURL(join(old, 'node_modules', path)).href
      )) as typeof import('vite')
      const plugins = [vitePlugin({ root, ...plain })]
      const server = { middlewareMode: true, watch: null, ws: false } as const
      const started = await createServer({ root, configFile: false, logLevel: 'silent', plugins, server })
      await started.close()
    }
  const withWebpack =
    (path: string, hasPlugin: boolean): Builder =>
    async ({ root, outDir }) => {
      const webpack = (await load(path)) as typeof import('webpack')
      const rule = { test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: { root, ...plain } } }
      const compiler = webpack({
        mode: 'production',
        target: 'node',
        context: root,
        entry: join(root, 'main.js'),
        output: { path: outDir, filename: 'main.cjs' },
        plugins: hasPlugin ? [webpackPlugin({ root, ...plain })] : [],
        module: { rules: hasPlugin ? [] : [rule] },
      })
      const stats = await new Promise<import('webpack').Stats>((done, failed) =>
        compiler.run((error, result) => (error ? failed(error) : done(result!))),
      )
      if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }))
    }

  async function app(): Promise<{ root: string; outDir: string }> {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{ "type": "module" }',
      'main.js': `
        import model from './add.onnx?O=1'
        model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`,
      'add.onnx': addModel(10),
    })
    return { root, outDir: join(root, 'out') }
  }

  test.each<[string, string, Builder]>([
    ['Vite 6.0.0', 'main.js', withVite('vite/dist/node/index.js')],
    [
      'Rollup 4.0.0',
      'main.mjs',
      async ({ root, outDir }) => {
        const { rollup } = (await load('rollup/dist/rollup.js')) as typeof import('rollup')
        const bundle = await rollup({ input: join(root, 'main.js'), plugins: [rollupPlugin({ root, ...plain })] })
        await bundle.write({ dir: outDir, format: 'es', entryFileNames: '[name].mjs' })
      },
    ],
    [
      'esbuild 0.25.0',
      'main.js',
      async ({ root, outDir: outdir }) => {
        const { build } = (await load('esbuild/lib/main.js')) as typeof import('esbuild')
        const plugins = [esbuildPlugin({ root, ...plain })]
        const outExtension = { '.js': '.cjs' }
        await build({
          entryPoints: [join(root, 'main.js')],
          bundle: true,
          platform: 'node',
          outdir,
          outExtension,
          plugins,
        })
      },
    ],
    ['webpack 5.61.0', 'main.cjs', withWebpack('webpack/lib/index.js', true)],
    ['webpack 5.61.0, the loader alone', 'main.cjs', withWebpack('webpack/lib/index.js', false)],
  ])('the oldest one builds: %s', async (name, file, build) => {
    const { root, outDir } = await app()
    await build({ root, outDir })
    const moved = await moveElsewhere(outDir)
    const main = name.startsWith('esbuild') ? 'main.cjs' : existsSync(join(moved, file)) ? file : 'main.mjs'
    expect(await execute(join(moved, main))).toEqual([11, 12, 13])
  })

  test.each<[string, Builder]>([
    ['Vite 5', withVite('vite5/dist/node/index.js')],
    ['Vite 5', withViteServer('vite5/dist/node/index.js')],
    ['webpack 5.0 or older', withWebpack('webpack4/lib/webpack.js', true)],
    ['webpack 4 or older', withWebpack('webpack4/lib/webpack.js', false)],
  ])('one that is too old says so: %s', async (host, build) => {
    await expect(build(await app())).rejects.toThrow(new RegExp(`This is ${host}.*: models are imported by`))
  })
})

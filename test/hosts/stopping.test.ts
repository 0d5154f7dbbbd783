import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { context as esbuildContext } from 'esbuild'
import { watch as watchRolldown } from 'rolldown'
import { rollup, watch as watchRollup } from 'rollup'
import { createServer, type ViteDevServer } from 'vite'
import { describe, expect, onTestFinished, test } from 'vitest'
import webpack, { type Configuration } from 'webpack'
import esbuildPlugin from '../../src/esbuild.ts'
import type { HostOptions } from '../../src/plugin/models.ts'
import rolldownPlugin from '../../src/rolldown.ts'
import rollupPlugin from '../../src/rollup.ts'
import vitePlugin from '../../src/vite.ts'
import webpackPlugin from '../../src/webpack.ts'
import { helpText, versionText } from '../onnx-mlir/generations.ts'
import { temporaryFolder, writeFiles } from './app.ts'
import { webpackLoader } from './hosts.ts'
import { addModel } from './models.ts'

const canRun = process.platform === 'linux' && process.arch === 'x64'
if (!canRun) console.log('skipped: stopping hosts while onnx-mlir runs (its stand-in is one for x86-64 Linux)')

/** An onnx-mlir that hangs in a compile, and so does a program that it starts, as it starts opt and llc. */
const onnxMlir = {
  'bin/onnx-mlir': `#!/bin/sh
here=$(dirname "$0")
case "$1" in
  --version) exec cat "$here/version" ;;
  --help*) exec cat "$here/help" ;;
esac
trap '' TERM
sh "$here/llc"
`,
  'bin/llc': 'while :; do sleep 0.2; done\n',
  'bin/help': helpText('config-file'),
  'bin/version': versionText(),
}

const app = {
  ...onnxMlir,
  'package.json': '{ "type": "module" }',
  'main.js': `import model from './add.onnx'\nexport default model`,
  'add.onnx': addModel(10),
}

interface Workplace {
  readonly root: string
  readonly options: HostOptions
  /** Programs of the stand-in that run now. */
  running(): readonly string[]
}

async function workplace(): Promise<Workplace> {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  execFileSync('chmod', ['+x', join(root, 'bin/onnx-mlir')])
  const options = { compiler: 'onnx-mlir', onnxMlir: { path: join(root, 'bin/onnx-mlir') }, cache: join(root, 'cache') }
  const processes = () =>
    execFileSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(join(root, 'bin')))
  onTestFinished(() => {
    for (const line of processes()) process.kill(Number.parseInt(line), 'SIGKILL')
  })
  return { root, options: { root, types: false, ...options } as HostOptions, running: processes }
}

/** Whether the stand-in has started its own program. */
function isCompiling(running: readonly string[]): boolean {
  return running.some((line) => line.includes('bin/llc'))
}

/** Waits for the compile to run, closes the host, and expects that both programs end and that the host gets closed. */
async function expectStopped({ running }: Workplace, close: () => Promise<unknown>): Promise<void> {
  await expect.poll(() => isCompiling(running()), { timeout: 60_000, interval: 100 }).toBe(true)
  const closed = close()
  // Politely asked first, they get two seconds.
  await expect.poll(running, { timeout: 20_000, interval: 100 }).toEqual([])
  await closed
}

/** The hosts that can be closed while they build: starts one, and gives what closes it. */
const hosts: Record<string, (place: Workplace) => Promise<() => Promise<unknown>>> = {
  async 'rollup, watching'({ root, options }) {
    const input = join(root, 'main.js')
    const watcher = watchRollup({ input, plugins: [rollupPlugin(options)], output: { file: join(root, 'out.mjs') } })
    return () => watcher.close()
  },
  'vite, serving': (place) => serve(place, (server) => server.close()),
  'vite, restarting': (place) => serve(place, (server) => server.restart()),
  'webpack, watching': (place) => watchWebpack(place, { plugins: [webpackPlugin(place.options)] }),
  'webpack loader, watching': (place) =>
    watchWebpack(place, {
      module: {
        rules: [{ test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: place.options } }],
      },
    }),
  async 'webpack, building'({ root, options }) {
    const compiler = webpack({ ...webpackConfig(root), plugins: [webpackPlugin(options)] })
    const built = new Promise<boolean>((done) => compiler.run((error, stats) => done(!error && !stats?.hasErrors())))
    return async () => {
      await new Promise((done) => compiler.close(done))
      expect(await built).toBe(false)
    }
  },
}

async function serve(
  { root, options }: Workplace,
  close: (server: ViteDevServer) => Promise<void>,
): Promise<() => Promise<unknown>> {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true },
    plugins: [vitePlugin(options)],
  })
  onTestFinished(() => server.close())
  const loaded = server.ssrLoadModule('/main.js').catch((error: unknown) => error)
  return async () => {
    await close(server)
    expect(await loaded).toBeInstanceOf(Error)
  }
}

function webpackConfig(root: string): Configuration {
  return { mode: 'production', target: 'node', context: root, entry: './main.js', output: { path: join(root, 'out') } }
}

async function watchWebpack({ root }: Workplace, config: Configuration): Promise<() => Promise<unknown>> {
  const compiler = webpack({ ...webpackConfig(root), ...config })
  const watching = compiler.watch({}, () => {})
  return () => new Promise((done) => watching!.close(done))
}

describe.runIf(canRun)('a compile ends with who waits for it', () => {
  test.each(Object.keys(hosts))('%s: closed', async (name) => {
    const place = await workplace()
    await expectStopped(place, await hosts[name]!(place))
  })

  test('rollup: another module is an error', async () => {
    const place = await workplace()
    await writeFiles(place.root, { 'main.js': `import './add.onnx'\nimport './late.js'`, 'late.js': '' })
    const late = {
      name: 'late',
      async load(id: string) {
        if (!id.endsWith('late.js')) return null
        while (!isCompiling(place.running())) await sleep(50)
        throw new Error('late')
      },
    }
    const building = rollup({ input: join(place.root, 'main.js'), plugins: [late, rollupPlugin(place.options)] })
    await expect(building).rejects.toThrow('late')
    await expect.poll(place.running, { timeout: 20_000, interval: 100 }).toEqual([])
  })

  test('two builds with one plugin: the other one goes on', async () => {
    const place = await workplace()
    const plugin = rollupPlugin(place.options)
    await writeFiles(place.root, { 'broken.js': 'import "./nowhere.js"' })
    const watcher = watchRollup({
      input: join(place.root, 'main.js'),
      plugins: [plugin],
      output: { file: join(place.root, 'out.mjs') },
    })
    await expectStopped(place, async () => {
      await expect(rollup({ input: join(place.root, 'broken.js'), plugins: [plugin] })).rejects.toThrow('nowhere')
      await sleep(500)
      expect(isCompiling(place.running())).toBe(true)
      await watcher.close()
    })
  })

  test('after a stopped build, the next one of the same plugin compiles', async () => {
    const place = await workplace()
    const options = { ...place.options, compiler: 'auto' } as HostOptions
    const plugin = rollupPlugin(options)
    const input = join(place.root, 'main.js')
    const watcher = watchRollup({ input, plugins: [plugin], output: { file: join(place.root, 'out.mjs') } })
    await expectStopped(place, () => watcher.close())
    await writeFiles(place.root, { 'main.js': `import model from './add.onnx?compiler=builtin'\nexport default model` })
    const bundle = await rollup({ input, plugins: [plugin], onwarn: () => {} })
    expect(bundle.watchFiles).toContain(join(place.root, 'add.onnx'))
  })

  test.each(['rolldown', 'esbuild'])('%s: closed with the signal that it was given', async (name) => {
    const place = await workplace()
    const controller = new AbortController()
    const options = { ...place.options, signal: controller.signal }
    const input = join(place.root, 'main.js')
    if (name === 'rolldown') {
      const output = { file: join(place.root, 'out.mjs') }
      const watcher = watchRolldown({ input, platform: 'node', plugins: [rolldownPlugin(options)], output })
      await expectStopped(place, () => {
        controller.abort()
        return watcher.close()
      })
      return
    }
    const context = await esbuildContext({
      entryPoints: [input],
      bundle: true,
      write: false,
      outdir: place.root,
      platform: 'node',
      logLevel: 'silent',
      plugins: [esbuildPlugin(options)],
    })
    const built = context.rebuild().catch((error: unknown) => error)
    await expectStopped(place, () => {
      controller.abort()
      return context.dispose()
    })
    expect(await built).toBeInstanceOf(Error)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('vite build: ended by %s', async (signal) => {
    const place = await workplace()
    const plugin = import.meta.resolve('unplugin-onnx-mlir/vite')
    const config = `import onnx from ${JSON.stringify(plugin)}\nexport default { plugins: [onnx(${JSON.stringify(place.options)})] }`
    await writeFiles(place.root, { 'vite.config.js': config })
    const vite = join(process.cwd(), 'node_modules/vite/bin/vite.js')
    const build = spawn(process.execPath, [vite, 'build', '--ssr', 'main.js'], { cwd: place.root, stdio: 'ignore' })
    const exited = once(build, 'exit')
    await expectStopped(place, async () => {
      build.kill(signal)
      expect(await exited).toEqual([null, signal])
    })
  })
})

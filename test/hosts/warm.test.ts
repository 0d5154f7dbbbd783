import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { link, writeFiles } from './app.ts'
import { twoModels } from './models.ts'

// What a build costs in which nothing has changed, without a clock: the modules that it loads, and that it starts no process
// and no thread. bench/hosts.js has the times.

const repository = resolve(import.meta.dirname, '../..')
const dist = `file://${repository}/dist/`

interface Observed {
  /** Of this package, below `dist`. */
  readonly own: readonly string[]
  /** Of packages, by their names. */
  readonly packages: readonly string[]
  readonly processes: readonly string[]
  readonly threads: readonly string[]
}

/** How a build is started with `plugins`. */
const builds = {
  vite: `import { build } from 'vite'
    await build({ configFile: false, logLevel: 'silent', plugins, build: { ssr: 'main.js' } })`,
  rollup: `import { rollup } from 'rollup'
    await (await rollup({ input: 'main.js', plugins, external: /^node:/ })).write({ dir: 'out' })`,
  rolldown: `import { rolldown } from 'rolldown'
    await (await rolldown({ input: 'main.js', plugins, platform: 'node' })).write({ dir: 'out' })`,
  esbuild: `import { build } from 'esbuild'
    await build({ entryPoints: ['main.js'], bundle: true, format: 'esm', platform: 'node', outdir: 'out', plugins })`,
  // Smaller code is made in threads of webpack's own.
  webpack: `import webpack from 'webpack'
    const config = { mode: 'production', target: 'node20', entry: './main.js', optimization: { minimize: false }, plugins }
    await new Promise((done, failed) => webpack(config, (error, stats) =>
      error || stats.hasErrors() ? failed(error ?? stats.toString()) : done()))`,
}

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'onnx-mlir-warm-'))
  await writeFiles(root, { ...twoModels(), 'package.json': '{ "type": "module" }', '.gitignore': 'out\ndist\n' })
  await link(join(root, 'node_modules/unplugin-onnx-mlir'), repository)
  for (const host of Object.keys(builds))
    await link(join(root, 'node_modules', host), join(repository, 'node_modules', host))
  // As projects are: git is who knows what of it is made by builds.
  for (const args of [
    ['init', '-q'],
    ['add', '.gitignore'],
  ])
    await promisify(execFile)('git', args, { cwd: root })
}, 60_000)
afterAll(() => rm(root, { recursive: true, force: true }))

async function observe(args: readonly string[]): Promise<Observed> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-observed-'))
  try {
    const preload = join(import.meta.dirname, 'observed.mjs')
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')))
    await promisify(execFile)(process.execPath, ['--import', preload, ...args], {
      cwd: root,
      env: { ...env, OBSERVED: folder, HOME: root, XDG_CONFIG_HOME: root, XDG_CACHE_HOME: join(root, 'user') },
    })
    const { modules, ...started } = JSON.parse(await readFile(join(folder, 'observed.json'), 'utf8')) as {
      readonly modules: readonly string[]
      readonly processes: readonly string[]
      readonly threads: readonly string[]
    }
    return {
      ...started,
      own: modules.filter((url) => url.startsWith(dist)).map((url) => url.slice(dist.length)),
      packages: modules.flatMap((url) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What reads, understands and compiles models, and what starts compilers. */
const ofCompilers =
  /^(?:graph|lowering|formats|measure|compilers\/tune\/(?!text)|ops|process|report\/(?!nnpa-level|html\/escape)|onnx\/(?!limits|element-type)|builtin\/(?!abi|addon|prebuilt))/

describe.each(Object.entries(builds))('%s', (host, start) => {
  const build = async () => {
    const script = join(root, `${host}.js`)
    await writeFile(
      script,
      `import onnx from 'unplugin-onnx-mlir/${host}'\nconst plugins = [onnx({ compiler: 'builtin' })]\n${start}\nprocess.exit()\n`,
    )
    return observe([script])
  }

  test('a build in which nothing has changed', { timeout: 240_000 }, async () => {
    await rm(join(root, 'node_modules/.cache'), { recursive: true, force: true })
    const cold = await build()
    expect(cold.own.filter((path) => ofCompilers.test(path)).length).toBeGreaterThan(100)
    expect(cold.packages).toContain('protobufjs')
    expect(cold.processes.length).toBeGreaterThan(2)

    await delay(2600) // what was written a moment ago is not remembered
    await build()
    const warm = await build()
    expect(warm.own.filter((path) => ofCompilers.test(path))).toEqual([])
    expect(warm.packages.filter((name) => ['protobufjs', 'magic-string', 'long'].includes(name))).toEqual([])
    expect(warm.threads).toEqual([])
    // esbuild is a program of its own.
    expect(warm.processes.filter((program) => !/esbuild/.test(program))).toEqual([])
    expect(new Set(warm.own).size, 'modules of this package, each half a millisecond').toBeLessThan(131)
  })
})

test('the command line loads what a command is about', { timeout: 120_000 }, async () => {
  const main = join(repository, 'dist/cli/main.js')
  for (const option of ['--version', '--help']) expect((await observe([main, option])).own.length).toBeLessThan(20)

  const compile = [main, 'compile', 'first/add.onnx', '-c', 'builtin', '-o', 'out']
  await observe(compile)
  await delay(2600)
  await observe(compile)
  const warm = await observe(compile)
  expect(warm.own.filter((path) => ofCompilers.test(path))).toEqual([])
  expect(warm.processes).toEqual([])
  expect(new Set(warm.own).size).toBeLessThan(100)
})

import { execFile } from 'node:child_process'
import { appendFile, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { headerPackageNames, type PrebuildsManifest } from '../../src/builtin/prebuilt-addon.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { f32, node } from '../graph/models.ts'
import { checkout, installPacked, pathOf, prebuild, temporaryFolder } from './installed.ts'
import { emulatedMachines, type Machine, muslMachine } from './machines.ts'

const run = promisify(execFile)
const isLinux = process.platform === 'linux'
const here = `${process.platform}-${process.arch}`

/** Bytes that one addon may have: all of them are in every install. */
const limit = 90_000

let project: string
let prebuilds: string
let addons: PrebuildsManifest['addons'] = {}

beforeAll(async () => {
  if (!isLinux) return
  const { folder, installed } = await installPacked(['esbuild'])
  project = folder
  prebuilds = join(installed, 'native/addon/prebuilds')
  addons = (JSON.parse(await readFile(join(prebuilds, 'prebuilds.json'), 'utf8')) as PrebuildsManifest).addons
  const weights = tensorFrom('float32', [3, 2], [1, 2, 3, 4, 5, 6])
  const nodes = [node('MatMul', ['x', 'W'], ['m']), node('Erf', ['m'], ['y']), node('Shape', ['x'], ['size'])]
  const outputs = { y: undefined, size: undefined }
  const files = {
    'package.json': '{ "type": "module", "private": true }',
    'model.onnx': modelBytes({
      opsets: { '': 21 },
      inputs: { x: f32('n', 3) },
      outputs,
      initializers: { W: weights },
      nodes,
    }),
    'app.js': `
      import model from './model.onnx'
      const x = { data: new Float32Array([0.1, 0, 0.2, -1, 0.5, 0]), dims: [2, 3] }
      const { y, size } = await model.run({ x })
      const wrong = await model.run({ x: { data: x.data, dims: [3, 2] } }).catch((error) => error.message)
      console.log(JSON.stringify({ y: [...y.data], size: [...size.data].join(), sync: [...model.runSync({ x }).y.data], wrong, target: model.target }))`,
    'build.js': `
      import { build } from 'esbuild'
      import onnx from 'unplugin-onnx-mlir/esbuild'
      const [target, outdir] = process.argv.slice(2)
      const plugins = [onnx({ target, cache: outdir + '-cache', types: false, report: false, compiler: 'builtin' })]
      await build({ entryPoints: ['app.js'], outdir, bundle: true, format: 'esm', platform: 'node', logLevel: 'info', outExtension: { '.js': '.mjs' }, plugins })`,
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(project, name), content)
})

/** Builds the app where there are these programs and no others, and moves it away. */
async function buildApp(target: string, programs: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const out = await temporaryFolder('built')
  const path = await pathOf(...programs)
  const { stdout } = await run(process.execPath, ['build.js', target, join(out, 'made')], {
    cwd: project,
    env: { PATH: path, HOME: await temporaryFolder('home'), ...env },
  })
  const moved = await temporaryFolder('moved')
  await cp(join(out, 'made'), moved, { recursive: true })
  const addon = (await readdir(moved)).find((name) => /^onnx-mlir-.*\.node$/.test(name))!
  return { app: join(moved, 'app.mjs'), addon: await readFile(join(moved, addon)), said: stdout }
}

/** Of the products 1.1, 1.4, 0.5 and 0. Source: a table of erf to seven digits. */
const erf = [0.8802051, 0.9522851, 0.5204999, 0]

function expectRight(printed: string, target: string): void {
  const answer = JSON.parse(printed) as { y: number[]; sync: number[]; size: string; wrong: string; target: string }
  expect(answer.y).toHaveLength(4)
  answer.y.forEach((value, i) => expect(value).toBeCloseTo(erf[i]!, 5))
  expect(answer.sync).toEqual(answer.y)
  expect(answer).toMatchObject({ size: '2,3', target })
  expect(answer.wrong).toMatch(/^model\.onnx: input "x": expected float32 \[n, 3\], given dims \[3, 2\]/)
}

describe.runIf(isLinux)('the prebuilt addons', () => {
  test('are small, depend on nothing, and ask for old functions of the C library alone', async () => {
    expect(Object.keys(addons)).toContain(here)
    for (const [platform, { bytes }] of Object.entries(addons)) {
      const file = join(prebuilds, `${platform}.node`)
      expect((await stat(file)).size).toBe(bytes)
      expect(bytes, platform).toBeLessThan(limit)
      if (platform === 'win32-x64') continue
      const { stdout: dynamic } = await run('readelf', ['--wide', '--dynamic', '--version-info', file])
      expect(dynamic, platform).not.toMatch(/NEEDED|TEXTREL|GLIBC|GCC_/)
      const { stdout: symbols } = await run('readelf', ['--wide', '--dyn-syms', file])
      const names = symbols.split('\n').map((line) => / GLOBAL .* (\S+) (\S+)$/.exec(line)?.slice(1) ?? [])
      const wanted = names
        .filter(([index, name]) => index === 'UND' && !name!.startsWith('napi_'))
        .map(([, name]) => name)
      expect(
        wanted.filter((name) => !ofEveryLibc.has(name!)),
        platform,
      ).toEqual([])
      const shown = names.filter(([index]) => /^\d+$/.test(index ?? '')).map(([, name]) => name)
      expect(shown.sort(), platform).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1'])
    }
  })

  test('are the same bytes when they are made again', async () => {
    const again = await temporaryFolder('again')
    await prebuild(again, here)
    expect(await readFile(join(again, `${here}.node`))).toEqual(await readFile(join(prebuilds, `${here}.node`)))
  })

  test('are left out with a word where there is no cross compiler, which is an error where all are wanted', async () => {
    const out = await temporaryFolder('none')
    const script = [join(checkout, 'scripts/prebuild.js'), '--out', out, '--only', 'linux-s390x']
    const env = { PATH: await pathOf('gcc'), CI: '' }
    const { stdout } = await run(process.execPath, script, { env })
    const words = 'left out for want of a cross compiler: linux-s390x. Debian: apt-get install g++-s390x-linux-gnu\n'
    expect(stdout).toBe(words)
    for (const [args, more] of [
      [['--all'], {}],
      [[], { CI: 'true' }],
      [[], { npm_command: 'publish' }],
    ] as const)
      await expect(run(process.execPath, [...script, ...args], { env: { ...env, ...more } })).rejects.toMatchObject({
        code: 1,
        stdout: words,
      })
  })

  test('have a subpath each', async () => {
    for (const platform of Object.keys(addons)) {
      const ask = ['-p', `require.resolve('unplugin-onnx-mlir/addon/${platform}')`]
      const { stdout } = await run(process.execPath, ask, { cwd: project })
      expect(basename(stdout.trim())).toBe(`${platform}.node`)
    }
  })
})

/**
 * In every C library for Linux since long, in one form (aeabi's `raise` is what a division by zero calls on ARM; the
 * `clock_gettime` of 32-bit machines has 32 bits of seconds, as the one with 64 goes by another name).
 */
const ofEveryLibc = new Set(
  (
    '__errno_location abort clock_gettime dlerror dlopen dlsym free getauxval getenv getpid getrusage malloc memchr memcmp ' +
    'memcpy memmove memset nanosleep posix_memalign pthread_attr_destroy pthread_attr_init pthread_attr_setdetachstate ' +
    'pthread_attr_setstacksize pthread_create pthread_mutex_lock pthread_mutex_unlock pthread_sigmask raise setenv sigfillset ' +
    'strerror strlen syscall unsetenv'
  ).split(' '),
)

describe.runIf(isLinux)('an app', () => {
  test('is built without a C++ compiler, with the addon of the package', async () => {
    const { app, addon, said: log } = await buildApp('x86-64', ['gcc', 'as', 'ld'])
    expect(addon).toEqual(await readFile(join(prebuilds, `${here}.node`)))
    expect(log).not.toMatch(/addon/)
    expectRight((await run(process.execPath, [app], { env: { PATH: '' } })).stdout, 'x86-64')
  })

  const machines: readonly Machine[] = [...emulatedMachines, muslMachine]
  for (const { name, missing } of machines) if (missing) console.log(`skipped: ${name} (${missing})`)

  describe.each(machines.filter(({ missing }) => !missing))('$name', ({ platform, target, cc, execute }) => {
    test('runs, with the addon of the package', async ({ skip }) => {
      if (!(platform in addons)) skip('none came with the package')
      const { app, addon } = await buildApp(target, [cc, 'as', 'ld'])
      expect(addon).toEqual(await readFile(join(prebuilds, `${platform}.node`)))
      expectRight(await execute(app), target)
    })
  })

  const emulated = emulatedMachines.filter(({ missing }) => !missing)
  test.skipIf(emulated.length === 0 || process.arch !== 'x64')(
    'for several kinds of machines is one folder, from which each takes its own',
    { timeout: 300_000 },
    async () => {
      const targets = ['x86-64', ...emulated.map(({ target }) => target), 'wasm']
      const { app } = await buildApp(targets.join(), [], { PATH: process.env['PATH'] })
      expectRight((await run(process.execPath, [app])).stdout, 'x86-64')
      for (const { target, execute } of emulated) expectRight(await execute(app), target)
    },
  )

  test.skipIf(emulated.length === 0)(
    'runs as WebAssembly on a machine that nothing else in it fits, of either byte order',
    { timeout: 300_000 },
    async () => {
      const { app } = await buildApp('x86-64,wasm', [], { PATH: process.env['PATH'] })
      for (const { execute } of emulated) expectRight(await execute(app), 'wasm')
    },
  )

  test('is built with a compiled addon where none came with the package; that is said, and kept for the user', async () => {
    const HOME = await temporaryFolder('home')
    const compilers = ['gcc', 'g++', 'as', 'ld']
    const log = /compiling the addon for \S+ with gcc [\d.]+, once: it is kept in (\S+)/
    const cached = join(project, 'node_modules/.cache')
    // As without an option `cache`.
    const script = (await readFile(join(project, 'build.js'), 'utf8')).replace(/cache: .*?, /, '')
    await writeFile(join(project, 'default.js'), script)
    const build = async () => {
      const args = ['default.js', 'x86-64', join(await temporaryFolder('built'), 'made')]
      const env = { PATH: await pathOf(...compilers), HOME, ONNX_MLIR_ADDON: 'source' }
      return (await run(process.execPath, args, { cwd: project, env })).stdout
    }
    expect(log.exec(await build())?.[1]).toBe(join(HOME, '.cache/unplugin-onnx-mlir/addon'))
    await rm(cached, { recursive: true }) // as `npm ci` does
    expect(await build()).not.toMatch(log)
  })

  test('is built with a compiled addon where the package’s are of other sources, or damaged', async () => {
    const copy = join(await temporaryFolder('edited'), 'node_modules/unplugin-onnx-mlir')
    await mkdir(dirname(copy), { recursive: true })
    await cp(join(project, 'node_modules/unplugin-onnx-mlir'), copy, { recursive: true })
    const ask = `import { prebuiltAddon } from ${JSON.stringify(join(copy, 'dist/builtin/prebuilt-addon.js'))}; console.log(String(prebuiltAddon() !== undefined))`
    const has = async () => (await run(process.execPath, ['--input-type=module', '-e', ask])).stdout.trim()
    for (const name of headerPackageNames) await symlink(join(project, 'node_modules', name), join(dirname(copy), name))
    expect(await has()).toBe('true')
    // A newer version of headers than those that the prebuilt addons were made with, in the range that is asked for.
    const headers = join(dirname(copy), 'node-addon-api')
    await rm(headers)
    await mkdir(headers)
    await writeFile(join(headers, 'package.json'), '{ "name": "node-addon-api", "version": "8.99.0" }')
    expect(await has()).toBe('true')
    const manifest = await readFile(join(copy, 'package.json'), 'utf8')
    await writeFile(
      join(copy, 'package.json'),
      manifest.replace(/"node-addon-api": "[^"]*"/, '"node-addon-api": "^9.0.0"'),
    )
    expect(await has()).toBe('false')
    await writeFile(join(copy, 'package.json'), manifest)
    expect(await has()).toBe('true')
    // A file that is damaged, and what says so.
    for (const name of [`${here}.node`, 'prebuilds.json']) {
      const file = join(copy, 'native/addon/prebuilds', name)
      const whole = await readFile(file)
      for (const damaged of [whole.subarray(0, -9), whole.subarray(0, 1), Buffer.alloc(0)]) {
        await writeFile(file, damaged)
        expect(await has(), name).toBe('false')
      }
      await writeFile(file, whole)
    }
    expect(await has()).toBe('true')
    // A platform that there is none for, as macOS.
    const [said, addonFile] = ['prebuilds.json', `${here}.node`].map((name) =>
      join(copy, 'native/addon/prebuilds', name),
    )
    const [text, bytes] = await Promise.all([readFile(said!, 'utf8'), readFile(addonFile!)])
    await writeFile(said!, text.replaceAll(`"${here}"`, '"plan9-x64"'))
    await rm(addonFile!)
    expect(await has()).toBe('false')
    await writeFile(said!, text)
    expect(await has()).toBe('false')
    await writeFile(addonFile!, bytes)
    expect(await has()).toBe('true')
    await appendFile(join(copy, 'native/addon/plan.h'), '// edited\n')
    expect(await has()).toBe('false')
  })
})

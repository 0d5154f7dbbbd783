import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import { addModel } from '../hosts/models.ts'
import { checkout, packPublished, temporaryFolder } from './installed.ts'

const run = promisify(execFile)

/** Judges of packages, which `.ci/run` installs. */
const judges = join(checkout, 'test/package/installed/node_modules/.bin')
const hasJudges = existsSync(join(judges, 'publint'))
if (!hasJudges) console.log('skipped: publint and attw (npm ci --prefix test/package/installed)')

/** Of no use to TypeScript: they stand in configuration files by name, or are no modules. */
const untyped = ['./loader', './register', './jest', './runtime/worker', './runtime/worker-text'].concat(
  ['linux-x64', 'linux-arm64', 'linux-arm', 'linux-s390x', 'win32-x64'].map((platform) => `./addon/${platform}`),
)

describe('the package', () => {
  let tarball: string
  let files: { name: string; bytes: number }[]

  beforeAll(async () => {
    tarball = await packPublished()
    const { stdout } = await run('tar', ['-tvzf', tarball], { maxBuffer: 16 << 20 })
    files = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .map((parts) => ({ name: parts.at(-1)!.replace(/^package\//, ''), bytes: Number(parts[2]) }))
  })

  test('is as small as it was: look at what came in before the limits are raised', async () => {
    expect((await stat(tarball)).size).toBeLessThan(1_580_000)
    expect(files.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(5_240_000)
    expect(files.length).toBeLessThan(1270)
  })

  test('holds what is run, read by compilers and TypeScript, and its papers', () => {
    const known = [
      /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE|client\.d\.ts|tsconfig\.base\.json)$/,
      /^dist\/.*\.(?:js|cjs|d\.ts)$/,
      /^dist\/report\/(?:nnpa\.schema\.json|html\/viewer\.(?:css|js))$/,
      /^dist\/formats\/python\/convert\.py$/,
      /^loaders\/[\w-]+\.(?:js|cjs|mjs|d\.ts)$/,
      /^native\/(?:abi|addon|check(?:\/windows)?|freestanding|include|kernels|libc(?:\/sys)?|threads|wasm)\/[\w-]+\.(?:h|c|cc)$/,
      /^native\/cmake\/UnpluginOnnxMlirConfig(?:Version)?\.cmake$/,
      /^native\/pkgconfig\/unplugin-onnx-mlir\.pc$/,
      /^native\/addon\/prebuilds\/(?:[\w-]+\.node|prebuilds\.json)$/,
    ]
    expect(files.map(({ name }) => name).filter((name) => !known.some((pattern) => pattern.test(name)))).toEqual([])
    expect(files.map(({ name }) => name)).toContain(`native/addon/prebuilds/${process.platform}-${process.arch}.node`)
  })

  test('runs nothing when it is installed', async () => {
    const manifest = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
      scripts: object
      dependencies: object
    }
    expect(Object.keys(manifest.scripts)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(?:pre|post)?install$|^prepare$/)]),
    )
    // Each is looked at before it comes in: docs/package.md says what it is for.
    const page = await readFile(join(checkout, 'docs/package.md'), 'utf8')
    for (const name of Object.keys(manifest.dependencies)) expect(page).toContain(`\`${name}\``)
  })

  test('leaves nothing binary behind where it was packed', async () => {
    expect(existsSync(join(tarball, '..', 'native/addon/prebuilds'))).toBe(false)
  })

  test.runIf(hasJudges)('publint finds nothing', { timeout: 60_000 }, async () => {
    const { stdout } = await run(process.execPath, [join(judges, 'publint'), tarball, '--strict'])
    expect(stdout).toContain('All good!')
  })

  test.runIf(hasJudges)('attw: all types resolve for ESM, which the package is', { timeout: 60_000 }, async () => {
    const args = [tarball, '--profile', 'esm-only', '--format', 'json', '--exclude-entrypoints', ...untyped]
    const result = join(await temporaryFolder('attw'), 'result.json')
    // To a file: it ends before a pipe has taken it all.
    await run('sh', ['-c', 'exec "$0" "$@" >"$RESULT"', join(judges, 'attw'), ...args], {
      env: { ...process.env, RESULT: result },
    }).catch(() => undefined)
    const { problems } = JSON.parse(await readFile(result, 'utf8')) as {
      problems: Record<string, { resolutionKind?: string; resolutionOption?: string }[]>
    }
    const ofEsm = Object.values(problems)
      .flat()
      .filter(({ resolutionKind, resolutionOption = '' }) =>
        /esm|bundler|^node16$/.test(resolutionKind ?? resolutionOption),
      )
    expect(ofEsm).toEqual([])
  })
})

test('a built app holds its code, its libraries and one addon, and asks for nothing but Node', async () => {
  const root = await temporaryFolder('app')
  await writeFile(join(root, 'one.onnx'), addModel(10))
  await writeFile(join(root, 'two.onnx'), addModel(20))
  const imports = ['one', 'two'].map((name) => `import ${name} from './${name}.onnx'`).join('\n')
  await writeFile(join(root, 'app.js'), `${imports}\nconsole.log(one.name, two.name)\n`)
  const outdir = join(root, 'out')
  const { metafile } = await build({
    entryPoints: [join(root, 'app.js')],
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    metafile: true,
    minify: true,
    plugins: [esbuildPlugin({ root, types: false })],
  })
  expect((await readdir(outdir)).sort()).toEqual([
    'app.js',
    expect.stringMatching(/^one-\w{8}\.so$/),
    expect.stringMatching(/^onnx-mlir-\w{8}\.node$/),
    expect.stringMatching(/^two-\w{8}\.so$/),
  ])
  expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))).toEqual([])
  expect((await stat(join(outdir, 'app.js'))).size).toBeLessThan(60_000)
  const [output] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint)
  expect(output!.imports.filter(({ path, external }) => external && !path.startsWith('node:'))).toEqual([])
})

import { spawnSync } from 'node:child_process'
import { chmod, copyFile, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build as esbuild } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { addonNote } from '../../src/pipeline/addon-for.ts'
import { writeAddonSource } from '../../src/builtin/addon.ts'
import type { OnnxMlirSettings } from '../../src/compilers/look-for-onnx-mlir.ts'
import esbuildPlugin from '../../src/esbuild.ts'
import { readElfIdentity } from '../../src/onnx-mlir/elf.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { createPipeline, type Pipeline } from '../../src/pipeline/index.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { oneOfEach } from '../hosts/hosts.ts'
import { addModel } from '../hosts/models.ts'
import { installStandIn, libraryProgress, mlpLibrary, mlpSource, textsOf } from '../onnx-mlir/installed.ts'

const quiet = { mode: 'build', log: () => undefined, warn: () => undefined } as const
const isHere = process.platform === 'linux' && process.arch !== 's390x'
const hasCross = isHere && spawnSync('s390x-linux-gnu-g++', ['--version']).status === 0
if (!hasCross) console.log('skipped: an addon by a cross compiler (no s390x-linux-gnu-g++, or this is an IBM Z)')

let root: string
beforeEach(async () => {
  vi.stubEnv('ONNX_MLIR_ADDON', 'source') // as where none came with the package
  root = await temporaryFolder()
  await writeFile(join(root, 'mlp.onnx'), modelBytes(mlpSource))
})
afterEach(() => vi.unstubAllEnvs())

/** An onnx-mlir that makes libraries for IBM Z with NNPA, as one behind an s390x container or `ssh://` does. */
function onnxMlirForZ(): OnnxMlirSettings {
  const library = mlpLibrary({ machine: 22, byteOrder: 'big' })
  const answer = { when: { EmitLib: 'true' }, stdout: libraryProgress, files: { '.so': library } }
  const { installation } = installStandIn(root, [answer], textsOf('config-file', 's390x-ibm-linux-gnu'))
  return { path: installation.path }
}

/** A PATH with Node, which the stand-in is written for, and with these shell scripts. */
async function onlyOnPath(scripts: Readonly<Record<string, string>>): Promise<void> {
  const bin = await temporaryFolder()
  await symlink(process.execPath, join(bin, 'node'))
  for (const [name, body] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`)
    await chmod(join(bin, name), 0o755)
  }
  vi.stubEnv('PATH', bin)
  vi.stubEnv('CC', '')
  vi.stubEnv('CXX', '')
}

const build = (options: OnnxMlirSettings['options'] = {}) =>
  createPipeline({ cache: join(root, 'cache'), onnxMlir: { ...onnxMlirForZ(), options } }).build(
    `${join(root, 'mlp.onnx')}?target=z16`,
    quiet,
  )

describe.runIf(isHere)('a build for IBM Z made elsewhere', () => {
  test.runIf(hasCross)('has an addon for IBM Z where there is a cross compiler', async () => {
    const { addon, artifact } = await build()
    expect(artifact.compiler.name).toBe('onnx-mlir')
    expect(addon!.path).toMatch(/\.node$/)
    expect(await readElfIdentity(addon!.path)).toEqual({ bits: 64, byteOrder: 'big', machine: 's390x' })
    expect((await readFile(addon!.path)).includes('napi_register_module_v1')).toBe(true)
  })

  test.each([
    ['there is none', {}],
    [
      'it has no C++ library',
      {
        's390x-linux-gnu-g++':
          'case "$*" in --version) echo "g++ (GCC) 12.2.0 Free Software Foundation";; -dumpmachine) echo s390x-linux-gnu;; ' +
          `*) echo "napi.h:1: fatal error: 'string' file not found" >&2; exit 1;; esac`,
      },
    ],
  ])('has the source of one where %s', async (_, scripts) => {
    await onlyOnPath(scripts)
    const { addon } = await build()
    expect(addon!.path).toMatch(/\.cc$/)
    const text = await readFile(addon!.path, 'utf8')
    expect(text).toContain('NODE_API_MODULE(onnx_mlir, init)')
    expect(text).not.toMatch(/#include [<"](napi|node_api|classes|session)/)
  })

  test.each([
    ['the accelerator that it was compiled for', {}, { cpu: 'z16', accelerator: 'NNPA' }],
    ['no accelerator that it was compiled without', { accel: 'none' }, { cpu: 'z16' }],
    ['the processor that march names', { accel: 'none', march: 'z15' }, { cpu: 'z15' }],
    ['that of the target where march names one that we don’t know', { accel: 'none', march: 'arch11' }, { cpu: 'z16' }],
  ] as const)('needs %s', async (_, options, needs) => {
    await onlyOnPath({})
    expect((await build(options)).facts.requires).toEqual({ arch: 's390x', ...needs })
  })

  test('says once that an addon has still to be compiled, and what of it is wrong here', async () => {
    await onlyOnPath({})
    await copyFile(join(root, 'mlp.onnx'), join(root, 'other.onnx'))
    await writeFiles(root, {
      'main.js': `
        import mlp from './mlp.onnx?target=z16'
        import other from './other.onnx?target=z16&O=2'
        Promise.all([mlp, other].map((model) => model.load().catch((error) => error.code + ' ' + error.message)))
          .then((all) => console.log(JSON.stringify(all)))`,
    })
    const { warnings } = await esbuild({
      entryPoints: [join(root, 'main.js')],
      outdir: join(root, 'out'),
      bundle: true,
      platform: 'node',
      logLevel: 'silent',
      plugins: [
        esbuildPlugin({ root, types: false, report: false, cache: join(root, 'cache'), onnxMlir: onnxMlirForZ() }),
      ],
    })
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^No C\+\+ compiler for z16 found, so the output holds the source of the addon.*s390x-linux-gnu-g\+\+/,
      ),
    ])
    const moved = await moveElsewhere(join(root, 'out'))
    expect((await filesBelow(moved)).filter((name) => /\.(cc|node)$/.test(name))).toHaveLength(1)
    const refusal = (model: string) =>
      `LOAD_MACHINE ${model}: built for s390x, running on ${process.arch}; build it with a target for this machine (the library's is z16)`
    expect(await execute(join(moved, 'main.js'))).toEqual([refusal('mlp.onnx'), refusal('other.onnx')])
  })
})

test('what is said of an addon that has still to be compiled', () => {
  expect(addonNote('/cache/0123.node', 'armv6')).toBeUndefined()
  expect(addonNote('/cache/0123.cc', 'armv6')).toMatch(
    /^No C\+\+ compiler for armv6 found.* needs a C\+\+ compiler there\.$/,
  )
  expect(addonNote('/cache/0123.cc', 'arm64')).toContain('With aarch64-linux-gnu-g++ installed')
})

/** A pipeline that emits this machine's addon as it emits another machine's for want of a cross compiler. */
function withSource(): Pipeline {
  // What is replaced need not be compiled, which takes 2.6 s of a processor.
  vi.stubEnv('ONNX_MLIR_ADDON', undefined)
  const pipeline = createPipeline({ cache: join(root, 'cache') })
  return {
    async build(id, context) {
      const built = await pipeline.build(id, context)
      return { ...built, addon: { ...built.addon!, path: await writeAddonSource({ outDir: join(root, 'cache') }) } }
    },
  }
}

/** One of each way to emit a file: as an asset of the bundle, by a loader, into a reserved name. */
const emitters = oneOfEach.filter(({ name }) =>
  ['rollup, es', 'vite, base /', 'esbuild, cjs', 'webpack, cjs'].includes(name),
)

test.each(emitters)('$name: an output folder with the addon’s source runs where there is a compiler', async (host) => {
  await writeFiles(root, {
    'main.js': `
      import model from './add.onnx'
      model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`,
    'add.onnx': addModel(10),
  })
  const options = { pipeline: withSource() }
  const app = await host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out'), options })
  const moved = await moveElsewhere(join(root, 'out'))
  expect((await filesBelow(moved)).filter((name) => /\.(cc|node)$/.test(name))).toEqual([
    expect.stringMatching(/onnx-mlir-\w+\.cc$/),
  ])
  expect(await execute(join(moved, app.file('main')))).toEqual([11, 12, 13])
  expect((await filesBelow(moved)).filter((name) => name.endsWith('.node'))).toHaveLength(1)
})

import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileWithOnnxMlir } from '../../src/onnx-mlir/compile.ts'
import { readElfIdentity } from '../../src/onnx-mlir/elf.ts'
import { findEngine } from '../../src/onnx-mlir/engine.ts'
import { findOnnxMlir } from '../../src/onnx-mlir/find.ts'
import type { ContainerInstallation, Engine } from '../../src/onnx-mlir/installation.ts'
import { capabilitiesOf } from '../../src/onnx-mlir/probe.ts'
import { containerArguments } from '../../src/onnx-mlir/run-container.ts'
import type { Progress } from '../../src/onnx-mlir/progress.ts'
import { configurePodman } from '../podman.ts'
import { helpText, versionText } from './generations.ts'
import { mlpLibrary, mlpSignature, target, workshop, writeModel } from './installed.ts'

const { folder, fresh, remove } = workshop('container-test')
const image = 'localhost/unplugin-onnx-mlir-stand-in:1'
/** Marks the containers of this run. */
const label = `unplugin-onnx-mlir-test=${process.pid}`
const host = { target: target('x86-64') }

/** An image of three files and a program. */
function makeImage({ command }: Engine): void {
  const root = join(folder, 'root')
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
  mkdirSync(join(root, 'stage'))
  const program = join(root, 'usr/local/bin/onnx-mlir')
  execFileSync('cc', ['-static', '-O1', '-Wall', '-Werror', '-o', program, join(import.meta.dirname, 'stand-in.c')])
  copyFileSync(program, join(root, 'onnx-mlir'))
  writeFileSync(join(root, 'help'), helpText('config-file'))
  writeFileSync(join(root, 'version'), versionText())
  writeFileSync(join(root, 'library'), Buffer.from(mlpLibrary().base64, 'base64'))
  const tar = join(folder, 'root.tar')
  execFileSync('tar', ['-C', root, '-cf', tar, '.'])
  const entryPoint = 'ENTRYPOINT ["/usr/local/bin/onnx-mlir"]'
  execFileSync(command, ['import', '--change', entryPoint, tar, image], { stdio: 'ignore' })
  execFileSync(command, ['import', tar, `${image}-bare`], { stdio: 'ignore' })
}

/** Why the tests with an engine are left out; undefined where they run. */
async function prepare(): Promise<Engine | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the stand-in image is made on x86-64 Linux only'
  configurePodman(folder)
  try {
    const engine = await findEngine()
    makeImage(engine)
    const args = ['run', '--rm', '--network=none', image, '--version']
    execFileSync(engine.command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 })
    return engine
  } catch (error) {
    return (error as Error).message.split('\n').slice(0, 3).join(' ')
  }
}

const prepared = await prepare()
if (typeof prepared === 'string') console.log(`skipped: compiling in a container (${prepared})`)

afterAll(() => {
  if (typeof prepared !== 'string') {
    execFileSync(prepared.command, ['rmi', '--force', image, `${image}-bare`], { stdio: 'ignore' })
  }
  remove()
})

describe.runIf(typeof prepared !== 'string')('in a container', () => {
  const command = typeof prepared === 'string' ? '' : prepared.command
  let installation: ContainerInstallation

  beforeAll(async () => {
    const found = await findOnnxMlir({ image, runFlags: [`--label=${label}`], env: {} })
    if (found?.kind !== 'container') throw new Error('no container')
    installation = found
  })

  async function compile(options: object = {}, context: object = {}) {
    const staging = fresh()
    const outDir = join(fresh(), 'out')
    const model = await writeModel(fresh())
    const all = { outDir, signature: mlpSignature, stagingParent: staging, ...context }
    const result = compileWithOnnxMlir(installation, model, { ...host, ...options }, all)
    return { result, staging, outDir }
  }

  const containers = () =>
    execFileSync(command, ['ps', '--all', '--quiet', `--filter=label=${label}`], { encoding: 'utf8' })

  test('the image is known by its digest, and asked what it can', async () => {
    expect(installation).toMatchObject({ image, platform: 'linux/amd64', entryPoint: true })
    expect(installation.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await capabilitiesOf(installation)).toMatchObject({ arch: 'x86-64', nnpa: true, placement: 'config-file' })
  })

  test('a library is made that belongs to us, and nothing stays behind', async () => {
    const progress: Progress[] = []
    const { result, staging } = await compile({}, { onProgress: (step: Progress) => progress.push(step) })
    const { library, output, compiler } = await result
    expect((await readElfIdentity(library))?.machine).toBe('x86-64')
    expect(statSync(library).uid).toBe(process.getuid?.())
    expect(output).toContain(`uid ${process.getuid?.()} home /stage/tmp cwd /stage\n`)
    expect(compiler.version).toContain(installation.digest)
    expect(progress).toHaveLength(1)
    expect(readdirSync(staging)).toEqual([])
    expect(containers()).toBe('')
  })

  test('an image without an entry point has its onnx-mlir looked for', async () => {
    const bare = await findOnnxMlir({ image: `${image}-bare`, env: {} })
    expect(bare).toMatchObject({ entryPoint: false })
    if (bare) expect((await capabilitiesOf(bare)).arch).toBe('x86-64')
  })

  test('failures inside are explained as outside', async () => {
    const { result } = await compile({ optimize: 2 })
    await expect(result).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATOR', data: { node: 'Softmax_3' } })
  })

  test('an abort ends the container, which ignores polite requests', async () => {
    const controller = new AbortController()
    let running = ''
    const onProgress = () => {
      running = containers()
      controller.abort(new Error('enough'))
    }
    const { result, staging } = await compile({ optimize: 0 }, { signal: controller.signal, onProgress })
    await expect(result).rejects.toThrow('enough')
    expect(running).not.toBe('')
    expect(containers()).toBe('')
    expect(readdirSync(staging)).toEqual([])
  })

  test('a time limit ends the container', async () => {
    const { result } = await compile({ optimize: 0 }, { timeoutMs: 3000 })
    await expect(result).rejects.toMatchObject({ code: 'COMPILE_TIMEOUT' })
    expect(containers()).toBe('')
  })

  test('a memory limit holds for what runs inside', async () => {
    const { result } = await compile({ optimize: 1 }, { memoryBytes: 64 << 20, timeoutMs: 60_000 })
    await expect(result).rejects.toMatchObject({ code: 'COMPILE_MEMORY' })
  })

  test('an image that is absent is not downloaded, and the command to get it is given', async () => {
    const absent = 'localhost/unplugin-onnx-mlir-absent:1'
    await expect(findOnnxMlir({ image: absent, env: {} })).rejects.toMatchObject({
      code: 'ENVIRONMENT_IMAGE',
      message: expect.stringContaining(`${command} pull ${absent}`),
    })
    await expect(findOnnxMlir({ image, platform: 'linux/s390x', env: {} })).rejects.toMatchObject({
      message: expect.stringMatching(
        /here only for linux\/amd64, not for linux\/s390x.* pull --platform=linux\/s390x /,
      ),
    })
  })

  test('a pull that can’t work says why', async () => {
    const pulling = findOnnxMlir({ image: 'localhost/unplugin-onnx-mlir-absent:1', pull: true, env: {} })
    await expect(pulling).rejects.toMatchObject({
      code: 'ENVIRONMENT_IMAGE',
      message: expect.stringMatching(/Can’t get the image/),
    })
  })
})

describe('the engine’s command line', () => {
  const installation: ContainerInstallation = {
    kind: 'container',
    engine: { kind: 'podman', command: 'podman', rootless: true },
    image: 'i',
    digest: `sha256:${'0'.repeat(64)}`,
    platform: 'linux/s390x',
    entryPoint: true,
    runFlags: ['--security-opt=label=disable'],
  }

  test('has no terminal, no network, no other folder, and our user', () => {
    const rootless = containerArguments(installation, '/tmp/s/work', '/tmp/s/id', 1e9)
    expect(rootless.slice(0, 2)).toEqual(['run', '--rm'])
    expect(rootless).toEqual(
      expect.arrayContaining([
        '--network=none',
        '--pull=never',
        '--platform=linux/s390x',
        '--userns=keep-id',
        '--memory=1000000000',
        '--cidfile=/tmp/s/id',
        '--security-opt=label=disable',
      ]),
    )
    expect(rootless.filter((arg) => arg.startsWith('--volume'))).toEqual([
      expect.stringMatching(/^--volume=\/tmp\/s\/work:\/stage(:z)?$/),
    ])
    expect(rootless.filter((arg) => /^-(t|i|ti|it)$|--tty|--interactive|--privileged/.test(arg))).toEqual([])
    expect(rootless.at(-1)).toBe(installation.digest)
    const docker = { ...installation, engine: { kind: 'docker', command: 'docker', rootless: false } } as const
    if (process.getuid)
      expect(containerArguments(docker, '/w', '/id', undefined)).toContain(
        `--user=${process.getuid()}:${process.getgid?.()}`,
      )
  })

  test('can’t mount a folder with a colon', () => {
    expect(() => containerArguments(installation, '/tmp/a:b/work', '/id', undefined)).toThrow(/colon/)
  })
})

describe('engines that don’t work', () => {
  test.each([
    ['is not installed', undefined, /not installed/],
    [
      'doesn’t run',
      'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?',
      /it is not running/,
    ],
    ['may not be used', 'permission denied while trying to connect to the Docker daemon socket', /you may not use it/],
    ['fails otherwise', 'something else', /something else/],
  ])('%s', async (_, stderr, message) => {
    const command = join(fresh(), 'docker')
    if (stderr !== undefined) writeFileSync(command, `#!/bin/sh\necho '${stderr}' >&2\nexit 1\n`, { mode: 0o755 })
    await expect(findEngine(command)).rejects.toMatchObject({
      code: 'ENVIRONMENT_ENGINE',
      message: expect.stringMatching(message),
    })
  })

  test('an image name is no flag', async () => {
    const command = join(fresh(), 'podman')
    writeFileSync(command, '#!/bin/sh\necho false\n', { mode: 0o755 })
    for (const name of ['--privileged', 'a b', '']) {
      await expect(findOnnxMlir({ image: name, engine: command, env: {} })).rejects.toMatchObject({
        code: 'ENVIRONMENT_IMAGE',
      })
    }
  })
})

const realImage = process.env['ONNX_MLIR_IMAGE']
if (!realImage) console.log('skipped: compiling with a real image (set ONNX_MLIR_IMAGE)')

test.runIf(realImage)('a real image compiles', async () => {
  const installation = await findOnnxMlir({ image: realImage, env: {} })
  if (installation === undefined) throw new Error('not found')
  const { arch } = await capabilitiesOf(installation)
  const outDir = join(fresh(), 'out')
  const options = { target: target(arch === 's390x' ? 'z16' : (arch ?? 'x86-64')) }
  const model = await writeModel(fresh())
  const { library } = await compileWithOnnxMlir(installation, model, options, { outDir, signature: mlpSignature })
  expect((await readElfIdentity(library))?.machine).toBe(arch)
})

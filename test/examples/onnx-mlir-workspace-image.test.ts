import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createPipeline } from '../../src/pipeline/index.ts'
import { helpText, versionText } from '../onnx-mlir/generations.ts'
import { configurePodman } from '../podman.ts'
import { copyInto, importImage, makeDebianRoot } from './debian-root.ts'
import { gptContinuation, gptModel } from './gpt.ts'

const folder = mkdtempSync(join(tmpdir(), 'workspace-image-'))
const tag = `localhost/unplugin-onnx-mlir-workspace-test-${process.pid}`
const images = { onnxMlir: `${tag}:onnx-mlir`, node: `${tag}:node`, workspace: `${tag}:workspace` }
const volume = `unplugin-onnx-mlir-workspace-test-${process.pid}`
const model = join(folder, 'models/gpt.onnx')
const prompt = [3, 1, 4, 15]

/** Stands in for onnx-mlir inside its image: gives a library that is there already, and says what the driver says. */
const standIn = `#!/bin/sh
here=/usr/local/share/stand-in
case "$1" in
  --version) exec cat $here/version ;;
  --help*) exec cat $here/help ;;
esac
echo '[1/2] Tue Mar 10 12:00:00 2026 (0s) Importing ONNX Model to MLIR Module from "model.onnx"'
echo '[2/2] Tue Mar 10 12:00:00 2026 (0s) Compilation completed.'
while [ "$1" != -o ]; do shift; done
cp $here/library "$2.so"
`

function podman(...args: string[]): string {
  return execFileSync('podman', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 })
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

/** onnx-mlir's image as far as it matters here: C and C++ compilers, a driver, no Node. */
async function makeOnnxMlirImage(base: string): Promise<void> {
  const root = join(folder, 'onnx-mlir-root')
  execFileSync('cp', ['-al', base, root])
  const context = { mode: 'build' as const, log: () => {}, warn: () => {} }
  const { artifact } = await createPipeline({ cache: join(folder, 'cache'), compiler: 'builtin' }).build(model, context)
  const share = join(root, 'usr/local/share/stand-in')
  mkdirSync(share, { recursive: true })
  writeFileSync(join(share, 'help'), helpText('config-file'))
  writeFileSync(join(share, 'version'), versionText())
  cpSync(artifact.library, join(share, 'library'))
  writeFileSync(join(root, 'usr/local/bin/onnx-mlir'), standIn, { mode: 0o755 })
  importImage(root, images.onnxMlir, 'ENTRYPOINT ["onnx-mlir"]')
}

/** Node's image, with an npm that finds all packages in a cache, since a build has no network here. */
function makeNodeImage(base: string, workspace: string, packed: string): void {
  const root = join(folder, 'node-root')
  const cache = join(folder, 'npm-cache')
  const trial = join(folder, 'trial')
  cpSync(workspace, trial, { recursive: true })
  npm(trial, 'install', '--omit=dev', '--no-audit', '--no-fund', '--cache', cache, packed)
  execFileSync('cp', ['-al', base, root])
  copyInto(root, {
    [process.execPath]: 'usr/local/bin/node',
    [join(npm(folder, 'root', '--global'), 'npm')]: 'usr/local/lib/node_modules/npm',
    [cache]: 'npm-cache',
  })
  execFileSync('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')])
  mkdirSync(join(root, 'usr/local/etc'))
  const registry = npm(folder, 'config', 'get', 'registry')
  writeFileSync(join(root, 'usr/local/etc/npmrc'), `offline=true\ncache=/npm-cache\nregistry=${registry}\n`)
  importImage(root, images.node)
}

/** Builds the example's image as its README says. Gives why it can't be done here, where it can't. */
async function buildImage(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the stand-in image is made on x86-64 Linux only'
  if (process.getuid?.() !== 0) return 'images are made from files of root'
  configurePodman(folder)
  try {
    mkdirSync(join(folder, 'models'))
    writeFileSync(model, gptModel())
    podman('info')
    const base = join(folder, 'base')
    makeDebianRoot(base, ['base-files', 'coreutils', 'dash', 'g++', 'libc-bin'])
    const workspace = join(folder, 'workspace')
    cpSync(resolve('examples/onnx-mlir-workspace'), workspace, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    })
    const packed = `./${npm(resolve('.'), 'pack', '--silent', '--ignore-scripts', '--pack-destination', workspace)}`
    await makeOnnxMlirImage(base)
    makeNodeImage(base, workspace, packed)
    rmSync(base, { recursive: true })
    const args = { ONNX_MLIR_IMAGE: images.onnxMlir, NODE_IMAGE: images.node, PLUGIN: packed }
    const flags = Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`)
    podman(
      'build',
      '--network=none',
      '--layers=false',
      '--pull=never',
      ...flags,
      `--tag=${images.workspace}`,
      workspace,
    )
    return undefined
  } catch (error) {
    clean()
    // What the Dockerfile itself does wrong is no reason to leave its test out.
    if (/STEP/.test(String((error as { stdout?: unknown }).stdout))) throw error
    return (error as Error).message.split('\n').slice(0, 3).join(' ')
  }
}

const obstacle = await buildImage()
if (obstacle !== undefined) console.log(`skipped: the image of examples/onnx-mlir-workspace (${obstacle})`)

afterAll(() => {
  if (obstacle === undefined) clean()
})

/** Also after half of the work, or where there is no podman. */
function clean(): void {
  const kinds = [['rmi', '--force', '--ignore', ...Object.values(images)], ['volume', 'rm', '--force', volume]] // prettier-ignore
  for (const args of kinds) spawnSync('podman', args)
  rmSync(folder, { recursive: true, force: true })
}

describe.runIf(obstacle === undefined)('the image', () => {
  const out = join(folder, 'out')
  const user = 12345

  function run(...args: string[]) {
    mkdirSync(out, { recursive: true })
    chmodSync(folder, 0o755)
    execFileSync('chown', [String(user), out])
    const mounts = [`--volume=${folder}/models:/models:ro`, `--volume=${out}:/out`, `--volume=${volume}:/cache`]
    const limits = ['--network=none', '--memory=4g', `--user=${user}:${user}`]
    const text = podman('run', '--rm', ...limits, ...mounts, images.workspace, ...args, '--json', '/out/result.json')
    const [result] = (JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')) as { models: [Result] }).models
    return { text, result }
  }

  test('compiles the mounted models with its onnx-mlir, runs them, and gives the files to the user', () => {
    const { text, result } = run('--prompt', prompt.join(' '), '--tokens', '10')
    expect(result.compiler.name).toBe('onnx-mlir')
    expect(result.tokens).toEqual(gptContinuation(prompt, 10))
    expect(text).toContain('gpt.onnx: [1/2] Importing ONNX Model')
    for (const file of ['gpt/model.js', 'gpt/assets', 'result.json']) expect(statSync(join(out, file)).uid).toBe(user)
  })

  test('takes a second run from the volume', () => {
    const { text, result } = run('gpt.onnx', '--prompt', prompt.join(' '), '--tokens', '10')
    expect(text).not.toContain('compiling')
    expect(result.tokens).toEqual(gptContinuation(prompt, 10))
  })

  test('what it makes runs outside', () => {
    const code = `
      const { default: model } = await import(${JSON.stringify(join(out, 'gpt/model.js'))})
      const { logits } = await model.run({
        input_ids: { data: BigInt64Array.of(3n, 1n, 4n, 15n), dims: [1, 4] },
        attention_mask: { data: BigInt64Array.of(1n, 1n, 1n, 1n), dims: [1, 4] },
      })
      const last = [...logits.data.slice(-logits.dims[2])]
      console.log(last.indexOf(Math.max(...last)))`
    const token = execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: out,
      encoding: 'utf8',
    })
    expect([Number(token)]).toEqual(gptContinuation(prompt, 1))
  })

  test('has the C compiler that the built-in compiler needs', () => {
    const { result } = run('gpt.onnx', '--compiler', 'builtin', '--prompt', prompt.join(' '), '--tokens', '3')
    expect(result).toMatchObject({ compiler: { name: 'builtin' }, tokens: gptContinuation(prompt, 3) })
  })
})

interface Result {
  readonly compiler: { readonly name: string }
  readonly tokens: readonly number[]
}

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive } from '../../src/cache/lock.ts'
import { addModel } from '../hosts/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { gptContinuation, gptModel } from './gpt.ts'

const example = resolve('examples/onnx-mlir-workspace')
const folder = mkdtempSync(join(tmpdir(), 'workspace-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const prompt = [3, 1, 4, 15]
const expected = gptContinuation(prompt, 10)

beforeAll(() => {
  mkdirSync(join(folder, 'models'))
  const models = {
    gpt: gptModel(),
    'gpt-cached': gptModel({ cached: true }),
    'gpt-16': gptModel({ length: 16 }),
    add: addModel(10),
  }
  for (const [name, bytes] of Object.entries(models)) writeFileSync(join(folder, 'models', `${name}.onnx`), bytes)
})

interface Result {
  readonly model: string
  readonly file?: string
  readonly compiler?: { readonly name: string }
  readonly tokens?: readonly number[]
  readonly ms?: readonly number[]
  readonly outputs?: readonly unknown[]
  readonly error?: string
}

const env = { ...process.env, ONNX_MLIR_CACHE_DIR: join(folder, 'cache') }

function run(...args: string[]) {
  const json = join(folder, 'result.json')
  rmSync(json, { force: true })
  return new Promise<{ code: unknown; out: string; err: string; models: readonly Result[] }>((done) =>
    execFile(
      process.execPath,
      [join(example, 'run.js'), ...args, '--json', json],
      { cwd: folder, env },
      (error, out, err) =>
        done({
          code: error?.code ?? 0,
          out,
          err,
          models: existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as { models: Result[] }).models : [],
        }),
    ),
  )
}

const decoding = ['--compiler', 'builtin', '--prompt', prompt.join(' '), '--tokens', '10']

describe('the command', () => {
  test('what is expected is no single token over and over', () => {
    expect(new Set(expected).size).toBeGreaterThan(3)
  })

  test('compiles and runs every model of the folder; decoders say what greedy decoding says', async () => {
    const { code, out, err, models } = await run(...decoding)
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(models.map(({ model }) => model)).toEqual(['add.onnx', 'gpt-16.onnx', 'gpt-cached.onnx', 'gpt.onnx'])
    const [add, ...decoders] = models
    expect(add!.outputs).toEqual([{ name: 'y', type: 'float32', dims: [3] }])
    for (const { model, tokens, ms } of decoders) {
      expect(tokens, model).toEqual(expected)
      expect(ms).toHaveLength(10)
    }
    expect(out).toContain(`${prompt.join(' ')} → ${expected.join(' ')}`)
  })

  test('leaves a folder that runs by itself, and takes a second run from the cache', async () => {
    const { code, out, models } = await run('gpt.onnx', ...decoding)
    expect(code).toBe(0)
    expect(out).not.toContain('compiling')
    const [{ file, tokens } = { file: undefined, tokens: [] }] = models
    expect(tokens).toEqual(expected)
    expect(file).toBe(join(folder, 'out/gpt/model.js'))
    const extensions = readdirSync(join(folder, 'out/gpt/assets')).map((name) => /\.\w+$/.exec(name)?.[0])
    expect(extensions.toSorted()).toEqual(['.node', '.so'])
  })

  test('tells what is wrong with a model and goes on with the others', async () => {
    writeFileSync(join(folder, 'junk.onnx'), 'junk')
    const { code, err, models } = await run('nowhere.onnx', 'junk.onnx', 'gpt-16.onnx', 'add.onnx', '--tokens', '14')
    expect(code).toBe(1)
    expect(models.map(({ error }) => error)).toEqual([
      expect.stringMatching(/nowhere\.onnx".* is not there/),
      expect.stringContaining('truncated, damaged or not ONNX'),
      expect.stringContaining('takes exactly 16 tokens'),
      undefined,
    ])
    expect(err).toContain('truncated')
  })

  test('a token beyond the vocabulary is an error of the model, not a crash', async () => {
    const { code, models } = await run('gpt.onnx', '--compiler', 'builtin', '--prompt', '97')
    expect(code).toBe(1)
    expect(models[0]!.error).toMatch(/index is out of range/)
  })

  test.each([
    ['an unknown option', ['--fast'], /Unknown option '--fast'/],
    ['a prompt of words', ['--prompt', 'Hello'], /--prompt takes numbers of tokens/],
    ['no prompt', ['--prompt', ' '], /--prompt takes numbers/],
    ['no token', ['--tokens', '0'], /--tokens takes a number from 1/],
    ['an empty folder', ['--models', 'empty'], /no \*\.onnx in .*empty/],
  ])('refuses %s and shows its options', async (_, args, message) => {
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(err).toContain('--models DIR')
  })

  test('ends when a container is stopped, and so does the compiler', async () => {
    const home = join(folder, 'hanging')
    mkdirSync(join(home, 'bin'), { recursive: true })
    writeFileSync(join(home, 'bin/onnx-mlir'), `#!/bin/sh\necho $$ > '${home}/pid'\nexec sleep 1000\n`, { mode: 0o755 })
    const child = spawn(process.execPath, [join(example, 'run.js'), 'add.onnx'], {
      cwd: folder,
      env: { ...env, ONNX_MLIR_HOME: home },
      stdio: 'ignore',
    })
    const exited = once(child, 'exit')
    await expect.poll(() => existsSync(join(home, 'pid')), { timeout: 60_000 }).toBe(true)
    const pid = Number(readFileSync(join(home, 'pid'), 'utf8'))
    child.kill('SIGTERM')
    expect(await exited).toEqual([143, null])
    await expect.poll(() => isAlive(pid)).toBe(false)
  })
})

const ort = onnxruntime()
test.runIf(ort)('onnxruntime has the model continue alike', async () => {
  const session = await ort!.InferenceSession.create(gptModel())
  const tokens = [...prompt]
  while (tokens.length < prompt.length + expected.length) {
    const row = (values: number[]) => new ort!.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
    const { logits } = await session.run({ input_ids: row(tokens), attention_mask: row(tokens.map(() => 1)) })
    const last = logits!.data.slice(-logits!.dims.at(-1)!)
    tokens.push(last.indexOf(Math.max(...last)))
  }
  expect(tokens.slice(prompt.length)).toEqual(expected)
})

describe('the Dockerfile and what is said of it', () => {
  const read = (name: string) => readFileSync(join(example, name), 'utf8')
  const dockerfile = read('Dockerfile')
  const instructions = dockerfile
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => ({ name: line.split(' ')[0]!, text: line.replace(/^[A-Z]+ +/, '') }))
  const texts = (name: string) => instructions.filter((one) => one.name === name).map(({ text }) => text)
  const args = new Map(texts('ARG').map((text) => text.split('=') as [string, string]))

  test('every argument has a default, is used, and is explained', () => {
    expect(args).toEqual(
      new Map([
        ['ONNX_MLIR_IMAGE', 'onnxmlir/onnx-mlir'],
        ['NODE_IMAGE', 'node:22-slim'],
        ['PLUGIN', ''],
      ]),
    )
    for (const name of args.keys()) {
      expect(dockerfile).toContain(`\${${name}}`)
      expect(read('README.md')).toContain(`\`${name}\``)
    }
    expect([...dockerfile.matchAll(/\$\{(\w+)\}/g)].filter(([, name]) => !args.has(name!))).toEqual([])
  })

  test('names no registry', () => {
    for (const name of ['Dockerfile', 'compose.yaml', 'README.md'])
      expect(read(name)).not.toMatch(/\b\w+\.(?:io|com|org)\//)
  })

  test('copies what is there, all that the command needs', () => {
    const copied = texts('COPY')
      .filter((text) => !text.startsWith('--from'))
      .flatMap((text) => text.split(' ').slice(0, -1))
    for (const file of copied.filter((file) => !file.includes('*')))
      expect(existsSync(join(example, file)), file).toBe(true)
    const needed = readdirSync(example).filter((file) => file.endsWith('.js'))
    expect(copied).toEqual(expect.arrayContaining(needed))
    for (const file of needed) {
      for (const [, imported] of read(file).matchAll(/from '\.\/([\w.]+)'/g)) expect(needed).toContain(imported)
    }
    // A stage is copied from that there is.
    for (const [, stage] of dockerfile.matchAll(/--from=(\w+)/g)) expect(dockerfile).toContain(` AS ${stage}\n`)
  })

  test('runs as a user, in the folders that are mounted', () => {
    expect(texts('USER').at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    expect(JSON.parse(texts('ENTRYPOINT')[0]!)).toEqual(['node', '/app/run.js'])
    const mounts = [...read('compose.yaml').matchAll(/^ +- .*:(\/\w+)(?::ro)?$/gm)].map(([, path]) => path)
    expect(mounts.toSorted()).toEqual(['/cache', '/models', '/out'])
    const made = texts('RUN').join(' ')
    for (const path of mounts) expect(made).toContain(` ${path} `)
    // Paths of the command's options are relative to the working directory.
    expect(texts('WORKDIR').at(-1)).toBe('/')
  })

  test('asks for the packages that the command imports', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const imported = [...read('run.js').matchAll(/from '((?!node:|\.)[^'/]+)/g)].map(([, name]) => name)
    expect(Object.keys(dependencies).toSorted()).toEqual([...new Set(imported)].toSorted())
    const own = JSON.parse(readFileSync('package.json', 'utf8')) as {
      version: string
      devDependencies: Record<string, string>
    }
    expect(dependencies).toEqual({ 'unplugin-onnx-mlir': `^${own.version}`, rolldown: own.devDependencies['rolldown'] })
    expect(read('README.md')).toContain(`unplugin-onnx-mlir-${own.version}.tgz`)
  })
})

import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CompileError, EnvironmentError, ModelError, OnnxMlirError, UsageError } from '../../src/errors/index.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import { WireWriter } from '../../src/onnx/wire.ts'
import { type BuildResult, createPipeline } from '../../src/pipeline/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'

// What a build says when it can't be done, and what it leaves behind.

let folder: string
let cache: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bad input é '))
  cache = join(folder, 'cache')
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(() => vi.unstubAllEnvs())

const warnings: string[] = []
const context = { mode: 'build', log: () => undefined, warn: (line: string) => void warnings.push(line) } as const

function build(path: string, root: string | false = cache): Promise<BuildResult> {
  return createPipeline({ cache: root, compiler: 'builtin' }).build(path, context)
}

async function fails<E extends OnnxMlirError>(
  path: string,
  kind: new (...args: never[]) => E,
  root?: string | false,
): Promise<E> {
  const error = await build(path, root).then(
    () => expect.unreachable('the build should fail'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(kind)
  return error as E
}

/** y = x + w, with w in another file. */
function withExternalData(location: string, length: number): Uint8Array {
  const entries = { location, length: String(length) }
  const float = (name: string): onnx.ValueInfoProto.$Properties => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 4n }] } } },
  })
  const model = {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
      input: [float('x')],
      output: [float('y')],
      initializer: [
        {
          name: 'w',
          dataType: 1,
          dims: [4n],
          dataLocation: 1,
          externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
        },
      ],
    },
  }
  return onnx.ModelProto.encode(model, new WireWriter()).finish()
}

async function model(name: string, source: Partial<ModelSource> = {}): Promise<string> {
  const path = join(folder, name)
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', ['n', 4]) },
    outputs: { y: undefined },
    nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
    ...source,
  })
  await writeFile(path, bytes)
  return path
}

/** A command that stands in for the C compiler, as a shell script; `$real` is the real one. */
async function compiler(name: string, script: string): Promise<void> {
  // A command with a space in its path can't be said in CC.
  const path = join(await mkdtemp(join(tmpdir(), 'cc-')), name)
  await writeFile(path, `#!/bin/sh\nreal=cc\n${script}\n`)
  await chmod(path, 0o755)
  vi.stubEnv('CC', path)
}

/** Entries of the cache; staging folders that are left count too. */
async function leftovers(): Promise<string[]> {
  if (!existsSync(cache)) return []
  const names = await readdir(cache, { recursive: true })
  return names.filter((name) => /[0-9a-f]{64}\.json$|compile-|\.so$/.test(name))
}

describe('a model file that is no sound model', () => {
  test.each([
    ['text', 'not a model at all'],
    ['nothing', ''],
    ['a web page', '<!DOCTYPE html><title>404</title>'],
  ])('%s', async (name, content) => {
    const path = join(folder, `${name}.onnx`)
    await writeFile(path, content)
    expect((await fails(path, ModelError)).message).toContain(path)
    expect(await leftovers()).toEqual([])
  })

  test('missing, truncated, without nodes and outputs', async () => {
    expect((await fails(join(folder, 'none.onnx'), ModelError)).code).toBe('MODEL_UNREADABLE')
    const whole = await readFile(await model('whole.onnx'))
    const cut = join(folder, 'cut.onnx')
    await writeFile(cut, whole.subarray(0, whole.length - 9))
    expect((await fails(cut, ModelError)).message).toContain(cut)
    expect((await fails(await model('empty.onnx', { inputs: {}, outputs: {}, nodes: [] }), ModelError)).code).toBe(
      'MODEL_EMPTY',
    )
  })

  test('unknown operators: all of them, with a node and the opset', async () => {
    const nodes = [
      { op: 'Wobble', name: 'first', inputs: ['x'], outputs: ['a'] },
      { op: 'Twist', domain: 'com.example', inputs: ['a'], outputs: ['y'] },
    ]
    const { message, data } = await fails(
      await model('unknown.onnx', { opsets: { '': 21, 'com.example': 2 }, nodes }),
      CompileError,
    )
    expect(message).toContain('Wobble (opset 21): node "first"; com.example.Twist (opset 2): node "y"')
    expect(data['missing']).toEqual(['Wobble (opset 21)', 'com.example.Twist (opset 2)'])
  })

  test('external data that went away, also after it was there once', async () => {
    const [weights, path] = [join(folder, 'weights.bin'), join(folder, 'external.onnx')]
    await writeFile(weights, new Uint8Array(16))
    await writeFile(path, withExternalData('weights.bin', 16))
    await build(path)
    await rm(weights)
    expect((await fails(path, ModelError)).message).toContain('weights.bin')
    await writeFile(weights, new Uint8Array(15))
    expect((await fails(path, ModelError)).code).toBe('MODEL_EXTERNAL_DATA')
    await writeFile(path, withExternalData('../../etc/hostname', 4))
    expect((await fails(path, ModelError)).code).toBe('MODEL_EXTERNAL_DATA')
  })

  test('dimensions beyond memory', async () => {
    const huge = await model('huge.onnx', { inputs: { x: tensorType('float32', [2 ** 31, 2 ** 31]) } })
    const { code, message } = await fails(huge, OnnxMlirError)
    expect(code).toBe('UNSUPPORTED_SIZE')
    expect(message).toMatch(
      /"x" is float32\[2147483648, 2147483648\], which no memory can hold: 16 EiB .*at most 64 TiB/,
    )
  })

  test('a dimension is fixed that the model does not have', async () => {
    const path = await model('named.onnx')
    const { message } = await fails(`${path}?dims=m_3`, UsageError)
    expect(message).toContain('no input has a dimension called "m". Its inputs have "n".')
  })
})

describe.skipIf(process.platform === 'win32')('a C compiler', () => {
  test('that is not there: says what to install', async () => {
    const path = await model('no-cc.onnx')
    const empty = await mkdtemp(join(folder, 'empty-'))
    vi.stubEnv('PATH', empty)
    vi.stubEnv('CC', '')
    const { message } = await fails(path, EnvironmentError)
    expect(message).toMatch(/install/i)
    vi.stubEnv('CC', '/nowhere/cc')
    expect((await fails(path, EnvironmentError)).message).toContain('/nowhere/cc')
  })

  test('that fails: shows its first error, keeps the source and no weights', async () => {
    const path = await model('fails.onnx')
    const before = (await leftovers()).filter((name) => name.endsWith('.json'))
    await compiler(
      'failing-cc',
      `case " $* " in *" model.c "*) echo "In file included from here:" >&2; echo "model.c:7:1: error: the moon is full" >&2; exit 1;; esac; exec $real "$@"`,
    )
    const { code, message, data } = await fails(path, CompileError)
    expect(code).toBe('COMPILE_C')
    expect(message).toContain('error: the moon is full')
    const source = data['source'] as string
    expect(message).toContain(source)
    expect(await readFile(source, 'utf8')).toContain('om_run')
    expect(await readdir(dirname(source))).toEqual(['model.c'])
    expect((await leftovers()).filter((name) => name.endsWith('.json'))).toEqual(before)
  })

  test('that says it was successful and made nothing', async () => {
    const path = await model('nothing-made.onnx')
    await compiler('lying-cc', `case " $* " in *" model.c "*) exit 0;; esac; exec $real "$@"`)
    expect((await fails(path, CompileError)).code).toBe('COMPILE_C')
  })
})

describe('builds', () => {
  async function run({ facts, addon, artifact }: BuildResult): Promise<number[]> {
    const made = createNodeModel(facts, { addon: addon!.path, library: artifact.library })
    return [...(made.runSync({ x: { data: Float32Array.of(1, 2, 3, 4), dims: [1, 4] } })['y']!.data as Float32Array)]
  }

  test('two of one model at once make one library, also of models with one base name', async () => {
    const path = await model('twice.onnx')
    const other = await mkdtemp(join(folder, 'other-'))
    await writeFile(
      join(other, 'twice.onnx'),
      modelBytes({
        opsets: { '': 21 },
        inputs: { x: tensorType('float32', ['n', 4]) },
        outputs: { y: undefined },
        nodes: [{ op: 'Abs', inputs: ['x'], outputs: ['y'] }],
      }),
    )
    const [a, b, c] = await Promise.all([build(path), build(path), build(join(other, 'twice.onnx'))])
    expect(a!.artifact.sha256).toBe(b!.artifact.sha256)
    expect(c!.artifact.sha256).not.toBe(a!.artifact.sha256)
    expect([a!.cached, b!.cached].filter(Boolean)).toHaveLength(1)
    expect(await run(b!)).toEqual([-1, -2, -3, -4])
    expect(await run(c!)).toEqual([1, 2, 3, 4])
    expect((await build(path)).cached).toBe(true)
  })

  test('a folder that nobody can write to: a warning, and the build is done elsewhere', async () => {
    const path = await model('elsewhere.onnx')
    const file = join(folder, 'a file')
    await writeFile(file, '')
    warnings.length = 0
    const built = await build(path, join(file, 'cache'))
    expect(await run(built)).toEqual([-1, -2, -3, -4])
    expect(warnings.join()).toMatch(/Going on without a cache/)
    expect(built.addon!.path.startsWith(file)).toBe(false)
  })
})

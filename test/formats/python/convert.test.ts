import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Store } from '../../../src/cache/store.ts'
import type { PythonOptions } from '../../../src/formats/python/options.ts'
import { readModel } from '../../../src/formats/read.ts'
import { createModels } from '../../../src/plugin/models.ts'
import { createPipeline } from '../../../src/pipeline/index.ts'
import { zipOf } from '../pt2/writer.ts'
import { temporaryFolder } from '../../hosts/app.ts'
import { added, callsOf, type Fake, fakePython, scriptZip, touch } from './fake.ts'

/** A project with a TorchScript file and a Python that answers. */
async function project(fake: Fake = {}, name = 'net.pt', bytes: Uint8Array | string = scriptZip()) {
  const root = await temporaryFolder()
  const model = join(root, name)
  mkdirSync(dirname(model), { recursive: true })
  writeFileSync(model, bytes)
  writeFileSync(join(root, 'package.json'), '{}')
  const python = fakePython(join(root, 'python'), { torch: '2.6.0', keras: '3.5.0', ...fake })
  const store = new Store(join(root, 'cache'), () => {})
  const read = (more: PythonOptions = {}) =>
    readModel(model, { python: { interpreter: python, store, inputs: 'x-float32-3', ...more } })
  return { root, model, python, store, read }
}

describe('TorchScript', () => {
  it('is known by its contents, whatever it is called, and handed to Python with all that is said of it', async () => {
    for (const name of ['net.pt', 'net.pt2', 'net.onnx']) {
      const { root, model, python, read } = await project({}, name)
      const read1 = await read({ inputs: 'x-float32-batch-3,y-bool' })
      expect(read1).toMatchObject({ format: 'PyTorch (TorchScript)', path: model, files: [{ path: model }] })
      expect(callsOf(python).jobs).toMatchObject([
        {
          kind: 'torchscript',
          file: model,
          export: '',
          inputs: [
            { name: 'x', type: 'float32', shape: ['batch', 3] },
            { name: 'y', type: 'bool', shape: [] },
          ],
          sizes: {},
          outputs: [],
          root,
        },
      ])
    }
  })

  it('takes what a file beside it says, and the import before that', async () => {
    const { model, python, read } = await project()
    const sidecar = { inputs: { x: 'float32[batch, 3]', n: 'int64' }, sizes: { batch: 32 }, outputs: ['logits'] }
    writeFileSync(`${model}.json`, JSON.stringify(sidecar))
    const { files } = await read({ inputs: '' })
    expect(files.map(({ path }) => path)).toEqual([model, `${model}.json`])
    await read({ inputs: 'z-bool' })
    expect(callsOf(python).jobs).toMatchObject([
      {
        inputs: [
          { name: 'x', type: 'float32', shape: ['batch', 3] },
          { name: 'n', type: 'int64', shape: [] },
        ],
        sizes: { batch: 32 },
        outputs: ['logits'],
      },
      { inputs: [{ name: 'z' }], sizes: { batch: 32 } },
    ])
  })

  it.each([
    ['[]', 'it is no object'],
    ['{', 'JSON'],
    ['{"input": {}}', 'it has "input"; known are inputs, sizes and outputs'],
    ['{"inputs": []}', 'its inputs are no object'],
    ['{"inputs": {"x": "float32[batch"}}', 'its input "x" is "float32[batch", which is no type with sizes'],
    ['{"inputs": {"x": [1, 3]}}', 'its input "x" is [1,3]'],
    ['{"inputs": {"x y": "bool"}}', 'its input "x y"'],
    ['{"inputs": {"x": "bool,y:bool"}}', 'its input "x"'],
    ['{"sizes": {"batch": 0}}', 'its size "batch" is no number of at least 1'],
    ['{"outputs": "y"}', 'its outputs are no list of names'],
  ])('refuses %s beside it', async (text, why) => {
    const { model, python, read } = await project()
    writeFileSync(`${model}.json`, text)
    await expect(read()).rejects.toMatchObject({ code: 'MODEL_INPUTS', message: expect.stringContaining(why) })
    expect(callsOf(python)).toEqual({ probes: 0, jobs: [] })
  })

  it('is converted once for the same bytes, inputs and torch', async () => {
    const { model, python, read } = await project()
    const jobs = async (more?: PythonOptions): Promise<number> => {
      await read(more)
      return callsOf(python).jobs.length
    }
    expect([await jobs(), await jobs(), await jobs({ inputs: 'x-float32-4' }), await jobs()]).toEqual([1, 1, 2, 2])
    writeFileSync(`${model}.json`, '{"outputs": ["z"]}')
    expect([await jobs(), await jobs()]).toEqual([3, 3])
    writeFileSync(model, scriptZip('changed'))
    expect([await jobs(), await jobs()]).toEqual([4, 4])
    fakePython(python, { torch: '2.7.0' })
    expect([await jobs(), await jobs()]).toEqual([5, 5])
  })

  it('is converted once for many that ask at a time', async () => {
    const { python, read } = await project()
    await Promise.all([read(), read(), read()])
    expect(callsOf(python).jobs).toHaveLength(1)
  })
})

describe('a file of Python', () => {
  it('is what the import says, with what it imports and reads: a change of that is another model', async () => {
    const { root, model, python, read } = await project({}, 'net.py', 'class Net: pass')
    const helper = join(root, 'helper.py')
    writeFileSync(helper, '1')
    fakePython(python, { torch: '2.6.0', result: { ok: true, warnings: ['a trace'], files: [helper, model] } })
    const warnings: string[] = []
    const model1 = await read({ export: 'Net', warn: (line) => warnings.push(line) })
    expect(model1.files.map(({ path }) => path)).toEqual([model, helper])
    expect(warnings).toEqual(['net.py: torch warns: a trace'])
    expect(callsOf(python).jobs).toMatchObject([{ kind: 'module', export: 'Net', file: model }])
    const jobs = async (name = 'Net') => {
      await read({ export: name })
      return callsOf(python).jobs.length
    }
    expect([await jobs(), await jobs('make'), await jobs()]).toEqual([1, 2, 2])
    touch(helper, '2')
    expect([await jobs(), await jobs()]).toEqual([3, 3])
  })

  it('says how to name what is in it', async () => {
    const { python, read } = await project({}, 'net.py', 'class Net: pass')
    await expect(read()).rejects.toThrow('is a file of Python. Say what in it is the model: net.py?export=Net.')
    expect(callsOf(python).jobs).toEqual([])
  })
})

it('Keras is read by Keras', async () => {
  const bytes = zipOf({ 'metadata.json': '{}', 'config.json': '{}', 'model.weights.h5': '' })
  const { model, python, read } = await project({}, 'net.keras', bytes)
  expect(await read({ inputs: '' })).toMatchObject({ format: 'Keras' })
  expect(callsOf(python).jobs).toMatchObject([{ kind: 'keras', file: model, inputs: [] }])
  fakePython(python, { torch: '2.6.0' })
  await expect(read({ inputs: '' })).rejects.toThrow(
    /net\.keras is Keras: it takes Python with keras, but none was found/,
  )
})

describe('a SavedModel', () => {
  it('is known by its name, and its weights are files beside it', async () => {
    const { root, model, python, read } = await project({ tf2onnx: '1.17.0' }, 'saved_model.pb', 'anything')
    const weights = join(root, 'variables.data')
    writeFileSync(weights, '1')
    fakePython(python, { tf2onnx: '1.17.0', result: { ok: true, warnings: [], files: [weights] } })
    const made = await read({ inputs: '', signature: 'f' })
    expect(made).toMatchObject({ format: 'TensorFlow (SavedModel)', files: [{ path: model }, { path: weights }] })
    await read({ inputs: '', signature: 'f' })
    expect(callsOf(python).jobs).toMatchObject([{ kind: 'savedmodel', file: model, signature: 'f' }])
    touch(weights, '2')
    await read({ inputs: '', signature: 'f' })
    expect(callsOf(python).jobs).toHaveLength(2)
    fakePython(python, { torch: '2.6.0' })
    await expect(read({ inputs: '' })).rejects.toThrow(/takes Python with tf2onnx.* pip install tensorflow tf2onnx/s)
  })

  const haveOne = spawnSync('python3', ['--version']).status === 0
  if (!haveOne) console.log('skipped: what tf2onnx is asked for: no python3')

  /** Of the script itself, with a module in tf2onnx's place. */
  it.skipIf(!haveOne)('is converted by the command of tf2onnx, whose last line is told where it fails', async () => {
    const { root, model } = await project({}, 'net/saved_model.pb', 'anything')
    const packages = join(root, 'packages')
    mkdirSync(join(packages, 'tf2onnx'), { recursive: true })
    writeFileSync(join(packages, 'tf2onnx/__init__.py'), '')
    const bytes = Buffer.from(added(5)).toString('base64')
    const program = [
      'import base64, sys',
      'options = dict(zip(sys.argv[1::2], sys.argv[2::2]))',
      "assert options['--saved-model'].endswith('net') and options['--opset'] == '17'",
      "if options.get('--signature_def') == 'absent': sys.exit('ValueError: Signature absent not found')",
      `open(options['--output'], 'wb').write(base64.b64decode('${bytes}'))`,
    ].join('\n')
    writeFileSync(join(packages, 'tf2onnx/convert.py'), program)
    vi.stubEnv('PYTHONPATH', packages)
    try {
      const store = new Store(join(root, 'cache'), () => {})
      const read = (signature: string) => readModel(model, { python: { interpreter: 'python3', store, signature } })
      expect((await read('')).graph.initializers).toHaveLength(1)
      await expect(read('absent')).rejects.toMatchObject({
        code: 'MODEL_SIGNATURE',
        message: expect.stringContaining('Signature absent not found. Choose one by ?signature=NAME.'),
      })
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

describe('no Python is run', () => {
  it('where the option forbids it, nor on untrusted models', async () => {
    const { python, model, read, root } = await project()
    await expect(read({ interpreter: false })).rejects.toMatchObject({
      code: 'MODEL_NO_PYTHON',
      message: expect.stringContaining('none is run where the option python is false'),
    })
    const pipeline = createPipeline({ python, untrusted: true, cache: join(root, 'cache') })
    const built = pipeline.build(`${model}?inputs=x-float32-3`, { mode: 'build', log: () => {}, warn: () => {} })
    await expect(built).rejects.toThrow('on what is untrusted none is run')
    expect(callsOf(python)).toEqual({ probes: 0, jobs: [] })
  })

  it.each([
    ['weights', { 'archive/data.pkl': '', 'archive/data/0': '' }, 'torch.export.save(torch.export.export'],
    ['another archive', { 'a.txt': '' }, 'is a ZIP archive'],
  ])('on %s', async (_, files, message) => {
    const { python, read } = await project({}, 'net.pt', zipOf(files))
    await expect(read()).rejects.toThrow(message)
    expect(callsOf(python)).toEqual({ probes: 0, jobs: [] })
  })

  it('on a file that is cut short, or a pickle without an archive', async () => {
    const whole = scriptZip('x'.repeat(1000))
    for (const bytes of [whole.subarray(0, 300), new TextEncoder().encode('\x80\x02}q\x00.'.padEnd(200))]) {
      const { python, read } = await project({}, 'net.pt', bytes)
      await expect(read()).rejects.toMatchObject({ name: 'ModelError' })
      expect(callsOf(python)).toEqual({ probes: 0, jobs: [] })
    }
  })
})

describe('failures', () => {
  const failing = (result: object) =>
    project({ instead: `writeFileSync(job.result, ${JSON.stringify(JSON.stringify({ ok: false, ...result }))})` })

  it('shapes that nobody has said are asked for, with the names that there are', async () => {
    const { model, read } = await failing({
      code: 'NEED_INPUTS',
      message: '',
      arguments: [
        { name: 'ids', type: 'Tensor' },
        { name: 'scale', type: 'float' },
      ],
      missing: ['ids'],
    })
    await expect(read({ inputs: '' })).rejects.toMatchObject({
      code: 'MODEL_INPUTS',
      data: { watch: [`${model}.json`] },
      message: expect.stringMatching(
        /stores no shapes of its inputs \(ids: Tensor, scale: float\).*inputs=ids-float32-batch-3; by net\.pt\.json.*\{"inputs":\{"ids":"float32\[batch,3\]"\}\}/,
      ),
    })
  })

  it.each([
    ['INPUTS', 'MODEL_INPUTS', 'forward takes no y, but x'],
    ['NO_EXPORT', 'MODEL_PYTHON', 'It has Net, make.'],
    ['MODULE', 'MODEL_PYTHON', 'To see all of it: '],
    ['LOAD', 'MODEL_PYTHON', 'It may be damaged'],
    ['EXPORT', 'MODEL_PYTHON', 'To see all of it: '],
    ['NO_TORCH', 'ENVIRONMENT_PYTHON', '-m pip install torch onnx'],
    ['NO_ONNX', 'ENVIRONMENT_PYTHON', '-m pip install torch onnx'],
    ['TORCH_TOO_OLD', 'ENVIRONMENT_PYTHON', '-m pip install torch onnx'],
  ])('%s is %s', async (code, expected, text) => {
    const { read, model } = await failing({ code, message: 'forward takes no y, but x', names: ['Net', 'make'] })
    await expect(read()).rejects.toMatchObject({ code: expected, message: expect.stringContaining(text) })
    await expect(read()).rejects.toThrow(model)
  })

  it('a Python that dies without a word is told by its last line, with the command that is still there', async () => {
    const { read, python } = await project({ instead: `console.error('Fatal: out of memory'); process.exit(9)` })
    const error = await read().catch((caught: Error) => caught)
    const { message } = error as Error
    expect(message).toContain('torch 2.6.0')
    expect(message).toContain('Fatal: out of memory')
    const [, script, job] = / (\S+convert\.py) (\S+job\.json)$/.exec(message)!
    expect(message).toContain(`${python} ${script}`)
    expect([script, job].map((path) => existsSync(path!))).toEqual([true, true])
  })

  it('what it writes is held against the rules of ONNX', async () => {
    const { read } = await project({ onnx: new Uint8Array([8, 8, 18, 200]) })
    await expect(read()).rejects.toMatchObject({ code: 'MODEL_DAMAGED' })
  })

  it('a file that is saved anew meanwhile is not kept as what it was', async () => {
    const { read } = await project({
      instead: `writeFileSync(job.file, 'anew'); writeFileSync(job.onnx, ''); writeFileSync(job.result, '{"ok": true, "warnings": [], "files": []}')`,
    })
    await expect(read()).rejects.toMatchObject({ code: 'MODEL_CHANGED' })
  })

  it('an abort ends it', async () => {
    const { model, python, store } = await project({ instead: 'setTimeout(() => {}, 60_000)' })
    const controller = new AbortController()
    const reading = readModel(model, {
      signal: controller.signal,
      python: { interpreter: python, store, log: () => setTimeout(() => controller.abort(new Error('closed')), 300) },
    })
    await expect(reading).rejects.toThrow('closed')
  })
})

it('what was read is watched also where it fails, as a change of it may be the remedy', async () => {
  const { root, model, python } = await project({}, 'net.py', 'import helper')
  const helper = join(root, 'helper.py')
  const result = JSON.stringify({
    ok: false,
    code: 'MODULE',
    message: 'SyntaxError: invalid syntax',
    files: [helper, model],
  })
  fakePython(python, {
    torch: '2.6.0',
    instead: `writeFileSync(job.result, ${JSON.stringify(result)}); process.exit(1)`,
  })
  const watched: string[] = []
  const host = {
    mode: 'build',
    watch: (path: string) => watched.push(path),
    debug() {},
    log() {},
    warn() {},
    place: () => '',
  } as const
  const models = createModels({ python, cache: join(root, 'cache') })
  await expect(models.load(`${model}?export=Net`, host)).rejects.toThrow('SyntaxError: invalid syntax')
  expect(new Set(watched)).toEqual(new Set([model, helper]))
  writeFileSync(`${model}.json`, '[]')
  await expect(models.load(`${model}?export=Net`, host)).rejects.toThrow('it is no object')
  expect(watched).toContain(`${model}.json`)
})

it('a build that is warm runs no conversion, and a change of what was read is a new model', async () => {
  const { root, model, python } = await project()
  const build = async () => {
    const pipeline = createPipeline({ python, cache: join(root, 'cache'), O: 0, target: 'wasm' })
    const { cached, watch } = await pipeline.build(`${model}?inputs=x-float32-3`, {
      mode: 'build',
      log: () => {},
      warn: () => {},
    })
    return { cached, watch, jobs: callsOf(python).jobs.length }
  }
  expect(await build()).toEqual({ cached: false, watch: [model], jobs: 1 })
  expect(await build()).toEqual({ cached: true, watch: [model], jobs: 1 })
  writeFileSync(`${model}.json`, '{}')
  expect(await build()).toMatchObject({ watch: [model, `${model}.json`], jobs: 1 })
  // Another torch that makes the same ONNX needs no new compile; one that makes another does.
  fakePython(python, { torch: '2.7.0' })
  expect(await build()).toMatchObject({ cached: true, jobs: 2 })
  fakePython(python, { torch: '2.8.0', onnx: added(2) })
  expect(await build()).toMatchObject({ cached: false, jobs: 3 })
})

it('a folder of a name that a module has is no module', async () => {
  const { root } = await project()
  mkdirSync(join(root, 'dir.py'))
  await expect(readModel(join(root, 'dir.py'), { python: { export: 'Net' } })).rejects.toMatchObject({
    code: 'MODEL_UNREADABLE',
  })
})

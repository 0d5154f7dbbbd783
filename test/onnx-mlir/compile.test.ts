import { existsSync, linkSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { compileWithOnnxMlir, emitStage, reportCompile } from '../../src/onnx-mlir/compile.ts'
import type { Capabilities } from '../../src/onnx-mlir/capabilities.ts'
import type { CapabilityStore } from '../../src/onnx-mlir/probe.ts'
import type { Progress } from '../../src/onnx-mlir/progress.ts'
import { readModel } from '../../src/formats/read.ts'
import { addModelWeights, addModelWithExternalData } from '../hosts/models.ts'
import type { Generation } from './generations.ts'
import {
  type Answer,
  type Asked,
  installStandIn,
  libraryProgress,
  makesLibrary,
  mlpLibrary,
  mlpSignature,
  target,
  textsOf,
  workshop,
  writeModel,
} from './installed.ts'

const { fresh, remove } = workshop('compile-test')
afterAll(remove)
const host = { target: target('x86-64') }
const z16 = { target: target('z16') }

async function setUp(answers: readonly Answer[] = [makesLibrary], texts = textsOf('config-file')) {
  const folder = fresh()
  const standIn = installStandIn(folder, answers, texts)
  const model = await writeModel(folder)
  const staging = fresh()
  const context = { outDir: join(folder, 'out'), signature: mlpSignature, stagingParent: staging }
  return { ...standIn, model, context, staging }
}

describe('a library', () => {
  test('is made, checked and delivered, and nothing else stays behind', async () => {
    const { installation, model, context, staging, asked } = await setUp()
    const progress: Progress[] = []
    const result = await compileWithOnnxMlir(installation, model, host, {
      ...context,
      onProgress: (p) => progress.push(p),
    })
    expect(readdirSync(context.outDir)).toEqual([basename(result.library)])
    expect(basename(result.library)).toMatch(/^m[0-9a-f]{16}\.so$/)
    expect(readFileSync(result.library).toString('base64')).toBe(mlpLibrary().base64)
    expect(result).toMatchObject({ constants: undefined, nnpa: false, notes: [], compiler: { name: 'onnx-mlir' } })
    expect(result.compiler.version).toMatch(/^0\.4\.2, onnx version 1\.16\.2 .* 0123456789abcdef/)
    expect(result.signature?.inputs).toEqual([{ name: 'x', type: 'float32', dims: [-1, 32] }])
    expect(progress.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6])
    expect(progress[1]).toEqual({ step: 2, steps: 6, text: 'Compiling and Optimizing MLIR Module' })
    expect(result.phases.map(({ text }) => text)).toEqual(progress.map(({ text }) => text))
    expect(readdirSync(staging)).toEqual([])
    const name = basename(result.library, '.so')
    expect(asked()[0]?.args).toEqual([
      '-O3', '--EmitLib', `--tag=${name}`, '--verifyInputTensors=true', '--store-constants-to-file=true', '--dimParams=0:0=batch',
      '-o', name, 'model/model.onnx',
    ]) // prettier-ignore
  })

  test('is compiled in a folder of its own with a real copy, and without the variables that change compiles', async () => {
    const { installation, model, context, asked } = await setUp()
    linkSync(model.path, `${model.path}.hardlink`)
    const before = { ...process.env }
    Object.assign(process.env, {
      ONNX_MLIR_FLAGS: '-O0',
      IMPORTER_FORCE_DYNAMIC: '-1:-1',
      OM_CONSTANT_PATH: '/x',
      SECRET: 'x',
    })
    writeFileSync(join(model.path, '..', 'omconfig.json'), '{"compile_options":["-O0"]}')
    try {
      await compileWithOnnxMlir(installation, model, host, context)
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    }
    const [call] = asked()
    expect(call).toMatchObject({ links: 1, symbolic: false })
    expect(call?.files.filter((file) => file.includes('.'))).toEqual(['model/model.onnx'])
    expect(Object.keys(call?.env ?? {}).filter((name) => /ONNX|OM_|IMPORTER|SECRET/.test(name))).toEqual([])
    expect(call?.env['TMPDIR']?.startsWith(call.cwd)).toBe(true)
  })

  test('takes external data along', async () => {
    const { installation, model, context, asked } = await setUp()
    const { createHash } = await import('node:crypto')
    const data = join(model.path, '..', 'weights of mlp.bin')
    writeFileSync(data, 'weights')
    const sha256 = createHash('sha256').update('weights').digest('hex')
    const withData = { ...model, files: [...model.files, { path: data, bytes: 7, sha256 }] }
    await compileWithOnnxMlir(installation, withData, host, context)
    expect(asked()[0]?.files).toContain('model/weights of mlp.bin')

    const moved = {
      ...model,
      files: [...model.files, { path: join(context.outDir, '../../elsewhere.bin'), bytes: 7, sha256 }],
    }
    await expect(compileWithOnnxMlir(installation, moved, host, context)).rejects.toMatchObject({
      code: 'MODEL_EXTERNAL_DATA',
    })
    const config = join(model.path, '..', 'omconfig.json')
    writeFileSync(config, '{"compile_options":["-O0"]}')
    const sneaky = { ...model, files: [...model.files, { path: config, bytes: 27, sha256 }] }
    await expect(compileWithOnnxMlir(installation, sneaky, host, context)).rejects.toMatchObject({
      code: 'MODEL_EXTERNAL_DATA',
    })
    expect(asked()).toHaveLength(1)
  })

  test('finds external data that a link in the model’s folder leads to', async () => {
    const { installation, context, folder, asked } = await setUp()
    writeFileSync(join(folder, 'blob'), addModelWeights(10))
    symlinkSync('blob', join(folder, 'weights.bin'))
    writeFileSync(join(folder, 'add.onnx'), addModelWithExternalData('weights.bin'))
    await compileWithOnnxMlir(installation, await readModel(join(folder, 'add.onnx')), host, context)
    expect(asked()[0]?.files.filter((file) => file.includes('.'))).toEqual(['model/model.onnx', 'model/weights.bin'])
  })

  test('a model that changed since it was read is not compiled', async () => {
    const { installation, model, context, staging, asked } = await setUp()
    writeFileSync(model.path, 'other')
    await expect(compileWithOnnxMlir(installation, model, host, context)).rejects.toMatchObject({
      code: 'MODEL_CHANGED',
    })
    expect(asked()).toEqual([])
    expect(readdirSync(staging)).toEqual([])
  })

  test('keeps its constants file under the name it asks for', async () => {
    const files = { '.so': mlpLibrary(), '.constants.bin': { text: 'constants' } }
    const { installation, model, context, asked } = await setUp([
      { when: { 'constants-to-file-total-threshold': '0' }, files },
    ])
    const result = await compileWithOnnxMlir(installation, model, { ...host, constants: 'file' }, context)
    const name = `${basename(result.library, '.so')}.constants.bin`
    expect(result.constants).toEqual({ path: join(context.outDir, name), name })
    expect(readFileSync(join(context.outDir, name), 'utf8')).toBe('constants')
    expect(asked()[0]?.args).toContain('--store-constants-to-file=true')
  })

  test('has a name of its own for every model and every way to compile it', async () => {
    const { installation, model, context } = await setUp()
    const name = async (options: object) =>
      basename((await compileWithOnnxMlir(installation, model, { ...host, ...options }, context)).library)
    const names = [await name({}), await name({ optimize: 1 }), await name({ dims: { batch: 2 } })]
    expect(new Set(names).size).toBe(3)
    expect(await name({})).toBe(names[0])
  })

  describe('for a CPU that only --mcpu knows', () => {
    const refusal: Answer = {
      when: { march: 'x86-64-v3' },
      exit: 9,
      stderr:
        "opt: WARNING: failed to create target machine for 'x86_64-pc-linux-gnu': invalid target 'x86-64-v3'.\nllc: error: invalid target 'x86-64-v3'.\n",
    }
    const v3 = { target: target('x86-64-v3') }
    const cpus = (asked: readonly Asked[]) => asked.map(({ args }) => args.find((arg) => /^--m(arch|cpu)/.test(arg)))

    test('is tried again once, and then at once, which is remembered with the capabilities', async () => {
      const answers = [refusal, { ...makesLibrary, when: { mcpu: 'x86-64-v3' } }]
      const { installation, model, context, asked } = await setUp(answers)
      const kept = new Map<string, Capabilities>()
      const capabilityStore: CapabilityStore = {
        get: async (key) => kept.get(key),
        set: async (key, capabilities) => void kept.set(key, capabilities),
      }
      await compileWithOnnxMlir(installation, model, v3, { ...context, capabilityStore })
      await compileWithOnnxMlir(installation, model, v3, { ...context, capabilityStore })
      expect(cpus(asked())).toEqual(['--march=x86-64-v3', '--mcpu=x86-64-v3', '--mcpu=x86-64-v3'])
      expect([...kept.values()].map(({ cpuFlag }) => cpuFlag)).toEqual(['mcpu'])
    })

    test('what fails then is what is said', async () => {
      const { installation, model, context } = await setUp([
        refusal,
        { when: {}, exit: 12, stderr: 'cannot find -lcruntime\n' },
      ])
      const failing = compileWithOnnxMlir(installation, model, v3, context)
      await expect(failing).rejects.toMatchObject({ code: 'ENVIRONMENT_RUNTIME_LIBRARY' })
    })

    test('and one that nothing knows is said to be so', async () => {
      const { installation, model, context, asked } = await setUp([{ ...refusal, when: {} }])
      await expect(compileWithOnnxMlir(installation, model, v3, context)).rejects.toMatchObject({
        code: 'COMPILE_MARCH',
      })
      expect(cpus(asked())).toEqual(['--march=x86-64-v3', '--mcpu=x86-64-v3'])
    })
  })

  test('march=native falls back to the CPU by its name', async () => {
    const refusal: Answer = { when: { march: 'native' }, exit: 9, stderr: "llc: error: invalid target 'znver3'.\n" }
    const { installation, model, context } = await setUp([refusal, { ...makesLibrary, when: { mcpu: 'znver3' } }])
    const result = await compileWithOnnxMlir(installation, model, { ...host, march: 'native' }, context)
    expect(existsSync(result.library)).toBe(true)
  })

  test('warnings become notes, each once', async () => {
    const warning =
      'Warning: ONNX Conv in your model is using Opset 1, which is quite old. Please consider regenerating your model.\n'
    const { installation, model, context } = await setUp([
      { ...makesLibrary, stdout: `${warning}\n${warning}${libraryProgress}` },
    ])
    const { notes } = await compileWithOnnxMlir(installation, model, host, context)
    expect(notes).toEqual([expect.stringContaining('Conv (1)')])
  })
})

describe('on IBM Z', () => {
  const library = { ...makesLibrary, files: { '.so': mlpLibrary({ machine: 22, byteOrder: 'big' }) } }

  test.each(['0.4.2', '0.5.0', 'nnpa-config', 'config-file'] as const)(
    '%s compiles for NNPA, with --march',
    async (generation) => {
      const { installation, model, context, asked } = await setUp([library], textsOf(generation, 's390x-ibm-linux-gnu'))
      const result = await compileWithOnnxMlir(installation, model, z16, context)
      expect(result.nnpa).toBe(true)
      expect(asked()[0]?.args).toEqual(expect.arrayContaining(['--maccel=NNPA', '--march=z16']))
    },
  )

  test('without NNPA in the compiler, the loss is said', async () => {
    const { installation, model, context, asked } = await setUp(
      [library],
      textsOf('config-file without NNPA', 's390x-ibm-linux-gnu'),
    )
    const result = await compileWithOnnxMlir(installation, model, z16, context)
    expect(result.nnpa).toBe(false)
    expect(result.notes).toEqual([expect.stringContaining('without NNPA')])
    expect(asked()[0]?.args).not.toContain('--maccel=NNPA')
    const insisting = compileWithOnnxMlir(installation, model, { ...z16, accel: 'NNPA' }, context)
    await expect(insisting).rejects.toMatchObject({ code: 'ENVIRONMENT_NO_NNPA' })
  })

  test('cross-compiling is refused with the reason, before anything runs', async () => {
    const { installation, model, context, asked } = await setUp()
    await expect(compileWithOnnxMlir(installation, model, z16, context)).rejects.toMatchObject({
      code: 'COMPILE_CROSS',
      message: expect.stringMatching(/byte order.*builder: "ssh:\/\/host"/),
    })
    expect(asked()).toEqual([])
  })
})

describe('placement', () => {
  const rules = [{ nodeType: 'onnx.Relu', nodeName: 'Relu_1', device: 'cpu' as const }]
  const placement = { rules, origin: 'mlp.placement.json' }
  // What comes from the node, whatever it became; and the rule itself, for all forms of the operator.
  const seen = [
    { node_type: '.*', onnx_node_name: '(?:.*-)?Relu_1(?:-.*)?(?:_[0-9]+)?' },
    { node_type: 'onnx.Relu(?:SingleOut|InferenceMode|V[0-9]+)?', onnx_node_name: 'Relu_1' },
  ]
  const flat = { device_placement: seen.map((match) => ({ device: 'cpu', ...match })) }
  const config = { nnpa_ops_config: seen.map((match) => ({ pattern: { match, rewrite: { device: 'cpu' } } })) }

  test.each([
    ['0.5.0', '--nnpa-load-device-placement-file=placement.json', flat],
    ['nnpa-config', '--nnpa-load-config-file=placement.json', flat],
    ['config-file', '--config-file=placement.json', config],
  ] as const)('reaches %s in its own format', async (generation, flag, json) => {
    const answers: Answer[] = [{ when: {}, files: { '.tmp': { text: 'ir' } } }]
    const { installation, model, context, asked } = await setUp(answers, textsOf(generation))
    await reportCompile(installation, model, { ...z16, placement }, context)
    expect(asked()[0]?.args).toContain(flag)
    expect(JSON.parse(asked()[0]?.side['placement.json'] ?? '')).toEqual(json)
  })

  test('for a node that is not there is an error, as it would do nothing', async () => {
    const { installation, model, context } = await setUp()
    const misspelt = { rules: [{ nodeName: 'Relu1', device: 'cpu' as const }, ...rules], origin: 'mlp.placement.json' }
    await expect(reportCompile(installation, model, { ...z16, placement: misspelt }, context)).rejects.toMatchObject({
      code: 'USAGE_PLACEMENT',
      message: expect.stringMatching(/mlp\.placement\.json: no node of .*mlp\.onnx is called "Relu1"\./),
    })
  })

  test('is an error where the build has no way to load one', async () => {
    const { installation, model, context } = await setUp([makesLibrary], textsOf('0.4.0'))
    await expect(reportCompile(installation, model, { ...z16, placement }, context)).rejects.toMatchObject({
      code: 'USAGE_PLACEMENT',
    })
  })
})

describe('a report compile', () => {
  const line = '==NNPA-UNSUPPORTEDOPS-REPORT==, onnx.Mul, Mul_28, Element type is not F16 or F32.'
  const answer: Answer = {
    when: { EmitZHighIR: 'true', maccel: 'NNPA', march: 'z16' },
    stdout: `x\n${line}\n${line}\n`,
    files: { '.tmp': { text: 'zhigh' } },
  }

  test.each([
    ['0.5.0', 'nnpa-save-device-placement-file', 'device-placement', [line]],
    ['nnpa-config', 'nnpa-save-config-file', 'nnpa-config', [line]],
    ['config-file', 'save-config-file', 'config-file', [line]],
  ] as const)(
    '%s gives IR, reasons and placement in one run, on any machine',
    async (generation, save, dialect, lines) => {
      const saved = { ...answer, files: { ...answer.files, [save]: { text: '{}' } } }
      const { installation, model, context, asked } = await setUp([saved], textsOf(generation))
      const report = await reportCompile(installation, model, z16, context)
      expect(report).toMatchObject({ ir: 'zhigh', reportLines: lines, placement: '{}', dialect })
      const flags = ['--preserveLocations', '--do-not-emit-full-mlir-code', '--opt-report=NNPAUnsupportedOps']
      expect(asked()[0]?.args).toEqual(expect.arrayContaining(flags))
    },
  )

  test('0.4.2 has no reasons, and says so', async () => {
    const { installation, model, context, asked } = await setUp([{ ...answer, stdout: '' }], textsOf('0.4.2'))
    const report = await reportCompile(installation, model, z16, context)
    expect(report).toMatchObject({ ir: 'zhigh', reportLines: [], placement: undefined })
    expect(report.notes).toEqual(['this onnx-mlir has no report NNPAUnsupportedOps'])
    expect(asked()[0]?.args.join(' ')).not.toMatch(/opt-report|do-not-emit/)
  })
})

describe('stages', () => {
  test.each([
    ['onnx-basic', 'EmitONNXBasic', '.tmp', '.onnx-basic.mlir'],
    ['onnx-ir', 'EmitONNXIR', '.tmp', '.onnx-ir.mlir'],
    ['mlir', 'EmitMLIR', '.onnx.mlir', '.mlir.mlir'],
    ['llvm-ir', 'EmitLLVMIR', '.onnx.mlir', '.llvm-ir.mlir'],
    ['obj', 'EmitObj', '.o', '.o'],
    ['lib', 'EmitLib', '.so', '.so'],
    ['jni', 'EmitJNI', '.jar', '.jar'],
  ] as const)('%s', async (stage, flag, written, delivered) => {
    const { installation, model, context } = await setUp([
      { when: { [flag]: 'true' }, files: { [written]: { text: 'product' } } },
    ])
    const result = await emitStage(installation, model, stage, 'mlp', host, context)
    expect(readdirSync(context.outDir)).toEqual([`mlp${delivered}`])
    expect(readFileSync(result.path, 'utf8')).toBe('product')
    expect(result.text).toBe(['obj', 'lib', 'jni'].includes(stage) ? undefined : 'product')
  })

  test('zhigh and zlow exist only for the accelerator', async () => {
    const answers: Answer[] = [{ when: { EmitZLowIR: 'true', maccel: 'NNPA' }, files: { '.tmp': { text: 'zlow' } } }]
    const { installation, model, context } = await setUp(answers)
    expect((await emitStage(installation, model, 'zlow', 'mlp', z16, context)).text).toBe('zlow')
    await expect(emitStage(installation, model, 'zlow', 'mlp', host, context)).rejects.toMatchObject({
      code: 'USAGE_STAGE',
    })
  })
})

describe('a compiler that misbehaves', () => {
  let left: string[] = []
  afterEach(() => expect(left).toEqual([]))

  async function failing(answer: Partial<Answer>, limits: object = {}, generation: Generation = 'config-file') {
    const { installation, model, context, staging } = await setUp([{ when: {}, ...answer }], textsOf(generation))
    const error = await compileWithOnnxMlir(installation, model, host, { ...context, ...limits }).then(
      () => new Error('it succeeded'),
      (thrown: Error) => thrown,
    )
    left = [...readdirSync(staging), ...(existsSync(context.outDir) ? readdirSync(context.outDir) : [])]
    return error
  }

  test.each(['SIGSEGV', 'SIGABRT', 'SIGTRAP'] as const)('crashes with %s', async (signal) => {
    expect(await failing({ ending: 'crash', signal })).toMatchObject({
      code: 'COMPILE_CRASHED',
      message: expect.stringMatching(new RegExp(`mlp\\.onnx: onnx-mlir .*crashed \\(${signal}\\).*compiler=builtin`)),
      data: { signal },
    })
  })

  test('hangs', async () => {
    const error = await failing({ ending: 'hang', stdout: libraryProgress.slice(0, 200) }, { timeoutMs: 1500 })
    expect(error).toMatchObject({ code: 'COMPILE_TIMEOUT', message: expect.stringContaining('stopped after 1.5 s') })
  })

  test('takes all memory', async () => {
    const error = await failing({ ending: 'eat memory' }, { memoryBytes: 500 << 20, timeoutMs: 60_000 })
    expect(error).toMatchObject({ code: 'COMPILE_MEMORY', message: expect.stringContaining('more than 500 MiB') })
  })

  test('is aborted', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 1000)
    expect(await failing({ ending: 'hang' }, { signal: controller.signal })).toMatchObject({ message: 'enough' })
  })

  test('writes nothing', async () => {
    expect(await failing({ stdout: libraryProgress })).toMatchObject({ code: 'COMPILE_NO_OUTPUT' })
  })

  test('writes an empty file', async () => {
    expect(await failing({ files: { '.so': { text: '' } } })).toMatchObject({ code: 'COMPILE_NO_OUTPUT' })
  })

  test('writes half a library', async () => {
    const half = Buffer.from(mlpLibrary().base64, 'base64').subarray(0, -40).toString('base64')
    expect(await failing({ files: { '.so': { base64: half } } })).toMatchObject({ code: 'COMPILE_BAD_LIBRARY' })
  })

  test('writes a library for another machine', async () => {
    expect(await failing({ files: { '.so': mlpLibrary({ machine: 22, byteOrder: 'big' }) } })).toMatchObject({
      code: 'COMPILE_BAD_LIBRARY',
      message: expect.stringContaining('for s390x'),
    })
  })

  test('writes a signature that is no JSON', async () => {
    const symbols = {
      _entry_point_0: 'run_main_graph',
      _entry_point_0_in_sig: '[ { nonsense',
      _entry_point_0_out_sig: '',
    }
    expect(await failing({ files: { '.so': mlpLibrary({ symbols }) } })).toMatchObject({ code: 'COMPILE_SIGNATURE' })
  })

  test('makes a library with another signature', async () => {
    const { entryPointSymbols, signatureText } = await import('./elf-builder.ts')
    const symbols = entryPointSymbols(
      signatureText([['"f64"', [-1, 32], 'x']]),
      signatureText([['"f32"', [-1, 4], 'y']]),
    )
    expect(await failing({ files: { '.so': mlpLibrary({ symbols }) } })).toMatchObject({
      code: 'COMPILE_SIGNATURE',
      message: expect.stringContaining('input "x": float32 in the model, float64 in the library'),
    })
  })

  test('knows an operator only as Custom: its first stage says which that is', async () => {
    const stderr = 'Implementation of shape helper for op onnx.Customis not currently available'
    const text = '    %0 = "onnx.Custom"(%arg0) <{function_name = "Relu"}> : (tensor<?x32xf32>) -> tensor<*xf32>\n'
    const answers: Answer[] = [
      { when: { EmitONNXBasic: 'true' }, files: { '.tmp': { text } } },
      { when: {}, exit: 14, stderr },
    ]
    const { installation, model, context, staging } = await setUp(answers)
    await expect(compileWithOnnxMlir(installation, model, host, context)).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      data: { node: 'Relu_1', op: 'Relu' },
    })
    expect(readdirSync(staging)).toEqual([])
    // Nor is a first stage that fails an error of its own.
    const mute = await setUp(answers.slice(1))
    await expect(compileWithOnnxMlir(mute.installation, mute.model, host, mute.context)).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      data: { op: 'Custom' },
    })
  })

  test('finds no linker', async () => {
    expect(await failing({ exit: 16, stderr: 'sh: 1: clang++: not found\n' })).toMatchObject({
      code: 'ENVIRONMENT_LINKER',
    })
  })

  test('finds the disk full', async () => {
    const stderr = 'LLVM ERROR: IO failure on output stream: No space left on device\n'
    expect(await failing({ exit: 14, stderr })).toMatchObject({ code: 'ENVIRONMENT_DISK' })
  })

  test('keeps its staging folder where asked, and says where', async () => {
    const { installation, model, context, staging } = await setUp([{ when: {}, exit: 14 }])
    const kept = compileWithOnnxMlir(installation, model, host, { ...context, keepTemp: true })
    await expect(kept).rejects.toMatchObject({
      message: expect.stringContaining(`The staging folder was kept: ${staging}`),
    })
    expect(readdirSync(join(staging, readdirSync(staging)[0] ?? '', 'work', 'model'))).toEqual(['model.onnx'])
  })

  test('means different things by one exit code', async () => {
    expect(await failing({ exit: 13 }, {}, '0.5.0')).toMatchObject({ data: { exitName: 'CompilerFailure' } })
    expect(await failing({ exit: 13 }, {}, 'config-file')).toMatchObject({
      data: { exitName: 'InvalidCompilerOptions' },
    })
    expect(await failing({ exit: 14 }, {}, 'config-file')).toMatchObject({ data: { exitName: 'CompilerFailure' } })
    expect(await failing({ exit: 77 }, {}, 'config-file')).toMatchObject({
      code: 'COMPILE_FAILED',
      message: expect.stringContaining('exit code 77'),
    })
  })
})

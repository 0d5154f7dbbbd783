import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { modelBytes } from '../../src/onnx/build.ts'
import {
  type Answer,
  installStandIn,
  mlpSource,
  type StandIn,
  textsOf,
  workshop,
  writeModel,
} from '../onnx-mlir/installed.ts'
import { haveRecordings, recording } from '../onnx-mlir/recordings.ts'
import { recordedTexts, replay } from '../onnx-mlir/replay.ts'
import { cli, cliJson, fileWith, temporaryFolder } from './cli.ts'
import { addModel } from './models.ts'

const { fresh, remove } = workshop('cli-stages-test')
afterAll(remove)

beforeEach(() => {
  vi.stubEnv('ONNX_MLIR_IMAGE', undefined)
})
afterEach(() => vi.unstubAllEnvs())

/** Makes a stand-in the onnx-mlir that is found. @returns the path of the mlp model */
async function setUp(
  answers: readonly Answer[],
  texts = textsOf('config-file'),
): Promise<{ model: string; standIn: StandIn }> {
  const folder = fresh()
  const standIn = installStandIn(folder, answers, texts)
  vi.stubEnv('ONNX_MLIR_HOME', folder)
  return { model: (await writeModel(folder)).path, standIn }
}

const gives = (flag: string, text: string): Answer => ({
  when: { [flag]: 'true' },
  stdout: '[1/3] Tue Mar 10 12:00:00 2026 (0s) Importing\n',
  files: { '.tmp': { text } },
})

/** Few operations, each stage with others. */
const smallStages = [
  gives('EmitONNXBasic', 'module {\n  %0 = "onnx.Gemm"(%a) : () -> ()\n  onnx.Return %0\n}\n'),
  gives('EmitONNXIR', 'module {\n  %0 = "onnx.Gemm"(%a) : () -> ()\n  return %0\n}\n'),
  gives('EmitZHighIR', 'module {\n  %0 = "zhigh.MatMul"(%a) : () -> ()\n  return %0\n}\n'),
  gives('EmitZLowIR', 'module {\n  "zlow.matmul"(%a) : () -> ()\n  return\n}\n'),
  gives('EmitMLIR', 'module {\n  affine.for %i = 0 to 4 {\n    %1 = affine.load %a[%i]\n  }\n  return\n}\n'),
  gives('EmitLLVMIR', 'module {\n  llvm.func @f() {\n    llvm.return\n  }\n}\n'),
]

const failsAt = (flag: string): Answer => ({
  when: { [flag]: 'true' },
  exit: 14,
  stderr: 'loc("Gemm_0"): error: failed to legalize operation \'onnx.Gemm\'\n',
})

describe('--stages', () => {
  test('counts operations from the model’s own nodes to LLVM IR', async () => {
    const { model, standIn } = await setUp(smallStages)
    const { code, json, out, err } = await cliJson('inspect', model, '--stages', '--target', 'x86-64')
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(json).toMatchObject({ target: 'x86-64', compiler: 'onnx-mlir', notes: [] })
    expect(json.stages).toEqual([
      {
        stage: 'onnx',
        operations: 4,
        dialects: { onnx: 4 },
        operators: { 'onnx.Gemm': 2, 'onnx.Relu': 1, 'onnx.Softmax': 1 },
      },
      {
        stage: 'onnx-basic',
        operations: 3,
        dialects: { onnx: 2, builtin: 1 },
        operators: { 'builtin.module': 1, 'onnx.Gemm': 1, 'onnx.Return': 1 },
      },
      {
        stage: 'onnx-ir',
        operations: 3,
        dialects: { builtin: 1, onnx: 1, func: 1 },
        operators: { 'builtin.module': 1, 'onnx.Gemm': 1, 'func.return': 1 },
      },
      {
        stage: 'mlir',
        operations: 4,
        dialects: { affine: 2, builtin: 1, func: 1 },
        operators: { 'builtin.module': 1, 'affine.for': 1, 'affine.load': 1, 'func.return': 1 },
      },
      {
        stage: 'llvm-ir',
        operations: 3,
        dialects: { llvm: 2, builtin: 1 },
        operators: { 'builtin.module': 1, 'llvm.func': 1, 'llvm.return': 1 },
      },
    ])
    expect(standIn.asked()).toHaveLength(4)
    const rows = out.split('\n').map((line) => line.trim().split(/ +/))
    expect(rows).toContainEqual(['onnx', 'onnx-basic', 'onnx-ir', 'mlir', 'llvm-ir'])
    expect(rows).toContainEqual(['operations', '4', '3', '3', '4', '3'])
    expect(rows).toContainEqual(['affine', '-', '-', '-', '2', '-'])
    expect(rows).toContainEqual(['onnx.Gemm', '2', '1', '1', '-', '-'])
    expect(rows).toContainEqual(['llvm.func', '-', '-', '-', '-', '1'])
  })

  test('z16 has those of NNPA, in the order in which they are made, if the compiler knows them', async () => {
    const stagesOf = async (texts: ReturnType<typeof textsOf>): Promise<string[]> => {
      const { model } = await setUp(smallStages, texts)
      const { json } = await cliJson('inspect', model, '--stages', '-t', 'z16')
      return json.stages.map(({ stage }: { stage: string }) => stage)
    }
    const all = ['onnx', 'onnx-basic', 'onnx-ir', 'zhigh', 'zlow', 'mlir', 'llvm-ir']
    expect(await stagesOf(textsOf('config-file'))).toEqual(all)
    const without = await stagesOf(textsOf('config-file without NNPA'))
    expect(without).toEqual(all.filter((stage) => !stage.startsWith('z')))
  })

  test('directives of the path and sizes reach the compiler', async () => {
    const { model, standIn } = await setUp(smallStages)
    const { code } = await cli('inspect', `${model}?target=z16&O=1`, '--stages', '--dims', 'batch=4')
    expect(code).toBe(0)
    for (const { args } of standIn.asked()) {
      expect(args).toEqual(expect.arrayContaining(['-O1', '--march=z16', '--maccel=NNPA']))
      expect(args.join(' ')).toMatch(/--shapeInformation=0:4x32/)
    }
  })

  test('--out keeps the texts', async () => {
    const { model } = await setUp(smallStages)
    const out = await temporaryFolder()
    const { json } = await cliJson('inspect', model, '--stages', '-t', 'x86-64', '--out', out)
    expect((await readdir(out)).sort()).toEqual([
      'mlp.llvm-ir.mlir',
      'mlp.mlir.mlir',
      'mlp.onnx-basic.mlir',
      'mlp.onnx-ir.mlir',
    ])
    const { path } = json.stages.find(({ stage }: { stage: string }) => stage === 'mlir')
    expect(await readFile(path, 'utf8')).toContain('affine.for')
  })

  test('a stage that fails is told, with those that worked', async () => {
    const answers = smallStages.filter(({ when }) => !('EmitMLIR' in when) && !('EmitLLVMIR' in when))
    const { model } = await setUp([...answers, failsAt('EmitMLIR'), failsAt('EmitLLVMIR')])
    const { code, json, out } = await cliJson('inspect', model, '--stages', '-t', 'x86-64')
    expect(code).toBe(1)
    expect(json.stages.map(({ stage }: { stage: string }) => stage)).toEqual([
      'onnx',
      'onnx-basic',
      'onnx-ir',
      'mlir',
      'llvm-ir',
    ])
    expect(json.stages[3]).toEqual({ stage: 'mlir', error: expect.stringContaining('Gemm') })
    expect(out).toMatch(/operations +4 +3 +3\n/)
    // Said once, though two stages end in it.
    expect(out).toMatch(/failed: mlir, llvm-ir\n.*Gemm/)
    expect(out.match(/onnx-mlir \(.*failed/g)).toHaveLength(1)
  })

  test('one failure in the middle does not hide what comes after it', async () => {
    const answers = smallStages.filter(({ when }) => !('EmitZLowIR' in when))
    const { model } = await setUp([...answers, failsAt('EmitZLowIR')])
    const { code, json } = await cliJson('inspect', model, '--stages', '-t', 'z17')
    expect(code).toBe(1)
    expect(json.stages.at(-1)).toMatchObject({ stage: 'zlow', error: expect.stringContaining('Gemm') })
    expect(json.stages.at(-2)).toMatchObject({ stage: 'llvm-ir', operations: 3 })
  })

  test('after a compile that was stopped, no later stage is tried', async () => {
    const answers = smallStages.filter(({ when }) => !('EmitMLIR' in when))
    const killed: Answer = { when: { EmitMLIR: 'true' }, ending: 'crash', signal: 'SIGKILL' }
    const { model, standIn } = await setUp([...answers, killed])
    const { code, json } = await cliJson('inspect', model, '--stages', '-t', 'x86-64')
    expect(code).toBe(1)
    expect(json.stages.at(-1)).toMatchObject({ stage: 'mlir', error: expect.stringContaining('memory') })
    expect(standIn.asked()).toHaveLength(3)
  })

  test('a model that names its domain as objects name their members', async () => {
    const bytes = modelBytes({
      ...mlpSource,
      opsets: { '': 17, constructor: 1 },
      nodes: [{ op: 'toString', domain: 'constructor', name: 'n', inputs: ['x'], outputs: ['y'] }],
    })
    await setUp(smallStages)
    const { json, out } = await cliJson('inspect', await fileWith('m.onnx', bytes), '--stages', '-t', 'x86-64')
    expect(json.stages[0].operators).toEqual({ 'constructor.toString': 1 })
    expect(out).toMatch(/constructor +1 +- +- +- +-\n/)
    expect(out).not.toContain('native code')
  })
})

describe('--stage', () => {
  test('prints the text and nothing else', async () => {
    const { model, standIn } = await setUp(smallStages)
    const { code, out, err } = await cli('inspect', model, '--stage', 'mlir', '-t', 'x86-64')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toBe(smallStages[4]?.files?.['.tmp']?.text)
    expect(standIn.asked()).toHaveLength(1)
    // Beside --stages it means the same.
    expect((await cli('inspect', model, '--stages', '--stage', 'mlir', '-t', 'x86-64')).out).toBe(out)
  })

  test('JSON has text and counts, and with --out the path', async () => {
    const { model } = await setUp(smallStages)
    const out = await temporaryFolder()
    const { json } = await cliJson('inspect', model, '--stage', 'zhigh', '-t', 'z16', '--out', out)
    expect(json).toMatchObject({
      stage: 'zhigh',
      target: 'z16',
      compiler: 'onnx-mlir',
      path: join(out, 'mlp.zhigh.mlir'),
      operations: 3,
      dialects: { zhigh: 1 },
    })
    expect(await readFile(json.path, 'utf8')).toBe(json.text)
    const { out: printed } = await cli('inspect', model, '--stage', 'zhigh', '-t', 'z16', '--json', '-')
    expect(JSON.parse(printed)).not.toHaveProperty('path')
  })

  test('a failure is the error', async () => {
    const { model } = await setUp([failsAt('EmitMLIR')])
    const { code, out, err } = await cli('inspect', model, '--stage', 'mlir', '-t', 'x86-64')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/mlp\.onnx: onnx-mlir .* failed.*Gemm/)
  })

  test('of NNPA, from a compiler without', async () => {
    const { model } = await setUp(smallStages, textsOf('config-file without NNPA'))
    const { code, err } = await cli('inspect', model, '--stage', 'zlow', '-t', 'z16')
    expect(code).toBe(2)
    expect(err).toMatch(/no zlow for z16 .*an onnx-mlir with NNPA/)
  })
})

test.each([
  [
    'an unknown stage',
    ['--stage', 'mlri'],
    /there is no stage "mlri"\. Did you mean "mlir"\? There are onnx-basic, onnx-ir/,
  ],
  ['a stage that is no text', ['--stage', 'obj'], /obj is no text; write it with compile --emit obj/],
  [
    'a stage of NNPA for another machine',
    ['--stage', 'zhigh', '-t', 'x86-64'],
    /no zhigh for x86-64: only z16 and z17/,
  ],
  ['a machine that onnx-mlir has no code for', ['--stages', '-t', 'wasm'], /onnx-mlir makes no WebAssembly/],
  ['an unknown dimension', ['--stages', '--dims', 'bach=2'], /no symbolic dimension "bach".*Did you mean "batch"\?/],
  ['an unknown target', ['--stages', '-t', 'z61'], /Unknown target "z61".*Did you mean/],
  ['a folder without stages', ['--out', 'x'], /--out is for --stages and --stage/],
])('%s is wrong usage', async (_, args, message) => {
  const { standIn } = await setUp(smallStages)
  const { code, out, err } = await cli('inspect', await fileWith('add.onnx', addModel()), ...args)
  expect(err).toMatch(message)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(standIn.asked()).toEqual([])
})

test('without an onnx-mlir, the error says how to get one', async () => {
  vi.stubEnv('ONNX_MLIR_HOME', undefined)
  vi.stubEnv('PATH', '')
  const { code, err } = await cli('inspect', await fileWith('add.onnx', addModel()), '--stages')
  expect(code).toBe(1)
  expect(err).toMatch(/No onnx-mlir was found.*set ONNX_MLIR_HOME/s)
})

test('a model that is not there', async () => {
  const { code, err } = await cli('inspect', '/nowhere/m.onnx', '--stages')
  expect(code).toBe(1)
  expect(err).toContain('does not exist')
})

describe.runIf(haveRecordings)('a real onnx-mlir, replayed', () => {
  const llvm = gives('EmitLLVMIR', 'module {\n  llvm.func @f() {\n    llvm.return\n  }\n}\n')

  test('counts are those of its texts', async () => {
    const recorded = ['mlp.EmitONNXBasic', 'mlp.EmitONNXIR', 'mlp.EmitMLIR'].map((name) => replay(name))
    // Of LLVM IR, no text was recorded.
    const { model } = await setUp([...recorded, llvm], recordedTexts())
    const { code, json } = await cliJson('inspect', model, '--stages', '-t', 'x86-64')
    expect(code).toBe(0)
    expect(json.stages.map(({ operations }: { operations: number }) => operations).slice(0, 4)).toEqual([
      4, 12, 12, 809,
    ])
    expect(json.stages[3].dialects).toMatchObject({ arith: 351, affine: 289 })
    expect(json.stages[3].operators).toMatchObject({ 'affine.for': 40, 'vector.fma': 17 })
  })

  test('the text of ZHigh IR', async () => {
    const { model } = await setUp([replay('mlp.nnpa-z16')], recordedTexts())
    const { out } = await cli('inspect', model, '--stage', 'zhigh', '-t', 'z16')
    expect(out).toBe(readFileSync(join(recording('mlp.nnpa-z16').folder, 'model.tmp'), 'utf8'))
  })
})

describe.runIf(haveRecordings)('compile --emit', () => {
  test.each([
    ['onnx-basic', 'x86-64', 'mlp.EmitONNXBasic', 'mlp.onnx-basic.mlir'],
    ['onnx-ir', 'x86-64', 'mlp.EmitONNXIR', 'mlp.onnx-ir.mlir'],
    ['zhigh', 'z16', 'mlp.nnpa-z16', 'mlp.zhigh.mlir'],
    ['mlir', 'x86-64', 'mlp.EmitMLIR', 'mlp.mlir.mlir'],
    ['obj', 'x86-64', 'mlp.EmitObj', 'mlp.o'],
    ['lib', 'x86-64', 'mlp.EmitLib', 'mlp.so'],
  ])('%s for %s', async (stage, target, name, file) => {
    const { model } = await setUp([replay(name)], recordedTexts())
    const out = await temporaryFolder()
    const { code, json, err } = await cliJson(
      'compile',
      model,
      '--emit',
      stage,
      '-c',
      'onnx-mlir',
      '-t',
      target,
      '--out',
      out,
    )
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(json).toEqual({ path: join(out, file), stage, target, compiler: 'onnx-mlir', notes: [] })
    expect(await readdir(out)).toEqual([file])
    const recorded = join(recording(name).folder, 'model.tmp')
    if (existsSync(recorded)) expect(await readFile(json.path, 'utf8')).toBe(readFileSync(recorded, 'utf8'))
  })

  test.each([
    ['zlow', 'EmitZLowIR', 'z17', '.tmp', 'mlp.zlow.mlir'],
    ['llvm-ir', 'EmitLLVMIR', 'x86-64', '.tmp', 'mlp.llvm-ir.mlir'],
    ['jni', 'EmitJNI', 'x86-64', '.jar', 'mlp.jar'],
  ])('%s, of which nothing was recorded', async (stage, flag, target, ending, file) => {
    const answer: Answer = { when: { [flag]: 'true' }, files: { [ending]: { text: 'content' } } }
    const { model, standIn } = await setUp([answer], recordedTexts())
    const out = await temporaryFolder()
    const { code, json } = await cliJson('compile', model, '--emit', stage, '-t', target, '--out', out)
    expect(code).toBe(0)
    expect(await readFile(json.path, 'utf8')).toBe('content')
    expect(await readdir(out)).toEqual([file])
    // With this flag it writes no LLVM IR at all.
    expect(standIn.asked()[0]?.args.includes('--do-not-emit-full-mlir-code')).toBe(stage === 'zlow')
  })
})

test.each([
  ['zhigh', 'x86-64'],
  ['zlow', 'z15'],
])('compile --emit %s for %s is wrong usage, whether there is an onnx-mlir or not', async (stage, target) => {
  vi.stubEnv('ONNX_MLIR_HOME', undefined)
  vi.stubEnv('PATH', '')
  const out = await temporaryFolder()
  const { code, err } = await cli(
    'compile',
    await fileWith('add.onnx', addModel()),
    '--emit',
    stage,
    '-t',
    target,
    '-o',
    out,
  )
  expect(code).toBe(2)
  expect(err).toContain(`compile: there is no ${stage} for ${target}: only z16 and z17 have NNPA`)
  expect(await readdir(out)).toEqual([])
})

test('compile --emit suggests the stage that was meant', async () => {
  const { code, err } = await cli('compile', await fileWith('add.onnx', addModel()), '--emit', 'llvm-it')
  expect(code).toBe(2)
  expect(err).toContain('Did you mean "llvm-ir"?')
})

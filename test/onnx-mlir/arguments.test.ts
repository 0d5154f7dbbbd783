import { describe, expect, test } from 'vitest'
import { buildArguments } from '../../src/onnx-mlir/arguments.ts'
import { parseCapabilities } from '../../src/onnx-mlir/capabilities.ts'
import type { OnnxMlirOptions, Stage } from '../../src/onnx-mlir/options.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { OnnxDim } from '../../src/onnx/model.ts'
import { type Generation, helpText, versionText } from './generations.ts'
import { target } from './installed.ts'

function modelWith(inputs: Readonly<Record<string, readonly OnnxDim[] | undefined>>) {
  const [first = 'x'] = Object.keys(inputs)
  const types = Object.fromEntries(Object.entries(inputs).map(([name, dims]) => [name, tensorType('float32', dims)]))
  return decodeModel(
    modelBytes({
      opsets: { '': 17 },
      inputs: types,
      outputs: { result: tensorType('float32') },
      nodes: [{ op: 'Relu', inputs: [first], outputs: ['result'] }],
    }),
    { path: 'm.onnx' },
  )
}

const twoInputs = modelWith({ ids: ['batch', 'seq'], mask: ['batch', 'seq', 3], scale: [] })
const z = 's390x-ibm-linux-gnu'

interface Case {
  readonly generation?: Generation
  readonly triple?: string
  readonly stage?: Stage
  readonly model?: ReturnType<typeof modelWith>
  readonly cpuFlag?: 'march' | 'mcpu'
}

function build(options: Partial<OnnxMlirOptions> = {}, given: Case = {}) {
  const { generation = 'config-file', triple, stage = 'lib', model = twoInputs, cpuFlag } = given
  const capabilities = parseCapabilities(helpText(generation), versionText(triple))
  const names = { model: 'model.onnx', output: 'out', placement: 'p.json', savedPlacement: 's.json' }
  return buildArguments(capabilities, model, { target: target('x86-64'), ...options }, stage, names, cpuFlag)
}

const args = (options: Partial<OnnxMlirOptions> = {}, given: Case = {}) => build(options, given).args
const value = (flag: string, options: Partial<OnnxMlirOptions>, given: Case = {}) =>
  args(options, given)
    .find((arg) => arg.startsWith(`--${flag}=`))
    ?.slice(flag.length + 3)

describe('every compile', () => {
  test('ends with its output and its model, and says what defaults would leave open', () => {
    expect(args()).toEqual([
      '-O3',
      '--EmitLib',
      '--tag=out',
      '--verifyInputTensors=true',
      '--store-constants-to-file=true',
      '--dimParams=0:0=batch,1=seq|1:0=batch,1=seq',
      '-o',
      'out',
      'model.onnx',
    ])
  })

  test('has only flags that its generation knows', () => {
    expect(args({}, { generation: '0.4.0' })).toEqual([
      '-O3',
      '--EmitLib',
      '--verifyInputTensors=true',
      '-o',
      'out',
      'model.onnx',
    ])
  })

  test.each([
    ['optimize', { optimize: 1 }, '-O1'],
    ['verifyInputs', { verifyInputs: false }, '--verifyInputTensors=false'],
    ['constants embedded', { constants: 'embed' }, '--store-constants-to-file=false'],
    ['parallel', { parallel: true }, '--parallel'],
    ['parallel operators', { parallel: ['onnx.MatMul', 'onnx.Add'] }, '--parallelize-ops=onnx.MatMul,onnx.Add'],
    ['profile', { instrument: { profile: 'onnx' } }, '--profile-ir=Onnx'],
    ['traced signatures', { instrument: { signatures: 'onnx.Conv' } }, '--instrument-signature=onnx.Conv'],
    ['traced nodes', { instrument: { nodes: 'Conv_3' } }, '--instrument-onnx-node=Conv_3'],
    ['optimisation report', { optReport: 'Simd' }, '--opt-report=Simd'],
    ['operator statistics', { opStats: true }, '--onnx-op-stats=JSON'],
    ['fast math', { fastMath: true }, '--enable-fast-math'],
    ['model size', { modelSize: 'large' }, '--modelSize=large'],
    ['jobs', { jobs: 2 }, '-j'],
    ['extra flags', { extra: ['--disable-simd', '--repeatOnnxTransform=2'] }, '--repeatOnnxTransform=2'],
  ] as const)('can have %s', (_, options, flag) => {
    expect(args(options)).toContain(flag)
  })

  test('of text has locations only where asked', () => {
    expect(args({ locations: true }, { stage: 'onnx-ir' })).toContain('--preserveLocations')
    expect(args({}, { stage: 'onnx-ir' })).not.toContain('--preserveLocations')
    expect(args({}, { stage: 'llvm-ir' })).not.toContain('--do-not-emit-full-mlir-code')
  })
})

describe('the CPU', () => {
  test.each([
    ['x86-64', undefined],
    ['x86-64-v3', '--march=x86-64-v3'],
  ])('of %s', (name, flag) => {
    expect(args({ target: target(name) }).find((arg) => arg.startsWith('--march'))).toBe(flag)
  })

  test('of z is always named, with the accelerator and without', () => {
    for (const name of ['z14', 'z15', 'z16', 'z17']) {
      const list = args({ target: target(name) }, { triple: z })
      expect(list).toContain(`--march=${name}`)
      expect(list.includes('--maccel=NNPA')).toBe(name === 'z16' || name === 'z17')
      expect(args({ target: target(name), accel: 'none' }, { triple: z })).not.toContain('--maccel=NNPA')
    }
  })

  test('can be named by the old flag', () => {
    expect(args({ march: 'znver3' }, { cpuFlag: 'mcpu' })).toContain('--mcpu=znver3')
  })

  test.each(['', '-O0', 'z16 --x', 'a=b', 'x'.repeat(70)])('is not %j', (march) => {
    expect(() => build({ march })).toThrow(expect.objectContaining({ code: 'USAGE_MARCH' }))
  })

  test.each([
    ['z16', undefined, /byte order.*ssh:\/\/host/],
    ['arm64', undefined, /compiler=builtin/],
    ['x86-64', z, /compiler=builtin/],
    ['z16', '', /an unknown machine/],
  ])('%s is refused to a compiler for %s', (name, triple, message) => {
    const attempt = () => build({ target: target(name) }, { triple: triple ?? 'x86_64-pc-linux-gnu' })
    expect(attempt).toThrow(expect.objectContaining({ code: 'COMPILE_CROSS', message: expect.stringMatching(message) }))
  })

  test('z17 is refused to builds before 0.5.0', () => {
    expect(() => build({ target: target('z17') }, { triple: z, generation: '0.4.2' })).toThrow(/too old for z17/)
  })

  test('of another machine is fine for text', () => {
    for (const stage of ['onnx-ir', 'zhigh', 'zlow', 'mlir', 'llvm-ir'] as const) {
      expect(args({ target: target('z16') }, { stage })).toEqual(
        expect.arrayContaining(['--march=z16', '--maccel=NNPA']),
      )
    }
  })

  test('without NNPA can’t be asked for it', () => {
    expect(() => build({ accel: 'NNPA' })).toThrow(expect.objectContaining({ code: 'USAGE_ACCEL' }))
    expect(() => build({ target: target('z15'), accel: 'NNPA' }, { triple: z })).toThrow(/only z16 and z17/)
  })
})

describe('NNPA options', () => {
  const z17 = { target: target('z17') }
  const placed = { ...z17, placement: { rules: [], origin: 'p' } }

  test.each([
    ['0.5.0', '--nnpa-load-device-placement-file=p.json', '--nnpa-save-device-placement-file=s.json'],
    ['nnpa-config', '--nnpa-load-config-file=p.json', '--nnpa-save-config-file=s.json'],
    ['config-file', '--config-file=p.json', '--save-config-file=s.json'],
  ] as const)('%s loads and saves placements', (generation, load, save) => {
    expect(args(placed, { triple: z, generation })).toEqual(expect.arrayContaining([load, save]))
  })

  test('heuristic and quantisation', () => {
    expect(args({ ...z17, placementHeuristic: 'FasterOps', quantize: true }, { triple: z })).toEqual(
      expect.arrayContaining(['--nnpa-placement-heuristic=FasterOps', '--nnpa-quant-dynamic']),
    )
    expect(value('nnpa-quant-dynamic', { ...z17, quantize: ['symWeight', 'asymActivation'] }, { triple: z })).toBe(
      'symWeight,asymActivation',
    )
  })

  test('are left out on the CPU, and that is said', () => {
    const { args: list, notes } = build({ ...placed, accel: 'none', quantize: true }, { triple: z })
    expect(list.join(' ')).not.toMatch(/nnpa|config-file/)
    expect(notes).toEqual([expect.stringContaining('left out')])
  })
})

describe('shapes', () => {
  test('are fixed by symbol or by input', () => {
    expect(value('shapeInformation', { dims: { batch: 8 } })).toBe('0:8x-1,1:8x-1x3')
    expect(value('dimParams', { dims: { batch: 8 } })).toBe('0:1=seq|1:1=seq')
    expect(value('shapeInformation', { dims: { batch: 8, seq: 128 } })).toBe('0:8x128,1:8x128x3')
    expect(value('dimParams', { dims: { batch: 8, seq: 128 } })).toBeUndefined()
    expect(value('shapeInformation', { shapes: { mask: [-1, 5, 3] } })).toBe('1:-1x5x3')
  })

  test('have bounds', () => {
    const options = { bounds: { seq: { min: 2, max: 512 }, batch: { max: 64 } } }
    expect(value('shapeInformationLB', options)).toBe('0:-1x2,1:-1x2x-1')
    expect(value('shapeInformationUB', options)).toBe('0:64x512,1:64x512x-1')
    expect(() => build(options, { generation: '0.5.0' })).toThrow(/no --shapeInformationLB/)
  })

  test('dimension equalities can be left out', () => {
    expect(value('dimParams', { dimParams: false })).toBeUndefined()
  })

  test('a model’s names never become syntax', () => {
    const model = modelWith({ x: ['dim_1_', 'a|1:0=b', 'seq,1', '--help'], y: ['seq,1', undefined, 'dim_0_', 4] })
    expect(value('dimParams', {}, { model })).toBe('0:0=dim_1_,1=dim_0_,2=dim_2_,3=dim_3_|1:0=dim_2_,2=dim_4_')
  })

  test('an input of unknown rank has none', () => {
    expect(value('dimParams', {}, { model: modelWith({ x: undefined, y: ['n'] }) })).toBe('1:0=n')
  })

  test.each([
    [{ dims: { bach: 8 } }, /no symbolic dimension "bach": it has "batch", "seq"/],
    [{ bounds: { width: { max: 1 } } }, /no symbolic dimension "width"/],
    [{ dims: { batch: 0 } }, /positive whole number, not 0/],
    [{ dims: { batch: 1.5 } }, /positive whole number/],
    [{ bounds: { seq: { max: -1 } } }, /positive whole number, not -1/],
    [{ shapes: { image: [1] } }, /no input "image": it has "ids", "mask", "scale"/],
    [{ shapes: { mask: [1, 2] } }, /\[1, 2\] doesn’t fit input "mask", which is \[batch, seq, 3\]/],
    [{ shapes: { mask: [1, 2, 4] } }, /doesn’t fit input "mask"/],
    [{ shapes: { ids: [-2, 1] } }, /doesn’t fit input "ids"/],
  ])('%j is refused', (options, message) => {
    expect(() => build(options)).toThrow(
      expect.objectContaining({ code: 'USAGE_DIMS', message: expect.stringMatching(message) }),
    )
  })
})

describe('extra flags', () => {
  test.each([
    ['model.onnx', /is no flag/],
    ['--disable-simd --help', /is no flag/],
    ['-', /is no flag/],
    ['', /is no flag/],
    ['--EmitObj', /can’t be an extra flag/],
    ['-o=/etc/passwd', /can’t be an extra flag/],
    ['--mtriple=s390x-ibm-loz', /can’t be an extra flag/],
    ['--config-file=x', /can’t be an extra flag/],
    ['--customEnvFlags=PATH', /can’t be an extra flag/],
    ['--disablesimd', /has no --disablesimd\. Did you mean --disable-simd\?/],
    ['--no-such-flag', /See onnx-mlir --help/],
  ])('%j is refused', (flag, message) => {
    expect(() => build({ extra: [flag] })).toThrow(
      expect.objectContaining({ code: 'USAGE_FLAG', message: expect.stringMatching(message) }),
    )
  })

  test('an option that this build can’t follow is refused', () => {
    expect(() => build({ fastMath: true }, { generation: '0.4.2' })).toThrow(/has no --enable-fast-math/)
    expect(() => build({ constants: 'file' }, { generation: '0.4.0' })).toThrow(/has no --store-constants-to-file/)
    expect(value('instrument-onnx-signature', { instrument: { signatures: 'x' } }, { generation: '0.4.2' })).toBe('x')
  })
})

import { describe, expect, test } from 'vitest'
import { isAccelerated, parseFinalIr } from '../../src/report/compiler/final-ir.ts'
import { nodeFinder } from '../../src/report/compiler/names.ts'
import { parseUnsupportedLine } from '../../src/report/compiler/unsupported.ts'
import type { CompilerSources } from '../../src/report/compiler/verdicts.ts'
import { withNodeNames } from '../../src/report/node-names.ts'
import { createReport } from '../../src/report/report.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { filled, modelOf } from './build.ts'

/** Final IR as the driver writes it: an operation per line, locations at the end. */
function ir(
  operations: readonly [op: string, location: string][],
  aliases: Readonly<Record<string, string>> = {},
): string {
  return [
    'module attributes {"onnx-mlir.accels" = ["NNPA-0x10001"]} {',
    '  func.func @main_graph(%arg0: tensor<4xf32> loc(unknown)) -> (tensor<4xf32> {onnx.name = "y"}) {',
    ...operations.map(
      ([op, location], i) =>
        `    %${i} = "${op}"(%arg0) <{a = "loc(x)"}> : (tensor<4xf32>) -> tensor<4xf32> loc(${location})`,
    ),
    '    return %0 : tensor<4xf32> loc(#loc)',
    '  } loc(#loc)',
    '} loc(#loc)',
    ...Object.entries(aliases).map(([alias, location]) => `${alias} = loc(${location})`),
  ].join('\n')
}

const compiler = { name: 'onnx-mlir', version: '0.5.1' }

function sources(
  text: string,
  reportLines: readonly string[] = [],
  placement?: string,
): CompilerSources & { compiler: typeof compiler } {
  return { ir: text, reportLines, placement, compiler }
}

describe('final IR', () => {
  test('locations: names, aliases, fused ones, escapes', () => {
    const text = ir(
      [
        ['zhigh.Stick', '#loc1'],
        ['zhigh.MatMul', '#loc3'],
        ['onnx.Add', '"a \\"b\\" \\5C\\C3\\A9"'],
        ['onnx.Constant', '#loc1'],
        ['onnx.Relu', '#loc9'],
        ['zhigh.Relu', 'fused["x", #loc2]'],
      ],
      { '#loc1': '"Gemm_0"', '#loc2': '"Add_1"', '#loc3': 'fused[#loc2, #loc1]' },
    )
    expect(parseFinalIr(text)).toEqual([
      { op: 'zhigh.Stick', names: ['Gemm_0'] },
      { op: 'zhigh.MatMul', names: ['Add_1', 'Gemm_0'] },
      { op: 'onnx.Add', names: ['a "b" \\é'] },
      { op: 'onnx.Relu', names: [] },
      { op: 'zhigh.Relu', names: ['x', 'Add_1'] },
    ])
  })

  test('a location that refers to itself, and text that is none, end', () => {
    const text = ir([['onnx.Add', '#loc1']], { '#loc1': 'fused[#loc2]', '#loc2': 'fused[#loc1, "n"]' })
    expect(parseFinalIr(text)).toEqual([{ op: 'onnx.Add', names: ['n'] }])
    expect(parseFinalIr('')).toEqual([])
    expect(parseFinalIr('= "onnx.Add" loc(')).toEqual([])
  })

  test.each([
    ['zhigh.MatMul', true],
    ['zhigh.Reshape', true],
    ['zhigh.Stick', false],
    ['zhigh.StickForLSTM', false],
    ['zhigh.QuantizedStick', false],
    ['zhigh.Unstick', false],
    ['zhigh.F32ToDLF16', false],
    ['onnx.MatMul', false],
  ])('%s is work of the accelerator: %s', (op, expected) => expect(isAccelerated({ op, names: [] })).toBe(expected))
})

describe('names of the compiler', () => {
  const find = nodeFinder(['Add_1', 'MatMul_0', 'a-b', 'Sum', 'a', 'twice', 'twice'])
  test.each([
    ['Add_1', [0]],
    ['Sum_0_3', [3]],
    ['Add_1-MatMul_0_0', [0, 1]],
    ['a-b', [2]],
    ['a-b-Sum_0', [2, 3]],
    ['twice', [5, 6]],
    ['NOTSET', []],
    ['Add_1-nobody', []],
    ['', []],
  ])('%s', (name, expected) => expect(find(name)).toEqual(expected))
})

test('report lines keep what is in the reason', () => {
  expect(
    parseUnsupportedLine('==NNPA-UNSUPPORTEDOPS-REPORT==, onnx.Conv, Conv_0, The `dilations` (2, 2) is not supported.'),
  ).toEqual({ op: 'onnx.Conv', node: 'Conv_0', reason: 'The `dilations` (2, 2) is not supported.' })
  expect(parseUnsupportedLine('==NNPA-UNSUPPORTEDOPS-REPORT==, onnx.Conv')).toBeUndefined()
  expect(parseUnsupportedLine('[1/6] Importing ONNX Model')).toBeUndefined()
})

describe('a compile', () => {
  const model = modelOf({
    inputs: { x: [4] },
    constants: { b: filled([4]) },
    nodes: [
      ['Abs', 'x'],
      ['Add', 'abs0 b'],
      ['Exp', 'add1'],
    ],
  })

  test('is believed, whatever the rules say', () => {
    const text = ir([
      ['onnx.Abs', '"Abs_0"'],
      ['onnx.Add', '"Add_1"'],
      ['onnx.Exp', '"Exp_2"'],
    ])
    const lines = [
      '==NNPA-UNSUPPORTEDOPS-REPORT==, onnx.Exp, Exp_2, Some, new reason.',
      '==NNPA-UNSUPPORTEDOPS-REPORT==, onnx.Exp, Exp_2, Some, new reason.',
    ]
    const placement = JSON.stringify({
      device_placement: [{ device: 'nnpa', node_type: 'onnx.Add', onnx_node_name: 'Add_1' }],
    })
    const report = createReport(model, 'z16', { compiled: sources(text, lines, placement) })
    expect(report).toMatchObject({ source: 'onnx-mlir', compiler: 'onnx-mlir 0.5.1' })
    expect(report.nodes).toMatchObject([
      { name: 'Abs_0', device: 'cpu', reasons: [], note: 'NNPA has no Abs.' },
      {
        name: 'Add_1',
        device: 'cpu',
        chosen: 'nnpa',
        note: 'It was chosen for NNPA, but a later pass of the compiler took it back.',
      },
      { name: 'Exp_2', device: 'cpu', reasons: ['Some, new reason.'] },
    ])
    expect(report.summary).toMatchObject({ nnpa: 0, cpu: 3, folded: 0, flopsShare: 0 })
  })

  test('what its IR lacks is folded, also what lost its name to a partner', () => {
    const text = ir([
      ['onnx.Abs', '"Abs_0"'],
      ['zhigh.Exp', '"Exp_2"'],
    ])
    expect(createReport(model, 'z16', { compiled: sources(text) }).nodes.map(({ device }) => device)).toEqual([
      'cpu',
      'folded',
      'nnpa',
    ])
    const gemm = modelOf({
      inputs: { x: [4, 8] },
      constants: { w: filled([8, 5]), b: filled([5]) },
      nodes: [
        ['MatMul', 'x w'],
        ['Add', 'matmul0 b'],
      ],
    })
    const named = ir([['zhigh.MatMul', '"Add_1"']])
    expect(createReport(gemm, 'z16', { compiled: sources(named) }).nodes.map(({ device }) => device)).toEqual([
      'folded',
      'nnpa',
    ])
  })

  test('without names in its IR the rules fill in', () => {
    const text = ir(
      [
        ['onnx.Abs', '#loc'],
        ['zhigh.Add', '#loc'],
        ['zhigh.Exp', '#loc'],
      ],
      { '#loc': 'unknown' },
    )
    expect(createReport(model, 'z16', { compiled: sources(text) }).nodes.map(({ device }) => device)).toEqual([
      'cpu',
      'nnpa',
      'nnpa',
    ])
  })
})

test('nodes without a name, or with another’s, are given one for the compile', () => {
  const node = { op: 'Exp', inputs: ['x'] }
  const model = decodeModel(
    modelBytes({
      opsets: { '': 13 },
      inputs: { x: tensorType('float32', [4]) },
      outputs: { d: tensorType('float32', [4]) },
      nodes: [
        { ...node, outputs: ['a'] },
        { ...node, outputs: ['b'], name: 'twice' },
        { ...node, outputs: ['c'], name: 'twice' },
        { ...node, outputs: ['d'], name: 'Exp_0' },
      ],
    }),
  )
  const named = withNodeNames(model)
  expect(named.model.graph.nodes.map(({ name }) => name)).toEqual(['Exp_0_', 'twice', 'twice_2', 'Exp_0'])
  expect(decodeModel(named.bytes!).graph.nodes.map(({ name }) => name)).toEqual(['Exp_0_', 'twice', 'twice_2', 'Exp_0'])
  expect(withNodeNames(named.model)).toEqual({ model: named.model })
})

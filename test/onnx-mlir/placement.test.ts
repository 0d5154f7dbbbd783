import { describe, expect, test } from 'vitest'
import {
  formatPlacement,
  parsePlacement,
  rulesForCompiler,
  unmatchedRules,
  type PlacementRule,
} from '../../src/onnx-mlir/placement.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'

const rules: readonly PlacementRule[] = [
  { nodeType: 'onnx.Conv', nodeName: 'Conv_0', device: 'nnpa' },
  { nodeName: 'Sig_[0-9]', device: 'cpu' },
  { nodeType: 'onnx.MatMul', nodeName: '.*', device: 'nnpa', quantize: true },
]

describe('a placement', () => {
  test('goes through a config file unchanged, conditions included', () => {
    const conditions = { inputs: { 0: { rank: '2', dims: { 1: '%32==0' } } } }
    const all = [...rules, { nodeType: 'onnx.Add', device: 'cpu', conditions } as const]
    expect(parsePlacement(formatPlacement(all, 'config-file'), 'p')).toEqual(all)
  })

  test('in the flat formats has its quantisation apart, or not at all', () => {
    const flat = JSON.parse(formatPlacement(rules, 'nnpa-config'))
    expect(flat).toEqual({
      device_placement: [
        { device: 'nnpa', node_type: 'onnx.Conv', onnx_node_name: 'Conv_0' },
        { device: 'cpu', node_type: '.*', onnx_node_name: 'Sig_[0-9]' },
        { device: 'nnpa', node_type: 'onnx.MatMul', onnx_node_name: '.*' },
      ],
      quantization: [{ node_type: 'onnx.MatMul', onnx_node_name: '.*', quantize: true }],
    })
    expect(JSON.parse(formatPlacement(rules, 'device-placement'))).toEqual({ device_placement: flat.device_placement })
    expect(parsePlacement(JSON.stringify(flat), 'p')).toHaveLength(4)
  })

  test('that a build can’t take is refused', () => {
    expect(() => formatPlacement(rules, 'none')).toThrow(expect.objectContaining({ code: 'USAGE_PLACEMENT' }))
    const conditional = [{ device: 'cpu', conditions: { inputs: {} } } as const]
    expect(() => formatPlacement(conditional, 'device-placement')).toThrow(/conditions/)
  })

  test.each([
    ['', /not JSON/],
    ['[]', /neither/],
    ['null', /neither/],
    ['{"device_placement": {}}', /neither/],
    ['{"device_placement": [1]}', /entry 0 of "device_placement"/],
    ['{"device_placement": [{"device": "gpu"}]}', /entry 0/],
    ['{"device_placement": [{"device": "cpu", "node_type": 3}]}', /entry 0/],
    ['{"device_placement": [{"node_type": "onnx.Add"}]}', /entry 0/],
    ['{"nnpa_ops_config": [{"pattern": {"match": {}}}]}', /entry 0 of "nnpa_ops_config"/],
    ['{"nnpa_ops_config": [{"pattern": {"match": {}, "rewrite": {}}}]}', /entry 0/],
  ])('%s is refused', (text, message) => {
    expect(() => parsePlacement(text, 'm.placement.json')).toThrow(
      expect.objectContaining({ code: 'USAGE_PLACEMENT', message: expect.stringMatching(message) }),
    )
    expect(() => parsePlacement(text, 'm.placement.json')).toThrow(/^m\.placement\.json: /)
  })
})

describe('node names of a placement', () => {
  const float = tensorType('float32', [4])
  const model = decodeModel(
    modelBytes({
      opsets: { '': 17 },
      inputs: { x: float },
      outputs: { y: float },
      nodes: [
        { op: 'Relu', name: '/enc/relu.1', inputs: ['x'], outputs: ['a'] },
        { op: 'Exp', inputs: ['a'], outputs: ['y'] },
      ],
    }),
  )
  const unmatched = (nodeName: string) => unmatchedRules([{ nodeName, device: 'cpu' }], model, 'p').length === 1

  test('match whole names, as patterns, with the endings that the compiler adds', () => {
    for (const name of ['/enc/relu.1', '/enc/relu\\.1', '/enc/.*', '/enc/relu.1_0', 'Exp_0', 'Exp_7', '.*'])
      expect(unmatched(name), name).toBe(false)
    for (const name of ['relu', '/enc/', 'Exp', 'Log_0', '/enc/relu.2'])
      expect(unmatched(name), name).toBe(name !== 'Exp')
  })

  test('that are no patterns are an error', () => {
    expect(() => unmatched('relu(')).toThrow(expect.objectContaining({ code: 'USAGE_PLACEMENT' }))
  })
})

describe('what the compiler is told', () => {
  const float = tensorType('float32', [4])
  const model = decodeModel(
    modelBytes({
      opsets: { '': 17 },
      inputs: { x: float },
      outputs: { y: float },
      nodes: [
        { op: 'Add', name: '/Add', inputs: ['x', 'x'], outputs: ['a'] },
        { op: 'Add', name: '/Add_1', inputs: ['a', 'x'], outputs: ['b'] },
        { op: 'MaxPool', name: 'pool', inputs: ['b'], outputs: ['c'] },
        { op: 'Exp', inputs: ['c'], outputs: ['y'] },
      ],
    }),
  )
  const told = (...given: PlacementRule[]) => rulesForCompiler(given, model)
  /** The device of an operation with this name. */
  const deviceOf = (made: readonly PlacementRule[], type: string, name: string) =>
    made.find(
      ({ nodeType = '.*', nodeName = '.*' }) =>
        new RegExp(`^(?:${nodeType})$`).test(type) && new RegExp(`^(?:${nodeName})$`).test(name),
    )?.device

  test('matches what it makes of a node, and of that node alone', () => {
    const made = told({ nodeType: 'onnx.Add', nodeName: '/Add', device: 'cpu' })
    for (const name of ['/Add', '/Add_0', 'MM-/Add_0', '/Add-MM_0', '/Add-/Add_1_0'])
      expect(deviceOf(made, 'onnx.Gemm', name), name).toBe('cpu')
    for (const name of ['/Add_1', 'x/Add', '/Adds', '/Add_1-MM_0'])
      expect(deviceOf(made, 'onnx.Gemm', name), name).toBe(undefined)
  })

  test('lets the first rule that matches a node decide', () => {
    const made = told({ nodeName: '/Add', device: 'nnpa' }, { nodeName: '/Add.*', device: 'cpu' })
    expect(deviceOf(made, 'onnx.Add', '/Add')).toBe('nnpa')
    expect(deviceOf(made, 'onnx.Add', '/Add_1')).toBe('cpu')
    // One operation can't be in two places.
    expect(deviceOf(made, 'onnx.Add', '/Add-/Add_1_0')).toBe('cpu')
  })

  test('knows operators by the names that the compiler has for them', () => {
    const made = told({ nodeType: 'onnx.MaxPool', device: 'nnpa' }, { nodeType: 'onnx.(Exp|Log)', device: 'cpu' })
    expect(deviceOf(made, 'onnx.MaxPoolSingleOut', 'any')).toBe('nnpa')
    expect(deviceOf(made, 'onnx.MaxPoolV8', 'any')).toBe('nnpa')
    expect(deviceOf(made, 'onnx.MaxPoolGrad', 'any')).toBe(undefined)
    expect(made.at(-1)).toEqual({ nodeType: 'onnx.(Exp|Log)', device: 'cpu' })
  })

  test('leaves rules with conditions as they are, but for an operator, which they must have', () => {
    const rule = { nodeName: 'pool', device: 'cpu', conditions: { inputs: {} } } as const
    expect(told(rule)).toEqual([{ nodeType: '.*', ...rule }])
  })
})

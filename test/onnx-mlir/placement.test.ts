import { describe, expect, test } from 'vitest'
import { formatPlacement, parsePlacement, unmatchedRules, type PlacementRule } from '../../src/onnx-mlir/placement.ts'
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

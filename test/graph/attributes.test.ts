import { describe, expect, test } from 'vitest'
import { graphSource } from '../../src/builtin/index.ts'
import { OnnxMlirError } from '../../src/errors/index.ts'
import { floatRanges, floatsRanges, intRanges, intsRanges } from '../../src/graph/attributes.ts'
import { GraphBuilder } from '../../src/graph/builder.ts'
import { Identities, Node } from '../../src/graph/graph.ts'
import type { Attribute } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { operators, registry } from '../../src/ops/index.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { f32, graphOf, node } from './models.ts'

const target = resolveTarget('host')
const extremes = [-(2n ** 63n), -1n, 0n, 2n ** 31n - 1n, 2n ** 63n - 1n]
const floats = [NaN, Infinity, -1, 3.4e38]

/** Every attribute that operators read, with what no exporter writes. */
function* attributes(): Generator<[string, Attribute]> {
  for (const name of Object.keys(intRanges)) for (const value of extremes) yield [name, { kind: 'int', value }]
  for (const name of Object.keys(intsRanges)) {
    for (const value of extremes) {
      yield [name, { kind: 'ints', value: [value] }]
      yield [name, { kind: 'ints', value: [value, value] }]
    }
  }
  for (const name of Object.keys(floatRanges)) for (const value of floats) yield [name, { kind: 'float', value }]
  for (const name of Object.keys(floatsRanges))
    for (const value of floats) yield [name, { kind: 'floats', value: [1, 1, value, value] }]
}

/** Makes one node on inputs that many operators take, and gives the error where it is refused. */
function errorOf(domain: string, op: string, version: number, given: [string, Attribute]): unknown {
  const graph = { name: '', inputs: [], outputs: [], outputNames: [], nodes: [] }
  const builder = new GraphBuilder(graph, registry, new Identities())
  const image = builder.value('x', { type: 'float32', shape: [1, 4, 6, 6] })
  const inputs = [image, builder.constant(tensorFrom('float32', [4, 4, 1, 1], Array(16).fill(1)))]
  const node = new Node({ domain, op, version, name: 'n', origin: 0, attributes: new Map([given]), inputs })
  try {
    builder.append(node, ['y'])
    return undefined
  } catch (error) {
    return error
  }
}

describe('attributes', () => {
  test(
    'at the ends of their types never end the process, nor meet an error that names no node',
    { timeout: 120_000 },
    () => {
      const givens = [...attributes()]
      for (const { name, domain = '', since = 1 } of operators) {
        for (const given of givens) {
          const error = errorOf(domain, name, since, given)
          if (error !== undefined && !(error instanceof OnnxMlirError)) throw error
          if (error) expect(error.message).toMatch(/"n"|"y"/)
        }
      }
    },
  )

  test.each([
    ['Add', 6, { axis: -(2n ** 31n), broadcast: 1n }, /attribute axis is -2147483648; it must be from -1024 to 1024/],
    ['Add', 6, { axis: -3n, broadcast: 1n }, /axis -3 leaves no room/],
    ['Add', 6, { axis: 1n, broadcast: 1n }, /axis 1 leaves no room/],
    ['EyeLike', 22, { dtype: 256n }, /attribute dtype is 256; it must be from 0 to 255/],
    ['MaxPool', 22, { kernel_shape: [2n ** 62n] }, /attribute kernel_shape is \d+; it must be/],
    ['Softmax', 13, { axis: 2n ** 63n - 1n }, /attribute axis is/],
    ['Concat', 13, {}, /Concat, ai.onnx opset 13\): attribute axis is required/],
    ['Softmax', 13, { axis: 'one' }, /attribute axis should be of type int/],
    ['LeakyRelu', 16, { alpha: NaN }, /attribute alpha is NaN; it must be a finite number/],
  ])('%s-%i refuses what is out of range', (op, opset, attributes, message) => {
    const model = {
      opsets: { '': opset },
      inputs: { a: op === 'MaxPool' ? f32(1, 2, 3) : f32(2, 3), b: f32(2, 3) },
      outputs: { y: undefined },
      nodes: [node(op, op === 'Add' ? ['a', 'b'] : ['a'], ['y'], attributes)],
    }
    expect(() => graphSource(graphOf(model), { target, identity: 'test' })).toThrow(message)
  })
})

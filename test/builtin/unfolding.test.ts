import { expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { CompileError, ModelError, OnnxMlirError } from '../../src/errors/index.ts'
import { modelBytes, type ModelSource } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { f32, node } from '../graph/models.ts'

// A few bytes that ask for any number of nodes, values or levels.

const target = resolveTarget('x86-64-v3')

function errorOf(source: ModelSource): OnnxMlirError {
  try {
    builtinSource(decodeModel(modelBytes(source), { path: 'm.onnx' }), { target, identity: 'test' })
  } catch (error) {
    if (error instanceof OnnxMlirError) return error
    throw error
  }
  throw new Error('expected an error')
}

test('functions that call functions twice each', () => {
  const last = 19
  const call = (k: number, x: string, y: string) => ({ ...node(`F${k}`, [x], [y]), domain: 'm' })
  const functions = Array.from({ length: last + 1 }, (_, k) => ({
    name: `F${k}`,
    domain: 'm',
    opsets: { '': 21, m: 1 },
    inputs: ['x'],
    outputs: ['y'],
    nodes: k === last ? [node('Neg', ['x'], ['y'])] : [call(k + 1, 'x', 't'), call(k + 1, 't', 'y')],
  }))
  const error = errorOf({
    opsets: { '': 21, m: 1 },
    functions,
    inputs: { x: f32(1) },
    outputs: { y: undefined },
    nodes: [call(0, 'x', 'y')],
  })
  expect(error).toBeInstanceOf(ModelError)
  expect(error.message).toMatch(/expanded it has 524288 nodes; at most 200000/)
})

test('a Scan of old over a batch of any size', () => {
  const body = {
    inputs: { s: undefined, x: undefined },
    outputs: { t: undefined, u: undefined },
    nodes: [node('Add', ['s', 'x'], ['t']), node('Neg', ['x'], ['u'])],
  }
  const error = errorOf({
    opsets: { '': 8 },
    inputs: { i: f32(2 ** 30, 3), x: f32(2 ** 30, 5, 3) },
    outputs: { a: undefined, b: undefined },
    nodes: [node('Scan', ['', 'i', 'x'], ['a', 'b'], { num_scan_inputs: 1n, body })],
  })
  expect(error).toBeInstanceOf(CompileError)
  expect(error.message).toMatch(/a batch of 1073741824 is more than the 1024 items/)
})

test.each(['Sum', 'Concat', 'Max'])('%s of 300,000 inputs', (op) => {
  const error = errorOf({
    opsets: { '': 21 },
    inputs: { x: f32(1) },
    outputs: { y: undefined },
    nodes: [node(op, Array<string>(300_000).fill('x'), ['y'], op === 'Concat' ? { axis: 0n } : {})],
  })
  expect(error.code).toBe('MODEL_LIMIT')
})

test.each(['('.repeat(100_000) + ')'.repeat(100_000), `a${'*'.repeat(100_000)}`])(
  'a pattern of any depth',
  (pattern) => {
    const error = errorOf({
      opsets: { '': 21 },
      inputs: { x: tensorType('string', [1]) },
      outputs: { y: undefined },
      nodes: [node('RegexFullMatch', ['x'], ['y'], { pattern })],
    })
    expect(error.code).toBe('UNSUPPORTED_PATTERN')
  },
)

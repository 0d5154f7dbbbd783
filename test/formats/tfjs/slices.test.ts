import { expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted } from './convert.ts'

const type = (name: string) => ({ dtype: { type: name } })

it.each([
  ['back from before the first element: none', [-4, 2, -1], []],
  ['back from the first element', [0, -9, -1], [1]],
  ['back from beyond the last element', [9, 0, -2], [3]],
])('a slice %s', async (_, [begin, end, step], expected) => {
  const x = { name: 'x', op: 'Placeholder', attr: { ...type('DT_FLOAT'), shape: { shape: { dim: [{ size: 3 }] } } } }
  const list = ['b', 'e', 's'].map((name) => ({ name, op: 'Const', attr: type('DT_INT32') }))
  const y = {
    name: 'y',
    op: 'StridedSlice',
    input: ['x', 'b', 'e', 's'],
    attr: { end_mask: { i: begin === 9 ? 0 : 1 } },
  }
  const weights = list.map(({ name }) => ({ name, shape: [1], dtype: 'int32' }))
  const file = { modelTopology: { node: [x, ...list, y] }, weightsManifest: [{ paths: ['w.bin'], weights }] }
  const bytes = new Uint8Array(Int32Array.of(begin!, end!, step!).buffer)
  const model = await compileBytes(converted(file, { 'w.bin': bytes }), 3)
  const result = model.runSync({ x: toRuntime(tensorFrom('float32', [3], [1, 2, 3])) })['y']!
  expect(tensorNumbers(fromRuntime(result))).toEqual(expected)
})

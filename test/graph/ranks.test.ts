import { describe, expect, it } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelSignature } from '../../src/compilers/model-signature.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import type { OnnxDim } from '../../src/onnx/model.ts'
import { toRuntime } from '../../src/conformance/runtime-tensor.ts'
import { registry } from '../../src/ops/index.ts'
import { compileModel, f32, i64 } from '../ops/harness.ts'
import { isTensor } from '../../src/runtime/signature.ts'

const unranked = { x: tensorType('float32') }

function signatureOf(source: Omit<ModelSource, 'opsets'>): string[] {
  const { inputs, outputs } = modelSignature(decodeModel(modelBytes({ opsets: { '': 17 }, ...source })))
  return [...inputs, ...outputs]
    .filter(isTensor)
    .map(({ name, shape }) => `${name}[${shape.map((dim) => dim ?? '?').join(', ')}]`)
}

describe('an input without a stated rank', () => {
  it('has the rank that its nodes take', async () => {
    const source: Omit<ModelSource, 'opsets'> = {
      inputs: unranked,
      outputs: { y: undefined },
      initializers: { w: f32([1, 1, 1, 1], [1, 1, 2, 2]) },
      nodes: [
        { op: 'Relu', inputs: ['x'], outputs: ['r'] },
        { op: 'Conv', inputs: ['r', 'w'], outputs: ['y'] },
      ],
    }
    expect(signatureOf(source)[0]).toMatch(/^x\[\?, (1|\?), \?, \?\]$/)
    const model = await compileModel({ opsets: { '': 17 }, ...source })
    const { y } = model.runSync({ x: toRuntime(f32([1, -2, 3, 4, 5, 6], [1, 1, 2, 3])) })
    expect(y).toMatchObject({ dims: [1, 1, 1, 2], data: Float32Array.of(10, 14) })
    expect(() => model.runSync({ x: toRuntime(f32([1, 2])) })).toThrow(/"x": expected float32 .*given 1 dims/)
  })

  it('has the rank with which outputs are of the ranks that the file states', () => {
    const nodes = [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }]
    const outputs = { y: tensorType('float32', ['n', 3] as OnnxDim[]) }
    expect(signatureOf({ inputs: unranked, outputs, nodes })[0]).toBe('x[?, ?]')
  })

  it('may be one of two', () => {
    const signature = signatureOf({
      inputs: { ...unranked, i: tensorType('int64') },
      outputs: { y: undefined },
      initializers: { axes: i64([1, 2]), perm: f32([1, 2], [2, 1]) },
      nodes: [
        { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [1n, 0n] } },
        { op: 'Transpose', inputs: ['i'], outputs: ['j'], attributes: { perm: [2n, 0n, 1n] } },
        { op: 'Cast', inputs: ['j'], outputs: ['c'], attributes: { to: 1n } },
        { op: 'MatMul', inputs: ['c', 't'], outputs: ['y'] },
      ],
    })
    expect(signature.slice(0, 2)).toEqual(['x[?, ?]', 'i[?, ?, ?]'])
  })

  it('is refused where several would do, and where none would', () => {
    const importing = (nodes: ModelSource['nodes']) => () => {
      const source = { inputs: unranked, outputs: { y: undefined }, initializers: { w: f32([1, 2], [1, 2]) }, nodes }
      importModel(decodeModel(modelBytes({ opsets: { '': 17 }, ...source })), registry, new Identities())
    }
    expect(importing([{ op: 'Neg', inputs: ['x'], outputs: ['y'] }])).toThrow(
      /no stated rank for input "x", and its nodes take ranks 0, 1, 2.*Give it \("dims": rank\(x\)\), or state a shape/,
    )
    expect(
      importing([
        { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [1n, 0n] } },
        { op: 'Transpose', inputs: ['x'], outputs: ['u'], attributes: { perm: [1n, 0n, 2n] } },
        { op: 'MatMul', inputs: ['t', 'u'], outputs: ['y'] },
      ]),
    ).toThrow(/none from 0 to 8 would do.*Transpose/)
  })
})

import { describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import type { ElementType } from '../../../src/onnx/element-type.ts'
import { tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted, convertedModel } from './convert.ts'
import { type FileSource, type OperatorSource, type SubgraphSource, tfliteBytes, type TensorSource } from './writer.ts'

// Resource variables: VAR_HANDLE names one, READ_VARIABLE and ASSIGN_VARIABLE use it, a graph that CALL_ONCE calls says what it begins with.

const handle: TensorSource = { type: 'resource', shape: [] }
const named = (name: string, output: number): OperatorSource => ({
  op: 'VAR_HANDLE',
  inputs: [],
  outputs: [output],
  options: [{ text: '' }, { text: name }],
})
const read = (from: number, to: number): OperatorSource => ({ op: 'READ_VARIABLE', inputs: [from], outputs: [to] })
const assign = (to: number, from: number): OperatorSource => ({
  op: 'ASSIGN_VARIABLE',
  inputs: [to, from],
  outputs: [],
})
const once: OperatorSource = { op: 'CALL_ONCE', inputs: [], outputs: [], options: [{ int32: 1 }] }

/** What variable `v` begins with. */
function beginning(value: TensorSource): SubgraphSource {
  return { tensors: [handle, value], inputs: [], outputs: [], operators: [named('v', 0), assign(0, 1)] }
}

const x: TensorSource = { shape: [2], name: 'x' }
const y: TensorSource = { shape: [2], name: 'y' }

/** y = v + x, which v becomes. */
const sum: SubgraphSource = {
  tensors: [x, handle, { shape: [2], name: 'old' }, y],
  inputs: [0],
  outputs: [3],
  operators: [once, named('v', 1), read(1, 2), { op: 'ADD', inputs: [2, 0], outputs: [3] }, assign(1, 3)],
}

/** Runs one after the other, what leaves a run as `v_next` going on into the next as `v`. */
async function runs(
  source: FileSource,
  given: readonly (readonly number[])[],
  type: ElementType = 'float32',
): Promise<number[][]> {
  const model = await compileBytes(converted(tfliteBytes(source)), 3)
  let v = tensorFrom('float32', [2], [0, 0])
  return given.map((values) => {
    const results = model.runSync({ x: toRuntime(tensorFrom(type, [values.length], values)), v: toRuntime(v) })
    v = fromRuntime(results['v_next']!)
    return [...tensorNumbers(fromRuntime(results['y']!))]
  })
}

describe('variables', () => {
  it('are a state that goes in and out, zeros of which begin anew', async () => {
    const zeros = beginning({ shape: [2], data: new Float32Array(2) })
    expect(await runs({ subgraphs: [sum, zeros] }, [[1, 2], [10, 20], [100, 200]])).toEqual([[1, 2], [11, 22], [111, 222]]) // prettier-ignore
  })

  it('begin with what the file says, though it is not zero', async () => {
    const seven = beginning({ shape: [2], data: Float32Array.of(7, -7) })
    expect(await runs({ subgraphs: [sum, seven] }, [[1, 2], [10, 20]])).toEqual([[8, -5], [18, 15]]) // prettier-ignore
  })

  it('of codes are floats, whose zero is that of the codes', async () => {
    const codes = { type: 'int8', scale: 0.5, zeroPoint: -128 } as const
    const main: SubgraphSource = {
      tensors: [
        { ...codes, shape: [1], name: 'x' },
        handle,
        { ...codes, shape: [2], name: 'old' },
        { ...codes, shape: [3], name: 'all' },
        { ...codes, shape: [2], name: 'y' },
        { type: 'int32', shape: [1], data: Int32Array.of(1) },
        { type: 'int32', shape: [1], data: Int32Array.of(2) },
      ],
      inputs: [0],
      outputs: [4],
      operators: [
        once,
        named('v', 1),
        read(1, 2),
        { op: 'CONCATENATION', inputs: [2, 0], outputs: [3], options: [{ int32: 0 }] },
        { op: 'SLICE', inputs: [3, 5, 6], outputs: [4] },
        assign(1, 4),
      ],
    }
    const empty = beginning({ ...codes, shape: [2], data: Int8Array.of(-128, -128) })
    expect(await runs({ subgraphs: [main, empty] }, [[5], [127], [-3]], 'int8')).toEqual([[-128, 5], [5, 127], [127, -3]]) // prettier-ignore
  })

  it('that no run changes are constants', () => {
    const main = { ...sum, operators: sum.operators.slice(0, -1) }
    const { graph } = convertedModel(tfliteBytes({ subgraphs: [main, beginning({ shape: [2], data: Float32Array.of(3, 4) })] }), {}) // prettier-ignore
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x'])
    expect(graph.outputs.map(({ name }) => name)).toEqual(['y'])
  })

  it.each<[string, readonly SubgraphSource[], string]>([
    [
      'that begin with what is computed',
      [sum, { tensors: [handle, x, y], inputs: [], outputs: [], operators: [named('v', 0), { op: 'NEG', inputs: [1], outputs: [2] }, assign(0, 2)] }], // prettier-ignore
      'a variable "v" that begins with what is computed',
    ],
    ['that are infinite', [sum, beginning({ shape: [2], data: Float32Array.of(0, Infinity) })], 'a variable "v" that begins with what is not finite'], // prettier-ignore
    [
      'that are handed on',
      [
        {
          ...sum,
          inputs: [0, 1],
          operators: sum.operators.filter(({ op }) => op !== 'VAR_HANDLE' && op !== 'CALL_ONCE'),
        },
      ],
      'a variable that is handed on from graph to graph',
    ],
    [
      'that a branch changes',
      [
        { tensors: [{ type: 'bool', shape: [], name: 'if' }, x, y], inputs: [0, 1], outputs: [2], operators: [{ op: 'IF', inputs: [0, 1], outputs: [2], options: [{ int32: 1 }, { int32: 1 }] }] }, // prettier-ignore
        { ...sum, operators: sum.operators.slice(1) },
      ],
      'a variable that is assigned in an IF or a WHILE',
    ],
  ])('%s are refused', (_, subgraphs, message) => {
    const error = { code: 'MODEL_UNSUPPORTED', message: expect.stringContaining(message) }
    expect(() => converted(tfliteBytes({ subgraphs }))).toThrow(expect.objectContaining(error))
  })
})

import { describe, expect, it } from 'vitest'
import { elementTypes, type ElementType } from '../../src/onnx/element-type.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeTensor, decodeValue } from '../../src/onnx/test-data.ts'
import { tensorFrom, tensorValues } from '../../src/onnx/tensor.ts'
import { WireWriter } from '../../src/onnx/wire.ts'
import { encodeTensor } from '../../src/onnx/write.ts'
import { modelErrorOf } from './errors.ts'

type Fields = onnx.TensorProto.$Properties

function read(type: ElementType, dims: readonly number[], fields: Fields): Tensor {
  const head = { dataType: elementTypes[type].code, dims: dims.map(BigInt), name: 't' }
  return decodeTensor(onnx.TensorProto.encode({ ...head, ...fields }, new WireWriter()).finish())
}

const lowest = -(2n ** 63n)
const highest = 2n ** 63n - 1n

describe('a tensor in its typed field', () => {
  const cases: [ElementType, Fields, readonly (number | bigint | string)[]][] = [
    ['float32', { floatData: [1.5, -0, Infinity] }, [1.5, -0, Infinity]],
    ['complex64', { floatData: [1, 2, 3, 4, 5, 6] }, [1, 2, 3, 4, 5, 6]],
    ['float64', { doubleData: [0.1, -1e300, 5e-324] }, [0.1, -1e300, 5e-324]],
    ['complex128', { doubleData: [0.1, 2, 3, 4, 5, 6] }, [0.1, 2, 3, 4, 5, 6]],
    ['int64', { int64Data: [lowest, highest, -1n] }, [lowest, highest, -1n]],
    ['uint64', { uint64Data: [0n, 2n ** 64n - 1n, 300n] }, [0n, 2n ** 64n - 1n, 300n]],
    ['uint32', { uint64Data: [0n, 2n ** 32n - 1n, 300n] }, [0, 2 ** 32 - 1, 300]],
    ['int32', { int32Data: [-(2 ** 31), 2 ** 31 - 1, -1] }, [-(2 ** 31), 2 ** 31 - 1, -1]],
    ['int16', { int32Data: [-32768, 32767, -1] }, [-32768, 32767, -1]],
    ['uint16', { int32Data: [0, 65535, 300] }, [0, 65535, 300]],
    ['int8', { int32Data: [-128, 127, -1] }, [-128, 127, -1]],
    ['uint8', { int32Data: [0, 255, 200] }, [0, 255, 200]],
    ['bool', { int32Data: [0, 1, 2] }, [0, 1, 1]],
    ['float16', { int32Data: [0x3c00, 0xfbff, 1] }, [1, -65504, 2 ** -24]],
    ['bfloat16', { int32Data: [0x3f80, 0xc040, 0x7f80] }, [1, -3, Infinity]],
    ['float8e4m3fn', { int32Data: [0x38, 0xfe, 1] }, [1, -448, 2 ** -9]],
    ['float8e4m3fnuz', { int32Data: [0x40, 0xff, 1] }, [1, -240, 2 ** -10]],
    ['float8e5m2', { int32Data: [0x3c, 0xfb, 0x7c] }, [1, -57344, Infinity]],
    ['float8e5m2fnuz', { int32Data: [0x40, 0xff, 1] }, [1, -57344, 2 ** -17]],
    ['float8e8m0', { int32Data: [127, 254, 0] }, [1, 2 ** 127, 2 ** -127]],
    // Two elements, or four, in one item.
    ['int4', { int32Data: [0x7f, 0x08] }, [-1, 7, -8]],
    ['uint4', { int32Data: [0x7f, 0x08] }, [15, 7, 8]],
    ['float4e2m1', { int32Data: [0xf1, 0x03] }, [0.5, -6, 1.5]],
    ['int2', { int32Data: [0b011011] }, [-1, -2, 1]],
    ['uint2', { int32Data: [0b011011] }, [3, 2, 1]],
    ['string', { stringData: [Buffer.from('ä'), Buffer.from(''), Buffer.from('\0')] }, ['ä', '', '\0']],
  ]

  it.each(cases)('%s', (type, fields, values) => {
    expect(tensorValues(read(type, [3], fields))).toEqual(values)
  })

  it('covers every element type', () => {
    expect(new Set(cases.map(([type]) => type)).size).toBe(Object.keys(elementTypes).length)
  })
})

describe('a tensor in raw_data', () => {
  it.each(Object.keys(elementTypes) as ElementType[])('%s goes through a file unchanged', (type) => {
    const values: Record<string, readonly (number | bigint | string)[]> = {
      string: ['a', 'b', ''],
      bool: [1, 0, 1],
      complex64: [1, 0, 1, 1, 0, 1],
      complex128: [1, 0, 1, 1, 0, 1],
      int2: [-1, 0, 1],
      float8e8m0: [1, 2, 4],
    }
    const tensor = tensorFrom(type, [3], (values[type] ?? [0, 1, 2]) as readonly string[])
    expect(decodeTensor(encodeTensor(tensor, 'x'))).toEqual(tensor)
  })

  it('is a view of the file', () => {
    const bytes = encodeTensor(tensorFrom('uint8', [1000], new Uint8Array(1000)))
    expect(decodeTensor(bytes).data.buffer).toBe(bytes.buffer)
  })

  it('holds bools of 0 and 1 only', () => {
    expect(read('bool', [3], { rawData: Uint8Array.of(0, 1, 255) }).data).toEqual(Uint8Array.of(0, 1, 1))
  })
})

describe('unpacked scalars, which protobuf allows too', () => {
  // Tag of the field, then a value each.
  const dims = [8, 2]
  it.each<[ElementType, number[], readonly (number | bigint)[]]>([
    ['int64', [16, 7, 56, 5, 56, 6], [5n, 6n]],
    ['int32', [16, 6, 40, 5, 40, ...Array.from({ length: 9 }, () => 255), 1], [5, -1]],
    ['float32', [16, 1, 37, 0, 0, 128, 63, 37, 0, 0, 0, 64], [1, 2]],
    ['float64', [16, 11, 81, 0, 0, 0, 0, 0, 0, 240, 63, 81, 0, 0, 0, 0, 0, 0, 0, 64], [1, 2]],
    // One packed run of one float, then one that stands alone.
    ['float32', [16, 1, 34, 4, 0, 0, 128, 63, 37, 0, 0, 0, 64], [1, 2]],
  ])('%s', (_, fields, values) => {
    expect(tensorValues(decodeTensor(Uint8Array.from([...dims, ...fields])))).toEqual(values)
  })
})

describe('a tensor that contradicts itself', () => {
  it.each<[string, ElementType, number[], Fields, RegExp]>([
    ['too few raw bytes', 'float32', [2], { rawData: new Uint8Array(7) }, /needs 8 bytes.*has 7/],
    ['too many raw bytes', 'float32', [2], { rawData: new Uint8Array(9) }, /needs 8 bytes.*has 9/],
    ['no data', 'float32', [2], {}, /needs 8 bytes.*has 0/],
    ['too few floats', 'float32', [2], { floatData: [1] }, /needs 8 bytes.*has 4/],
    ['too many varints', 'int8', [2], { int32Data: [1, 2, 3] }, /needs 2 bytes.*has 3/],
    ['too few strings', 'string', [2], { stringData: [Buffer.from('x')] }, /needs 2 strings.*has 1/],
    ['another type field', 'float32', [1], { int64Data: [1n] }, /int64_data.*float_data/],
    ['two fields', 'int64', [1], { int64Data: [1n], rawData: new Uint8Array(8) }, /more than one field/],
    ['raw strings', 'string', [1], { rawData: new Uint8Array(1) }, /string_data only/],
    ['a segment', 'uint8', [1], { rawData: new Uint8Array(1), segment: new Uint8Array(1) }, /segments/],
    ['a negative dimension', 'uint8', [-1], {}, /negative dimension.*\[-1\]/],
    ['text that is not UTF-8', 'string', [1], { stringData: [Uint8Array.of(0xff)] }, /UTF-8/],
  ])('%s', (_, type, dims, fields, message) => {
    const error = modelErrorOf(() => read(type, dims, fields))
    expect(error.code).toMatch(/^MODEL_(TENSOR|DAMAGED)$/)
    expect(error.message).toMatch(message)
    expect(error.message).toContain('"t"')
  })

  it.each<[string, number[] | bigint[]]>([
    ['one huge dimension', [2n ** 62n]],
    ['a product beyond 2^64', [2n ** 31n, 2n ** 31n, 2n ** 31n]],
    ['a product that is 0 modulo 2^64', [2n ** 32n, 2n ** 32n]],
    ['rank 65', Array.from({ length: 65 }, () => 1n)],
  ])('%s', (_, dims) => {
    const bytes = onnx.TensorProto.encode({ dataType: 1, dims: dims.map(BigInt) }, new WireWriter()).finish()
    expect(modelErrorOf(() => decodeTensor(bytes)).code).toBe('MODEL_LIMIT')
  })

  it('an element type of the future', () => {
    const bytes = onnx.TensorProto.encode({ dataType: 99, dims: [] }, new WireWriter()).finish()
    expect(modelErrorOf(() => decodeTensor(bytes))).toMatchObject({ code: 'MODEL_TYPE' })
  })
})

describe('sequences and optionals', () => {
  const float = { kind: 'tensor', type: 'float32', shape: undefined } as const
  const sequence = { kind: 'sequence', element: float } as const
  const tensorValue = { dataType: 1, dims: [1n], floatData: [2] }
  const sequenceBytes = onnx.SequenceProto.encode(
    { elemType: 1, tensorValues: [tensorValue] },
    new WireWriter(),
  ).finish()
  const optional = (fields: onnx.OptionalProto.$Properties) =>
    decodeValue(onnx.OptionalProto.encode(fields, new WireWriter()).finish(), { kind: 'optional', element: float })
  const two = tensorFrom('float32', [1], [2])

  it('a sequence is a list of tensors', () => {
    expect(decodeValue(sequenceBytes, sequence)).toEqual([two])
    expect(decodeValue(new Uint8Array(), sequence)).toEqual([])
  })

  it('an optional is its content, or undefined', () => {
    expect(optional({ elemType: 1, tensorValue })).toEqual(two)
    expect(optional({ elemType: 3, sequenceValue: { tensorValues: [tensorValue] } })).toEqual([two])
    expect(optional({ elemType: 0 })).toBeUndefined()
    expect(optional({ elemType: 1 })).toBeUndefined()
  })

  it('what we do not read is an error', () => {
    expect(modelErrorOf(() => optional({ elemType: 4 })).code).toBe('MODEL_TYPE')
    const maps = onnx.SequenceProto.encode({ elemType: 4 }, new WireWriter()).finish()
    expect(modelErrorOf(() => decodeValue(maps, sequence)).code).toBe('MODEL_TYPE')
    expect(modelErrorOf(() => decodeValue(maps, { kind: 'map', key: 'int64', value: float })).code).toBe('MODEL_TYPE')
  })
})

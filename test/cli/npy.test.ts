import { expect, test } from 'vitest'
import { readNpy } from '../../src/cli/data/npy.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'

/** A file as numpy writes it. */
function npy(header: string, data: Uint8Array, version = 1): Uint8Array {
  const text = Buffer.from(`${header}\n`, version === 3 ? 'utf8' : 'latin1')
  const size = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) size.writeUInt16LE(text.length)
  else size.writeUInt32LE(text.length)
  return Buffer.concat([Buffer.from('\u0093NUMPY', 'latin1'), Buffer.from([version, 0]), size, text, data])
}

const header = (descr: string, shape: string, isFortran = false) =>
  `{'descr': '${descr}', 'fortran_order': ${isFortran ? 'True' : 'False'}, 'shape': ${shape}, }`

const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const read = (descr: string, shape: string, array: ArrayBufferView, version = 1, isFortran = false) => {
  const tensor = readNpy(npy(header(descr, shape, isFortran), bytes(array), version), 'x.npy')
  return { type: tensor.type, dims: tensor.dims, values: tensorValues(tensor) }
}

test.each([
  ['<f4', 'float32', Float32Array.of(1.5, -2)],
  ['<f8', 'float64', Float64Array.of(1.5, -2)],
  ['|i1', 'int8', Int8Array.of(1, -2)],
  ['|u1', 'uint8', Uint8Array.of(1, 254)],
  ['<i2', 'int16', Int16Array.of(1, -2)],
  ['<u2', 'uint16', Uint16Array.of(1, 65534)],
  ['<i4', 'int32', Int32Array.of(1, -2)],
  ['<u4', 'uint32', Uint32Array.of(1, 4294967294)],
  ['<i8', 'int64', BigInt64Array.of(1n, -(2n ** 62n))],
  ['<u8', 'uint64', BigUint64Array.of(1n, 2n ** 63n)],
  ['|b1', 'bool', Uint8Array.of(0, 1)],
] as const)('dtype %s is %s', (descr, type, array) => {
  expect(read(descr, '(2,)', array)).toEqual({ type, dims: [2], values: Array.from<number | bigint>(array) })
})

test('float16, complex numbers and the other byte order', () => {
  expect(read('<f2', '(2,)', Uint16Array.of(0x3c00, 0xc000))).toEqual({ type: 'float16', dims: [2], values: [1, -2] })
  expect(read('<c8', '(1,)', Float32Array.of(1, 2))).toEqual({ type: 'complex64', dims: [1], values: [1, 2] })
  expect(read('>i2', '(2,)', Uint8Array.of(1, 0, 0, 2)).values).toEqual([256, 2])
  expect(read('>c8', '(1,)', Uint8Array.of(0x3f, 0x80, 0, 0, 0x40, 0, 0, 0)).values).toEqual([1, 2])
})

test('shapes: scalars, empty arrays, and columns first', () => {
  expect(read('<f4', '()', Float32Array.of(7))).toEqual({ type: 'float32', dims: [], values: [7] })
  expect(read('<f4', '(0, 3)', Float32Array.of())).toEqual({ type: 'float32', dims: [0, 3], values: [] })
  // [[1, 2, 3], [4, 5, 6]] written column by column
  expect(read('<i4', '(2, 3)', Int32Array.of(1, 4, 2, 5, 3, 6), 1, true).values).toEqual([1, 2, 3, 4, 5, 6])
  const cube = Int32Array.from({ length: 24 }, (_, i) => i)
  expect(read('<i4', '(2, 3, 4)', cube, 1, true).values.slice(0, 5)).toEqual([0, 6, 12, 18, 2])
})

test('versions 1 to 3', () => {
  for (const version of [1, 2, 3]) expect(read('<f4', '(1,)', Float32Array.of(1), version).values).toEqual([1])
  expect(() => read('<f4', '(1,)', Float32Array.of(1), 4)).toThrow('it is of .npy version 4')
})

test('text', () => {
  const points = Uint32Array.from([...'ab\0', ...'é\0\0'].map((character) => character.codePointAt(0) ?? 0))
  expect(read('<U3', '(2,)', points)).toEqual({ type: 'string', dims: [2], values: ['ab', 'é'] })
  expect(read('|S2', '(2,)', Buffer.from('hia\0')).values).toEqual(['hi', 'a'])
  expect(() => read('<U1', '(1,)', Uint32Array.of(0x110000))).toThrow('element 0 is no text')
})

test('types that NumPy does not know are taken for what is expected', () => {
  const file = npy(header('<V2', '(2,)'), Uint8Array.of(0x80, 0x3f, 0, 0x40))
  const tensor = readNpy(file, 'x.npy', 'bfloat16')
  expect([tensor.type, tensorValues(tensor)]).toEqual(['bfloat16', [1, 2]])
  expect(() => readNpy(file, 'x.npy', 'float32')).toThrow('dtype <V2 has no counterpart')
})

test.each([
  ['an empty file', new Uint8Array(), 'no .npy file'],
  ['another file', Buffer.from('PK\u0003\u0004 a zip archive'), 'no .npy file'],
  ['a header that ends early', npy(header('<f4', '(1,)'), new Uint8Array(4)).subarray(0, 30), 'header is cut short'],
  ['too few bytes', npy(header('<f4', '(2,)'), new Uint8Array(4)), 'takes 8 bytes, but it holds 4'],
  ['too many bytes', npy(header('<f4', '(2,)'), new Uint8Array(12)), 'takes 8 bytes, but it holds 12'],
  ['a huge shape', npy(header('<f8', '(9000000000, 9000000000)'), new Uint8Array(8)), 'but it holds 8'],
  [
    'records',
    npy(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }`, new Uint8Array(4)),
    'records or objects',
  ],
  ['objects', npy(header('|O', '(1,)'), new Uint8Array(1)), 'dtype |O has no counterpart'],
  ['dates', npy(header('<M8[ns]', '(1,)'), new Uint8Array(8)), 'but it holds 8'],
  ['a damaged header', npy(`{'descr': '<f4', 'shape': (1,), }`, new Uint8Array(4)), 'header is damaged'],
])('%s is refused', (_, file, message) => {
  expect(() => readNpy(file, 'x.npy')).toThrow(message)
  expect(() => readNpy(file, 'x.npy')).toThrow(/^Can't read x\.npy: /)
})

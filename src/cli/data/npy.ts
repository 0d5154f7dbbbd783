import { UsageError } from '../../errors/index.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { elementsOf, swapBytes } from '../../onnx/tensor.ts'

/**
 * Reads a NumPy array file, versions 1 to 3, of any dtype that ONNX has. Types that NumPy doesn't know (bfloat16, float8)
 * are written by ml_dtypes as raw bytes, `V1` and `V2`: they are taken for what is `expected`.
 * Source: numpy/lib/format.py ("Format Version 1.0" to "3.0").
 *
 * @param file name for messages
 * @throws UsageError `USAGE_DATA`
 */
export function readNpy(bytes: Uint8Array, file: string, expected?: ElementType): Tensor {
  const { descr, isFortran, dims, start } = readHeader(bytes, file)
  const fail = (problem: string): UsageError => dataError(file, problem)
  const [, order = '', kind = '', digits = ''] = /^([<>|=]?)([a-zA-Z?])(\d*)$/.exec(descr) ?? []
  const width = Number(digits || 1) * (kind === 'U' ? 4 : 1)
  const count = elementsOf(dims)
  // Before anything of that size is allocated.
  if (!Number.isSafeInteger(count * width) || count * width !== bytes.length - start)
    throw fail(
      `its shape [${dims.join(', ')}] of ${descr} takes ${count * width} bytes, but it holds ${bytes.length - start}`,
    )

  const content = bytes.slice(start)
  const data = isFortran ? toRowMajor(content, dims, width) : content
  if (kind === 'U' || kind === 'S')
    return {
      type: 'string',
      dims,
      data: new Uint8Array(),
      strings: texts(data, count, width, kind, order === '>', fail),
    }
  const type = elementType(kind, width, expected)
  if (type === undefined) throw fail(`dtype ${descr} has no counterpart in ONNX`)
  if (order === '>') swapBytes(data, type.startsWith('complex') ? width / 2 : width)
  return { type, dims, data }
}

interface Header {
  readonly descr: string
  readonly isFortran: boolean
  readonly dims: readonly number[]
  /** Where the elements begin. */
  readonly start: number
}

function readHeader(bytes: Uint8Array, file: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = '\u0093NUMPY'
  if (bytes.length < 10 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== magic)
    throw dataError(file, 'it is no .npy file')
  const version = bytes[6]!
  if (version < 1 || version > 3) throw dataError(file, `it is of .npy version ${version}; 1 to 3 are known`)
  const from = version === 1 ? 10 : 12
  const start =
    from + (version === 1 ? view.getUint16(8, true) : bytes.length < 12 ? Infinity : view.getUint32(8, true))
  if (start > bytes.length) throw dataError(file, 'its header is cut short')
  const text = Buffer.from(bytes.subarray(from, start)).toString(version === 3 ? 'utf8' : 'latin1')

  // A Python literal with these three keys and nothing else, as numpy writes and demands it.
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1]
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1]
  if (descr === undefined) throw dataError(file, `it holds records or objects, not one dtype: ${text.trim()}`)
  if (order === undefined || shape === undefined) throw dataError(file, `its header is damaged: ${text.trim()}`)
  const dims = shape.split(',').flatMap((dim) => (dim.trim() === '' ? [] : [Number.parseInt(dim, 10)]))
  return { descr, isFortran: order === 'True', dims, start }
}

function elementType(kind: string, width: number, expected: ElementType | undefined): ElementType | undefined {
  const family = { f: 'float', i: 'int', u: 'uint', c: 'complex' }[kind]
  if (family !== undefined) {
    const name = `${family}${width * 8}`
    return Object.hasOwn(elementTypes, name) ? (name as ElementType) : undefined
  }
  if ((kind === 'b' && width === 1) || kind === '?') return 'bool'
  return kind === 'V' && expected !== undefined && elementTypes[expected].bits === width * 8 ? expected : undefined
}

/** Column-major elements in row-major order. */
function toRowMajor(source: Uint8Array, dims: readonly number[], width: number): Uint8Array {
  const target = new Uint8Array(source.length)
  const index = dims.map(() => 0)
  const strides: number[] = []
  for (let axis = 0, stride = width; axis < dims.length; axis++) {
    strides.push(stride)
    stride *= dims[axis]!
  }
  for (let to = 0; to < source.length; to += width) {
    let from = 0
    for (let axis = 0; axis < dims.length; axis++) from += index[axis]! * strides[axis]!
    for (let byte = 0; byte < width; byte++) target[to + byte] = source[from + byte]!
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis]! === dims[axis]!; axis--) index[axis] = 0
  }
  return target
}

/** Fixed-width text: code points (`U`) or bytes (`S`), padded with zeros. */
function texts(
  data: Uint8Array,
  count: number,
  width: number,
  kind: 'U' | 'S',
  isBig: boolean,
  fail: (problem: string) => UsageError,
): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return Array.from({ length: count }, (_, i) => {
    const bytes = data.subarray(i * width, (i + 1) * width)
    if (kind === 'S') return Buffer.from(bytes).toString('utf8').replace(/\0+$/, '')
    const points = Array.from({ length: width / 4 }, (__, at) => view.getUint32(i * width + at * 4, !isBig))
    if (points.some((point) => point > 0x10ffff)) throw fail(`element ${i} is no text`)
    return String.fromCodePoint(...points).replace(/\0+$/, '')
  })
}

/** What is wrong with a file of input or expected data. */
export function dataError(file: string, problem: string): UsageError {
  return new UsageError('USAGE_DATA', `Can't read ${file}: ${problem}.`, { file })
}

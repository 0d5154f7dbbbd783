import { elementTypes, type ElementType } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { quote, type Site } from '../../onnx/reading.ts'
import { elementsOf, swapBytes } from '../../onnx/tensor.ts'
import { Field, parseJson } from './json.ts'
import { readPickle } from './pickle.ts'
import { elementTypeOf, tensorMeta } from './schema.ts'
import { Zip } from '../zip.ts'

/** A tensor as a view of a storage: as many elements, strides and offset in elements. */
interface View {
  readonly type: ElementType
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
  readonly offset: number
}

/** The tensors of one table of a program, by name: its weights or its constants. */
export interface Weights {
  /** Equal names mean the same bytes: tied weights are one tensor. @throws ModelError where there is none of that name */
  find(name: string): { readonly identity: string; tensor(): Tensor }
}

/** Reads a file of an archive by its name below the archive's root. */
export type ReadFile = (name: string) => Uint8Array

/**
 * Raw weights (torch 2.9 and newer): CONFIG maps names to files of FOLDER, each of which is a whole storage.
 *
 * @throws ModelError `MODEL_DAMAGED`, `MODEL_UNSUPPORTED`
 */
export function rawWeights(config: string, folder: string, isBigEndian: boolean, read: ReadFile, site: Site): Weights {
  const table = new Map(new Field(parseJson(read(config), site), config, site).get('config').entries())
  return {
    find(name) {
      const entry = table.get(name)
      if (!entry) return site.fail('MODEL_TENSOR', `has no weights ${quote(name)}. Export it again.`)
      if (!entry.get('use_pickle').absent && entry.get('use_pickle').bool())
        site.fail('MODEL_UNSUPPORTED', `has weights ${quote(name)} that are a pickled object, not a tensor.`)
      const path = entry.get('path_name').text()
      const { scalarType, sizes, strides, offset } = tensorMeta(entry.get('tensor_meta'))
      const type = elementTypeOf(scalarType)
      if (!type)
        return site.fail('MODEL_TYPE', `has weights ${quote(name)} of a type (${scalarType}) that is not read.`)
      if (!sizes.every((size) => typeof size === 'number'))
        return site.fail('MODEL_TENSOR', `has weights ${quote(name)} without a fixed size.`)
      const view = { type, sizes, strides, offset }
      return {
        identity: JSON.stringify([folder, path, view]),
        tensor: () => viewOf(read(`${folder}${path}`), view, isBigEndian, quote(name), site),
      }
    },
  }
}

const storageTypes: Readonly<Record<string, ElementType>> = {
  Float: 'float32',
  Double: 'float64',
  Half: 'float16',
  BFloat16: 'bfloat16',
  Byte: 'uint8',
  Char: 'int8',
  Short: 'int16',
  Int: 'int32',
  Long: 'int64',
  Bool: 'bool',
}

/** Weights in an archive of torch.save (torch 2.6 to 2.8). */
export function pickledWeights(bytes: Uint8Array, site: Site): Weights {
  const zip = new Zip(bytes, site)
  const root = [...zip.entries.keys()].find((name) => name.endsWith('/data.pkl'))?.slice(0, -'data.pkl'.length)
  const read = (name: string): Uint8Array => {
    const entry = zip.entries.get(`${root}${name}`)
    return entry ? zip.read(entry) : site.fail('MODEL_DAMAGED', `has weights without ${quote(name)}. Export it again.`)
  }
  const tensors = readPickle(read('data.pkl'), site)
  const isBigEndian = zip.entries.has(`${root}byteorder`) && isBig(read('byteorder'))
  return {
    find(name) {
      const tensor = tensors.get(name)
      if (!tensor) return site.fail('MODEL_TENSOR', `has no weights ${quote(name)}. Export it again.`)
      const { storage, sizes, strides, offset } = tensor
      const view = { type: storageTypes[storage.type]!, sizes, strides, offset }
      return {
        identity: JSON.stringify(['pickled', storage.key, view]),
        tensor: () => viewOf(read(`data/${storage.key}`), view, isBigEndian, quote(name), site),
      }
    },
  }
}

/** Whether an archive's `byteorder` says that its numbers are big-endian, as those written on IBM Z are. */
export function isBig(byteorder: Uint8Array): boolean {
  return new TextDecoder().decode(byteorder).trim() === 'big'
}

/** The elements of a view in row-major order: the storage's own bytes where they lie in that order, else a copy. */
function viewOf(storage: Uint8Array, view: View, isBigEndian: boolean, name: string, site: Site): Tensor {
  const { type, sizes, strides, offset } = view
  const width = elementTypes[type].bits / 8
  const count = elementsOf(sizes)
  site.bound('rank', sizes.length, `weights ${name} of ${sizes.length} dimensions`)
  site.bound('elements', count, `weights ${name} of ${count} elements`)
  const last = sizes.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, offset)
  const isWithin = count === 0 || (last + 1) * width <= storage.length
  if (strides.length !== sizes.length || !Number.isSafeInteger(last) || !isWithin)
    site.fail(
      'MODEL_TENSOR',
      `has weights ${name} that go beyond their file of ${storage.length} bytes. Export it again.`,
    )
  if (count === 0) return { type, dims: sizes, data: new Uint8Array() }
  let dense = 1
  const isDense = sizes.every((_, i) => {
    const axis = sizes.length - 1 - i
    const fits = sizes[axis] === 1 || strides[axis] === dense
    dense *= sizes[axis]!
    return fits
  })
  const bytes = count * width
  site.use('tensorBytes', bytes)
  const source = storage.subarray(offset * width)
  if (!isDense) site.use('denseBytes', Math.max(0, bytes - storage.length))
  const data = isDense ? source.subarray(0, bytes) : gather(source, view, count, width)
  if (!isBigEndian || width === 1) return { type, dims: sizes, data }
  const swapped = Uint8Array.from(data)
  swapBytes(swapped, width)
  return { type, dims: sizes, data: swapped }
}

function gather(source: Uint8Array, { sizes, strides }: View, count: number, width: number): Uint8Array {
  const data = new Uint8Array(count * width)
  const index = sizes.map(() => 0)
  let from = 0
  for (let i = 0; i < count; i++) {
    for (let byte = 0; byte < width; byte++) data[i * width + byte] = source[from * width + byte]!
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < sizes[axis]!) break
      from -= sizes[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return data
}

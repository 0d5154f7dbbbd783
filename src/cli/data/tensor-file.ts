import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { UsageError } from '../../errors/index.ts'
import type { Tensor, TypeInfo } from '../../onnx/model.ts'
import { decodeTensor, decodeValue, type TestValue } from '../../onnx/test-data.ts'
import { type ElementTensorType, isTensor, type SignatureEntry } from '../../runtime/signature.ts'
import { parseJson, readJson, tensorOfJson } from './json.ts'
import { dataError, readNpy } from './npy.ts'

type NamedTensor = Pick<ElementTensorType, 'type'> & { readonly name: string }

/**
 * Reads what an input takes: a tensor as `readTensorFile`; of a sequence a `.pb` (SequenceProto) or a `.json` array with a
 * tensor for each element; for an optional the file of its element, a `.pb` (OptionalProto), or `null` in a `.json`.
 *
 * @throws UsageError `USAGE_DATA`; ModelError for a damaged `.pb`
 */
export async function readValueFile(path: string, input: SignatureEntry): Promise<TestValue> {
  if (isTensor(input)) return readTensorFile(path, input)
  const { name } = input
  if (input.type === 'map' || input.element.type === 'map')
    throw dataError(path, `maps can't be given as files, and input ${JSON.stringify(name)} is one`)
  const { element } = input
  const isSequence = element.type === 'sequence' || input.type === 'sequence'
  const tensor: NamedTensor = { name, type: element.type === 'sequence' ? element.element.type : element.type }
  const ending = extname(path).toLowerCase()
  if (ending === '.json') {
    const value = parseJson((await contentsOf(path)).toString('utf8'), path)
    if (value === null && input.type === 'optional') return undefined
    if (!isSequence) return tensorOfJson(value, path, tensor.type)
    if (!Array.isArray(value)) throw dataError(path, `a sequence is an array with a tensor for each element`)
    return value.map((item) => tensorOfJson(item, path, tensor.type))
  }
  if (ending === '.pb') return decodeValue(await contentsOf(path), typeOf(input.type, isSequence, tensor), { path })
  if (!isSequence) return readTensorFile(path, tensor)
  throw dataError(path, 'a sequence comes from a .pb or .json file')
}

function typeOf(kind: 'sequence' | 'optional', isSequence: boolean, { type }: NamedTensor): TypeInfo {
  const tensor: TypeInfo = { kind: 'tensor', type, shape: undefined }
  const element: TypeInfo = isSequence ? { kind: 'sequence', element: tensor } : tensor
  return kind === 'optional' ? { kind, element } : element
}

function contentsOf(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw dataError(path, error.code === 'ENOENT' ? 'there is no such file' : error.message)
  })
}

/**
 * Reads a tensor for an input from a `.npy`, `.pb` (TensorProto) or `.json` file.
 *
 * @throws UsageError `USAGE_DATA` if it can't be read or is of another type than the input; ModelError for a damaged `.pb`
 */
export async function readTensorFile(path: string, input: NamedTensor): Promise<Tensor> {
  const tensor = await decode(path, input)
  if (tensor.type === input.type) return tensor
  const advice = input.type === 'string' ? '' : ` Convert it, with numpy: a.astype(${JSON.stringify(input.type)}).`
  throw new UsageError(
    'USAGE_DATA',
    `${path} holds ${tensor.type}, but input ${JSON.stringify(input.name)} takes ${input.type}.${advice}`,
    { file: path, given: tensor.type, expected: input.type },
  )
}

async function decode(path: string, { type }: NamedTensor): Promise<Tensor> {
  const ending = extname(path).toLowerCase()
  if (!['.npy', '.pb', '.json'].includes(ending)) throw dataError(path, 'its name must end in .npy, .pb or .json')
  const bytes = await contentsOf(path)
  if (ending === '.npy') return readNpy(bytes, path, type)
  return ending === '.pb' ? decodeTensor(bytes, { path }) : readJson(bytes.toString('utf8'), path, type)
}

import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { UsageError } from '../../errors.ts'
import type { Tensor } from '../../onnx/model.ts'
import { decodeTensor } from '../../onnx/test-data.ts'
import type { SignatureEntry } from '../../runtime/signature.ts'
import { readJson } from './json.ts'
import { dataError, readNpy } from './npy.ts'

/**
 * Reads a tensor for an input from a `.npy`, `.pb` (TensorProto) or `.json` file.
 *
 * @throws UsageError `USAGE_DATA` if it can't be read or is of another type than the input; ModelError for a damaged `.pb`
 */
export async function readTensorFile(path: string, input: SignatureEntry): Promise<Tensor> {
  const tensor = await decode(path, input)
  if (tensor.type === input.type) return tensor
  const advice = input.type === 'string' ? '' : ` Convert it, with numpy: a.astype(${JSON.stringify(input.type)}).`
  throw new UsageError(
    'USAGE_DATA',
    `${path} holds ${tensor.type}, but input ${JSON.stringify(input.name)} takes ${input.type}.${advice}`,
    { file: path, given: tensor.type, expected: input.type },
  )
}

async function decode(path: string, { type }: SignatureEntry): Promise<Tensor> {
  const ending = extname(path).toLowerCase()
  if (!['.npy', '.pb', '.json'].includes(ending)) throw dataError(path, 'its name must end in .npy, .pb or .json')
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw dataError(path, error.code === 'ENOENT' ? 'there is no such file' : error.message)
  })
  if (ending === '.npy') return readNpy(bytes, path, type)
  return ending === '.pb' ? decodeTensor(bytes, { path }) : readJson(bytes.toString('utf8'), path, type)
}

import { readingOf } from '../compilers/hardening.ts'
import { readModel } from '../formats/read.ts'
import type { ReadOptions } from '../onnx/limits.ts'
import type { Model } from '../onnx/model.ts'
import { parseRequest } from '../request/index.ts'
import type { Invocation } from './command.ts'
import { readingFor } from './reading.ts'

/** Reads the model of an id, as its directives say: `m.tflite?signature=decode`. @throws ModelError, UsageError */
export function readById(id: string, options: ReadOptions = {}): Promise<Model> {
  const { path, directives } = parseRequest(id)
  return readModel(path, readingOf({ directives }, options))
}

/** Reads the model that a command names, in time for its signal and with its operators. @throws ModelError, UsageError */
export async function readNamed(id: string, invocation: Pick<Invocation, 'values' | 'signal'>): Promise<Model> {
  const request = parseRequest(id)
  return readModel(request.path, await readingFor(invocation, request))
}

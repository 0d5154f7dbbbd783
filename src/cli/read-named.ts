import { readingOf } from '../compilers/hardening.ts'
import { readModel } from '../formats/read.ts'
import type { Model } from '../onnx/model.ts'
import { parseRequest } from '../request/index.ts'
import type { Invocation } from './command.ts'
import { readingOption } from './operators.ts'

/** Reads the model that a command names, as its directives say: `m.tflite?signature=decode`. @throws ModelError, UsageError */
export async function readNamed(id: string, invocation: Pick<Invocation, 'values' | 'signal'>): Promise<Model> {
  const { path, directives } = parseRequest(id)
  const { signal } = invocation
  return readModel(path, { ...readingOf({ directives }), ...(await readingOption(invocation)), signal })
}

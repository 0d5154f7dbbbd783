import type { Signature, SignatureDim, SignatureEntry } from '../cache/artifact.ts'
import { collectionEntry, signatureOfGraph } from '../builtin/signature.ts'
import { CompileError } from '../errors/index.ts'
import type { ModelDocs } from '../emit/dts.ts'
import { withSizes } from '../graph/given-sizes.ts'
import { Identities } from '../graph/graph.ts'
import { importModel } from '../graph/import.ts'
import { listInfoOf, mapInfoOf } from '../graph/list.ts'
import type { Model, ValueInfo } from '../onnx/model.ts'
import { typeText } from '../onnx/type-proto.ts'
import { registryFor } from '../ops/index.ts'

/**
 * What a model takes and gives, without compiling it: as its graph infers, or, where the graph has what only another
 * compiler supports, as the file states.
 */
export function modelSignature(model: Model, dims?: ReadonlyMap<string, number>): Signature {
  const sized = withSizes(model, dims ?? new Map())
  try {
    return signatureOfGraph(importModel(sized, registryFor(model), new Identities()))
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    const { inputs, outputs } = sized.graph
    return {
      inputs: inputs.map((info) => statedEntry(model, info)),
      outputs: outputs.map((info) => statedEntry(model, info)),
    }
  }
}

/** What a model's file says of itself and of what it takes and gives. */
export function modelDocs({ docString, graph }: Model): ModelDocs {
  const values = [...graph.inputs, ...graph.outputs]
  return { model: docString, values: new Map(values.map(({ name, docString = '' }) => [name, docString])) }
}

function statedEntry(model: Model, { name, type }: ValueInfo): SignatureEntry {
  if (type?.kind === 'tensor' && type.shape) {
    return { name, type: type.type, shape: type.shape.map((dim): SignatureDim => dim ?? null) }
  }
  const info = type && type.kind !== 'tensor' && (type.kind === 'map' ? mapInfoOf(type) : listInfoOf(type))
  if (info) return collectionEntry(info, name)
  const what = type?.kind === 'tensor' ? 'of no stated rank' : type ? `of type ${typeText(type)}` : 'of no stated type'
  throw new CompileError(
    'UNSUPPORTED_SIGNATURE',
    `Model ${model.path}: ${JSON.stringify(name)} is ${what}, but inputs and outputs must be tensors of known rank, or sequences, optionals or maps of tensors.`,
    { model: model.path },
  )
}

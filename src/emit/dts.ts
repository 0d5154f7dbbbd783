import type { Signature, SignatureDim, SignatureEntry } from '../cache/artifact.ts'
import type { Metadata } from '../runtime/metadata.ts'
import type { ModelFacts } from '../runtime/model.ts'
import { isTensor, type TensorEntry } from '../runtime/signature.ts'
import { collectionInput, collectionOutput, collectionText, literalType } from './collection-types.ts'
import { jsString } from './js.ts'
import { metadataType } from './metadata-type.ts'
import { docComment } from './doc-comment.ts'
import { markedSource, statements } from './marked.ts'
import { inputsWithDims, symbolUses, typeParameterNames } from './symbols.ts'

/** What a model's file says about itself, for whoever hovers over a name: text of its author, never trusted. */
export interface ModelDocs {
  readonly model: string
  /** By name of the input or output. */
  readonly values: ReadonlyMap<string, string>
}

/** What a model's declaration is made from. */
export type Declared = Signature & { readonly docs?: ModelDocs; readonly metadata?: Metadata }

/** What a declaration tells beside the signature. */
export interface DeclarationFacts extends Pick<ModelFacts, 'name'> {
  readonly docs?: ModelDocs
  readonly metadata?: Metadata
  /** Specifier of the file that declares what belongs to the whole project; whoever reads this declaration reads that, too. */
  readonly project?: string
}

/**
 * The declaration (`model.d.onnx.ts`) of one model. It depends on the graph alone, so all targets and compilers share it.
 *
 * - Static dimensions are literals: `readonly [7, 16, 1]`.
 * - A symbolic dimension of an input is a type parameter of `run`, inferred from the inputs and carried by the outputs.
 *   Bare typed arrays say nothing about it; then it is `number`.
 * - A dimension without a name, or with a name that no input has, is `number`.
 * - Sequences are arrays; an optional input may be left out, an optional output may be `undefined`; maps of constant labels
 *   are records with these as keys.
 *
 * `facts.name` goes into the comment of the model, so that a reader finds it.
 */
export function declarationSource(
  signature: Signature,
  { name, docs, metadata = {}, project }: DeclarationFacts,
): string {
  const inputs = entriesByName(signature.inputs)
  const outputs = entriesByName(signature.outputs)
  const parameters = typeParameterNames(inputs)
  const names = [...parameters.values()]
  const declared = names.length === 0 ? '' : `<${names.map((name) => `${name} extends number = number`).join(', ')}>`
  const given = names.length === 0 ? '' : `<${names.join(', ')}>`

  const use = symbolUses(parameters)
  const withDims = inputsWithDims(inputs)
  const inputFields = inputs.map((entry): Field => {
    if (!isTensor(entry)) return { entry, ...collectionInput(entry) }
    return { entry, type: `${withDims.has(entry) ? 'ShapedInput' : 'TensorInput'}<${typeArguments(entry, use)}>` }
  })
  const outputFields = outputs.map((entry): Field => {
    if (!isTensor(entry)) return { entry, type: collectionOutput(entry) }
    return { entry, type: `Tensor<${typeArguments(entry, (name) => parameters.get(name))}>` }
  })

  const types = [...inputFields, ...outputFields].map(({ type }) => type).join()
  const used = ['MapInput', 'ShapedInput', 'SharedDim', 'Tensor', 'TensorInput'].filter((type) =>
    new RegExp(`\\b${type}<`).test(types),
  )
  const parts = [
    `import type { ${['ModelBase', ...used].join(', ')} } from 'unplugin-onnx-mlir/runtime'`,
    `export type Inputs${declared} = ${fieldsType(inputFields, docs)}`,
    `export type Outputs${declared} = ${fieldsType(outputFields, docs)}`,
    `export type Facts = {
  readonly name: string
  readonly signature: {
    readonly inputs: ${factsOf(signature.inputs)}
    readonly outputs: ${factsOf(signature.outputs)}
  }
  readonly target: string
  readonly compiler: { readonly name: 'builtin' | 'onnx-mlir'; readonly version: string }
  readonly report?: unknown
  readonly metadata: ${metadataType(metadata)}
}`,
    `interface TypedModel extends ModelBase<Facts> {
  /** Runs off the event loop's thread; inputs are copied before it returns. */
  run${declared}(inputs: Inputs${given}): Promise<Outputs${given}>
  /** The same on this thread, for small models. */
  runSync${declared}(inputs: Inputs${given}): Outputs${given}
}`,
    // Not a constant of the file, which Prettier would end with a semicolon or without one, ignored or not.
    `declare namespace onnx {\n  ${modelComment(name, inputs, outputs, docs)}\n  const model: TypedModel\n}`,
    'export default onnx.model',
    ...exportedParts.map((part) => `export declare const ${part}: TypedModel['${part}']`),
  ]
  const reference = project === undefined ? '' : `/// <reference path=${JSON.stringify(project)} />\n`
  return markedSource(reference + statements(parts))
}

/** What a model's module exports beside the model. */
export const exportedParts = [
  'run',
  'runSync',
  'inputs',
  'outputs',
  'target',
  'compiler',
  'report',
  'metadata',
] as const

/** A signature that lists one name twice breaks ONNX's rules, but must not break the user's type check. */
function entriesByName(entries: readonly SignatureEntry[]): readonly SignatureEntry[] {
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()]
}

function typeArguments(entry: TensorEntry, parameterOf: (symbol: string) => string | undefined): string {
  const dims = entry.shape.map((dim) => (typeof dim === 'string' ? parameterOf(dim) : dim) ?? 'number')
  return `'${entry.type}', readonly [${dims.join(', ')}]`
}

/** A property of `Inputs` or `Outputs`. */
interface Field {
  readonly entry: SignatureEntry
  readonly type: string
  readonly isOptional?: boolean
}

function fieldText({ entry, type, isOptional }: Field, docs: ModelDocs | undefined): string {
  const comment = docComment([entryText(entry), docs?.values.get(entry.name) ?? ''], '  ')
  return `  ${comment}\n  readonly ${propertyName(entry.name)}${isOptional ? '?' : ''}: ${type}\n`
}

/** `"x": float32 [batch, 3]` */
function entryText(entry: SignatureEntry): string {
  const text = isTensor(entry) ? `${entry.type} [${entry.shape.map(docDim).join(', ')}]` : collectionText(entry)
  return `${jsString(entry.name)}: ${text}`
}

function modelComment(
  name: string,
  inputs: readonly SignatureEntry[],
  outputs: readonly SignatureEntry[],
  docs: ModelDocs | undefined,
): string {
  const listed = (what: string, entries: readonly SignatureEntry[]): string =>
    entries.length > MOST_LISTED || entries.length === 0 ? '' : `${what} ${entries.map(entryText).join('; ')}`
  return docComment([jsString(name), docs?.model ?? '', listed('Takes', inputs), listed('Gives', outputs)], '  ')
}

/** A comment that lists more is no help. */
const MOST_LISTED = 8

function propertyName(name: string): string {
  return /^[A-Za-z$][\w$]*$/.test(name) ? name : jsString(name)
}

function fieldsType(fields: readonly Field[], docs: ModelDocs | undefined): string {
  // `{}` would accept objects with any property; this accepts none.
  if (fields.length === 0) return 'Readonly<Record<string, never>>'
  return `{\n${fields.map((field) => fieldText(field, docs)).join('')}}`
}

function factsOf(entries: readonly SignatureEntry[]): string {
  const facts = entries.map((entry) => {
    if (!isTensor(entry)) return literalType(entry)
    const { name, type, shape } = entry
    const dims = shape.map((dim) => (typeof dim === 'string' ? jsString(dim) : String(dim)))
    return `{ readonly name: ${jsString(name)}; readonly type: '${type}'; readonly shape: readonly [${dims.join(', ')}] }`
  })
  return `readonly [${facts.join(', ')}]`
}

function docDim(dim: SignatureDim): string {
  return dim === null ? '?' : typeof dim === 'number' ? String(dim) : jsString(dim).slice(1, -1)
}

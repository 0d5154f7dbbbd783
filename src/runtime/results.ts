import type { Elements } from './element-types.ts'
import { ModelRunError } from './errors.ts'
import { shorten } from './shorten.ts'
import {
  type ElementType,
  type NamedModel,
  type Signature,
  type SignatureEntry,
  type TensorEntry,
} from './signature.ts'
import type { Tensor, TensorData, TypedArray, TypedArrayConstructor } from './tensor.ts'

/** One row of a model's scores by label: without a prototype, so that any text may be a label. */
export type Row = Readonly<Record<string, unknown>>

/** A result of a model: sequences are arrays, an optional without an element is `undefined`, maps are plain objects. */
export type Result = Tensor | readonly Tensor[] | readonly Row[] | undefined

/** A tensor that left a model: memory of its own. */
export interface RawTensor {
  readonly data: ArrayBuffer | string[]
  readonly dims: readonly number[]
}

/** A sequence or optional that left a model. */
export interface RawList {
  readonly given: boolean
  readonly items: readonly RawTensor[]
}

/** The parts of the runtime that make results of what leaves a model. */
export interface ResultParts {
  /** Of the element types in the signature, by their names. */
  readonly elements: Readonly<Partial<Record<ElementType, Elements>>>
  /** Where something of the signature is no tensor. */
  readonly collections?: {
    output(model: string, entry: SignatureEntry, parts: ResultParts): (raw: RawTensor | RawList) => Result
  }
}

/** What makes results of all that left a model, in the order of its signature. */
export type Collect = (raw: readonly (RawTensor | RawList)[]) => Record<string, Result>

/** @throws ModelRunError for a map whose keys only the run knows */
export function newCollect({ name, outputs }: NamedModel, parts: ResultParts): Collect {
  const results = outputs.map((entry) => (parts.collections?.output ?? tensorOutput)(name, entry, parts))
  return (raw) => byName(outputs, (_, i) => results[i]!(raw[i]!))
}

function tensorOutput(
  _: string,
  entry: SignatureEntry,
  { elements }: ResultParts,
): (raw: RawTensor | RawList) => Tensor {
  const { type } = entry as TensorEntry
  return (raw) => tensorOf(elements[type]!, raw as RawTensor)
}

/** What results are copies of: where a name is the object's own, assigning it calls no setter of Object.prototype. */
export function blankResults({ outputs }: Pick<Signature, 'outputs'>): Readonly<Record<string, Result>> {
  return byName(outputs, () => undefined)
}

/** An own property for each entry, also for one that is called `__proto__`. */
export function byName<Value>(
  entries: readonly SignatureEntry[],
  valueOf: (entry: SignatureEntry, index: number) => Value,
): Record<string, Value> {
  return Object.fromEntries(entries.map((entry, i) => [entry.name, valueOf(entry, i)]))
}

export function tensorOf(elements: Elements, raw: RawTensor): Tensor {
  return { data: dataOf(elements, raw), dims: Object.freeze(raw.dims), type: elements.type }
}

export function dataOf({ array }: Elements, { data }: RawTensor): TensorData {
  return wrapped(array, data) as TensorData
}

/** What a model returned by itself, as data of a type. */
export function wrapped(
  array: TypedArrayConstructor | undefined,
  returned: ArrayBuffer | string[],
): TypedArray | string[] {
  return array === undefined ? (returned as string[]) : new array(returned as ArrayBuffer)
}

/** The generated declaration states what each result really is; to code without one, models are of tensors. */
export function asStated(results: Record<string, Result>): Record<string, Tensor> {
  return results as Record<string, Tensor>
}

/**
 * What a run threw as an error that names the model. Errors of ours have a `code`; memory of JavaScript's that is short has none.
 * The addon's are of the process's first realm, which that of a test of Jest is not: `instanceof` tells nothing of them.
 */
export function explained(error: unknown, model: string): unknown {
  const { name, code, message } = Object(error) as { readonly [field: string]: unknown }
  if (typeof message !== 'string') return error
  const known = typeof code === 'string' ? code : name === 'RangeError' ? 'RUN_MEMORY' : 'RUN_FAILED'
  return new ModelRunError(known, `${model}: ${shorten(message, 1000)}`, { cause: error })
}

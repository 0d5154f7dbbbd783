import { ModelRunError } from './errors.ts'
import { quote, shorten } from './shorten.ts'
import {
  type Crossing,
  crossingOf,
  type ElementType,
  type MapType,
  type Signature,
  type SignatureEntry,
} from './signature.ts'
import { storage, type Tensor, type TensorData, type TypedArray, type TypedArrayConstructor } from './tensor.ts'

/** One row of a model's scores by label: without a prototype, so that any text may be a label. */
export type Row = Readonly<Record<string, unknown>>

/** A result of a model: sequences are arrays, an optional without an element is `undefined`, maps are plain objects. */
export type Result = Tensor | readonly Tensor[] | readonly Row[] | undefined

type TensorCrossing = Extract<Crossing, { kind: 'tensor' }>

/** One output as it crosses the border out of the model, and what becomes of it. */
export interface Output {
  readonly name: string
  readonly crossing: Exclude<Crossing, { kind: 'map' }>
  /** Where the rows of the tensor are records. */
  readonly map: MapType | undefined
}

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

/** @throws ModelRunError for a map whose keys only the run knows: no compiler gives one */
export function outputOf(entry: SignatureEntry, model: string): Output {
  const crossing = crossingOf(entry)
  const { name } = entry
  if (crossing.kind === 'map')
    throw new ModelRunError('RUN_OUTPUT', `${model}: output ${quote(name)} is a map whose keys only the run knows`)
  const map = entry.type === 'sequence' && entry.element.type === 'map' ? entry.element : undefined
  return { name, crossing, map }
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

export function tensorResult({ crossing, map }: Output, data: TensorData, dims: readonly number[]): Result {
  const { type } = crossing as TensorCrossing
  return map === undefined ? { data, dims, type } : rowsOf(map, { data, dims })
}

export function listResult({ crossing }: Output, { given, items }: RawList): Result {
  const { isOptional, holds, element } = crossing as Extract<Crossing, { kind: 'list' }>
  if (isOptional && !given) return undefined
  const { type } = element
  const tensors = items.map((item) => ({ type, dims: Object.freeze(item.dims), data: dataOf(type, item) }))
  return holds === 'sequence' ? tensors : tensors[0]
}

/** What becomes of outputs that left a model in memory of their own. */
export class Results {
  readonly #outputs: readonly Output[]
  readonly #blank: Readonly<Record<string, Result>>

  constructor(model: Signature & { readonly name: string }) {
    this.#outputs = model.outputs.map((entry) => outputOf(entry, model.name))
    this.#blank = blankResults(model)
  }

  /** @param raw in the order of the signature */
  collect(raw: readonly (RawTensor | RawList)[]): Record<string, Result> {
    const results = { ...this.#blank }
    this.#outputs.forEach((output, i) => {
      const value = raw[i]!
      results[output.name] =
        'items' in value
          ? listResult(output, value)
          : tensorResult(output, dataOf((output.crossing as TensorCrossing).type, value), Object.freeze(value.dims))
    })
    return results
  }
}

/** The generated declaration states what each result really is; to code without one, models are of tensors. */
export function asStated(results: Record<string, Result>): Record<string, Tensor> {
  return results as Record<string, Tensor>
}

function dataOf(type: ElementType, { data }: RawTensor): TensorData {
  return wrapped(storage[type].array, data) as TensorData
}

/** What a model returned by itself, as data of a type. */
export function wrapped(
  array: TypedArrayConstructor | undefined,
  returned: ArrayBuffer | string[],
): TypedArray | string[] {
  return array === undefined ? (returned as string[]) : new array(returned as ArrayBuffer)
}

/** The rows of a tensor as records by label. */
export function rowsOf({ labels = [] }: MapType, { data, dims }: Pick<Tensor, 'data' | 'dims'>): Row[] {
  const values = data as ArrayLike<unknown>
  return Array.from({ length: dims[0] ?? 0 }, (_, row) => {
    const record = Object.create(null) as Record<string, unknown>
    for (let i = 0; i < labels.length; i++) record[labels[i]!] = values[row * labels.length + i]
    return record
  })
}

/** What a run threw as an error that names the model. Errors of ours have a `code`; memory of JavaScript's that is short has none. */
export function explained(error: unknown, model: string): unknown {
  if (!(error instanceof Error)) return error
  const { code } = error as { code?: unknown }
  const known = typeof code === 'string' ? code : error instanceof RangeError ? 'RUN_MEMORY' : 'RUN_FAILED'
  return new ModelRunError(known, `${model}: ${shorten(error.message, 1000)}`, { cause: error })
}

import type { Elements } from './element-types.ts'
import { ModelRunError } from './errors.ts'
import { dataOf, type RawList, type RawTensor, type Result, type ResultParts, type Row, tensorOf } from './results.ts'
import { quote } from './shorten.ts'
import { type Crossing, crossingOf, type MapType, type SignatureEntry } from './signature.ts'
import type { Tensor, TensorData } from './tensor.ts'

type TensorCrossing = Extract<Crossing, { kind: 'tensor' }>

/** One output as it crosses the border out of the model, and what becomes of it. */
export interface Output {
  readonly name: string
  readonly crossing: Exclude<Crossing, { kind: 'map' }>
  /** Where the rows of the tensor are records. */
  readonly map: MapType | undefined
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

export function tensorResult({ crossing, map }: Output, data: TensorData, dims: readonly number[]): Result {
  const { type } = crossing as TensorCrossing
  return map === undefined ? { data, dims, type } : recordsOf(map, { data, dims })
}

export function listResult({ crossing }: Output, { given, items }: RawList, elements: Elements): Result {
  const { isOptional, holds } = crossing as Extract<Crossing, { kind: 'list' }>
  if (isOptional && !given) return undefined
  const tensors = items.map((item) => tensorOf(elements, item))
  return holds === 'sequence' ? tensors : tensors[0]
}

/** What becomes of an output that may be no tensor. */
export function collectionOutput(
  model: string,
  entry: SignatureEntry,
  { elements }: ResultParts,
): (raw: RawTensor | RawList) => Result {
  const output = outputOf(entry, model)
  const { crossing } = output
  const of = elements[crossing.kind === 'list' ? crossing.element.type : crossing.type]!
  return (raw) =>
    'items' in raw ? listResult(output, raw, of) : tensorResult(output, dataOf(of, raw), Object.freeze(raw.dims))
}

/** The rows of a tensor as records by label. */
function recordsOf({ labels = [] }: MapType, { data, dims }: Pick<Tensor, 'data' | 'dims'>): Row[] {
  const values = data as ArrayLike<unknown>
  return Array.from({ length: dims[0] ?? 0 }, (_, row) => {
    const record = Object.create(null) as Record<string, unknown>
    for (let i = 0; i < labels.length; i++) record[labels[i]!] = values[row * labels.length + i]
    return record
  })
}

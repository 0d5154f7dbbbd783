import type { TypeInfo } from '../onnx/model.ts'
import type { Value, ValueInfo } from './graph.ts'
import { type ListInfo, mergeLists } from './list-info.ts'

/** A list with the rank that the model states for the tensors in it. */
export function withStatedRank(info: ValueInfo, stated: TypeInfo | undefined): ValueInfo {
  let type = stated
  while (type?.kind === 'sequence' || type?.kind === 'optional') type = type.element
  const statedRank = type?.kind === 'tensor' ? type.shape?.length : undefined
  return info.list && statedRank !== undefined ? { ...info, list: { statedRank, ...info.list } } : info
}

/** A sequence or optional as its type states it; `undefined` for one that holds something else than tensors. */
export function listInfoOf(stated: TypeInfo): (ValueInfo & { readonly list: ListInfo }) | undefined {
  const held = stated.kind === 'optional' ? stated.element : stated
  const element = held.kind === 'sequence' ? held.element : held
  if (element.kind !== 'tensor') return undefined
  const shape = element.shape?.map((dim) => (typeof dim === 'number' ? dim : undefined)) ?? 'any'
  const nested = stated.kind === 'optional' && held.kind === 'sequence'
  return {
    kind: stated.kind === 'optional' ? 'optional' : 'sequence',
    type: element.type,
    shape: undefined,
    list: { shape, ...(nested && { isNested: true }) },
  }
}

/** A map as `DictVectorizer` and `CastMap` take it; `undefined` for another. */
export function mapInfoOf({ key, value }: Extract<TypeInfo, { kind: 'map' }>): ValueInfo | undefined {
  if (value.kind !== 'tensor' || (key !== 'string' && key !== 'int64')) return undefined
  const { type } = value
  if (type !== 'float32' && type !== 'float64' && type !== 'int64' && type !== 'string') return undefined
  return { kind: 'map', type, shape: undefined, list: { shape: 'any' }, map: { type: 'map', keys: key, values: type } }
}

/** What a list knows of a tensor that is put into it. */
export function listOf(...tensors: readonly Value[]): ListInfo {
  return tensors
    .map(({ dims }): ListInfo => ({ shape: dims.map((dim) => (typeof dim === 'number' ? dim : undefined)) }))
    .reduce(mergeLists, { shape: 'none' })
}

/** Whether a value is an optional that may hold a sequence. */
export function isNested({ list, elements }: ValueInfo): boolean {
  return list?.isNested ?? elements?.some(({ kind }) => kind !== 'tensor') ?? false
}

/** `sequence of float32 [?, 3]`, for messages. */
export function describeValue(value: ValueInfo): string {
  const { kind = 'tensor', type, shape, list } = value
  const dims = kind === 'tensor' ? shape : list?.shape
  const text = dims === undefined || typeof dims === 'string' ? '' : `[${dims.map((dim) => dim ?? '?').join(', ')}]`
  if (kind === 'tensor') return type + (text || '[?]')
  return `${kind} of ${isNested(value) ? 'sequence of ' : ''}${type}${text}`
}

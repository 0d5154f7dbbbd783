import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import type { MapType } from '../../runtime/signature.ts'
import { writeRead } from '../sequence/list.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'

const domain = 'ai.onnx.ml'

/** The labels that an attribute lists: integers beyond 2^53 as text. */
function labelsOf(node: Node): Pick<MapType, 'keys'> & { readonly labels: readonly (string | number)[] } {
  const strings = node.strings('classlabels_strings') ?? []
  const ints = node.bigints('classlabels_int64s') ?? []
  if (strings.length > 0 === ints.length > 0)
    throw node.error('MODEL_ATTRIBUTE', 'either classlabels_strings or classlabels_int64s must list the labels')
  const labels: readonly (string | number)[] =
    strings.length > 0 ? strings : ints.map((int) => (isExact(int) ? Number(int) : String(int)))
  const seen = new Set<string | number>()
  const twice = labels.find((label) => seen.has(label) || !seen.add(label))
  if (twice !== undefined) throw node.error('MODEL_ATTRIBUTE', `the label ${JSON.stringify(twice)} is listed twice`)
  return { keys: strings.length > 0 ? 'string' : 'int64', labels }
}

function isExact(int: bigint): boolean {
  return Number.isSafeInteger(Number(int))
}

/**
 * ai.onnx.ml ZipMap-1: a map for each row. The rows stay a tensor, as the keys are the same in all of them; whoever runs the
 * model gets records.
 */
const ZipMap: LoweredOperator = {
  name: 'ZipMap',
  domain,
  rules: takes('X:float32', {}, (node) => {
    const { rank } = node.input(0)
    if (rank !== 1 && rank !== 2) throw node.error('MODEL_SHAPE', `its input is of rank ${rank}, not 1 or 2`)
    return [{ input: 0, axis: -1, expected: labelsOf(node).labels.length, as: 'there are labels' }]
  }),
  alias: 0,
  decompose(node, b) {
    const x = node.input(0)
    if (x.rank === 2) return undefined
    const rows = b.reshape(x, [1, ...x.dims])
    const { classlabels_strings, classlabels_int64s } = Object.fromEntries(node.attributes)
    return [b.op('ZipMap', [rows], { classlabels_strings, classlabels_int64s }, domain)]
  },
  infer(node) {
    const { type, dims } = node.input(0)
    return [{ type, shape: dims, map: { type: 'map', values: 'float32', ...labelsOf(node) } }]
  },
}

/** The compiler's own: the keys (0) or the values (1) of a map. */
const MapPart: LoweredOperator = {
  name: 'MapPart',
  domain: 'om',
  rules: takes('map:map'),
  infer(node, context) {
    const { keys, values } = node.input(0).map!
    return [{ type: node.has('keys') ? keys : values, shape: [context.freshDim()] }]
  },
  control(node, c) {
    c.line('{')
    writeRead(c, `${c.list(node.input(0))}->items[${node.has('keys') ? 0 : 1}]`, node.output())
    c.line('}')
  },
}

interface Parts {
  readonly keys: Value
  readonly values: Value
}

function partsOf(b: Builder, map: Value): Parts {
  return { keys: b.op('MapPart', [map], { keys: 1 }, 'om'), values: b.op('MapPart', [map], {}, 'om') }
}

/** The values of keys, in one row; `missing` for those that a map does not have. */
function valuesOf(b: Builder, { keys, values }: Parts, wanted: Value, missing: number | string): Value {
  const otherwise =
    typeof missing === 'string' ? b.constant(tensorFrom('string', [], [missing])) : b.scalar(missing, values.type)
  return b.reshape(b.op('LookUp', [wanted, keys, values, otherwise], {}, 'om'), [1, ...wanted.dims])
}

/** ai.onnx.ml DictVectorizer-1: the values of a vocabulary's keys; others are ignored, as onnxruntime does. */
const DictVectorizer: LoweredOperator = {
  name: 'DictVectorizer',
  domain,
  rules: takes('X:map'),
  infer: () => [],
  decompose(node, b) {
    const { keys } = node.input(0).map!
    const strings = node.strings('string_vocabulary')
    const ints = node.bigints('int64_vocabulary')
    if (keys === 'string' ? !strings : !ints)
      throw node.error('MODEL_ATTRIBUTE', `its map has keys of type ${keys}, for which there is no vocabulary`)
    const vocabulary = keys === 'string' ? b.constant(tensorFrom('string', [strings!.length], strings!)) : b.ints(ints!)
    const parts = partsOf(b, node.input(0))
    return [valuesOf(b, parts, vocabulary, parts.values.type === 'string' ? '' : 0)]
  },
}

/** ai.onnx.ml CastMap-1: the values in the order of their keys, or each at the place that its key says. */
const CastMap: LoweredOperator = {
  name: 'CastMap',
  domain,
  rules: takes('X:map'),
  infer: () => [],
  decompose(node, b) {
    const map = node.input(0)
    if (map.map!.keys !== 'int64') throw node.error('MODEL_TYPES', 'the keys of its map should be of type int64')
    const types = { TO_FLOAT: 'float32', TO_STRING: 'string', TO_INT64: 'int64' } as const
    const wanted = node.string('cast_to', 'TO_FLOAT')
    const type = Object.hasOwn(types, wanted) ? types[wanted as keyof typeof types] : undefined
    if (!type) throw node.error('MODEL_ATTRIBUTE', `cast_to ${JSON.stringify(wanted)} is not supported`)
    const { keys, values } = partsOf(b, map)
    const cast = castTo(b, values, type)
    if (node.string('map_form', 'DENSE') !== 'SPARSE') return [b.reshape(cast, [1, ...cast.dims])]
    const zero = b.ints([0])
    const least = b.op('ReduceMin', [b.op('Concat', [keys, zero], { axis: 0 })], { keepdims: 0 })
    const sentence = 'a key of a sparse map is negative'
    b.ops('Require', [b.op('Equal', [least, b.scalar(0, 'int64')])], 0, { holds: 1, sentence }, 'om')
    const places = b.ints([...Array(node.int('max_map', 1)).keys()])
    // What onnxruntime fills with (its cast_map.cc, 2024).
    return [valuesOf(b, { keys, values: cast }, places, type === 'string' ? '0.f' : 0)]
  },
}

export const maps: readonly LoweredOperator[] = [ZipMap, MapPart, DictVectorizer, CastMap]

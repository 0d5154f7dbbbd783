import { elementTypeOf } from './element-type.ts'
import type { onnx } from './generated/onnx.js'
import type { OnnxDim, TypeInfo, ValueInfo } from './model.ts'
import { quote, type Site } from './reading.ts'
import { readElementType } from './tensor-proto.ts'

/** A `ValueInfoProto`; its type is absent where the file states none, or one without an element type. */
export function readValueInfo(proto: onnx.ValueInfoProto, graph: Site): ValueInfo {
  const name = proto.name ?? ''
  const said = proto.docString ? { docString: proto.docString } : {}
  if (!proto.type || isUnstated(proto.type)) return { name, type: undefined, ...said }
  return { name, type: readType(proto.type, graph.part(`the value ${quote(name)}`)), ...said }
}

/** Some exporters write a type that says nothing: no kind at all, or a tensor of element type 0. */
function isUnstated(proto: onnx.TypeProto): boolean {
  return proto.value === undefined || (proto.value === 'tensorType' && (proto.tensorType?.elemType ?? 0) === 0)
}

/** A `TypeProto` as plain data. Sparse and opaque types are errors. */
export function readType(proto: onnx.TypeProto, site: Site): TypeInfo {
  const nested = (type: onnx.TypeProto | null | undefined): TypeInfo =>
    type ? readType(type, site) : site.fail('MODEL_TYPE', 'has a type without an element type. Export it again.')
  switch (proto.value) {
    case 'tensorType':
      return {
        kind: 'tensor',
        type: readElementType(proto.tensorType?.elemType ?? null, site),
        shape: readShape(proto.tensorType?.shape, site),
      }
    case 'sequenceType':
      return { kind: 'sequence', element: nested(proto.sequenceType?.elemType) }
    case 'optionalType':
      return { kind: 'optional', element: nested(proto.optionalType?.elemType) }
    case 'mapType': {
      const key = elementTypeOf(proto.mapType?.keyType ?? 0)
      if (key === undefined) return site.fail('MODEL_TYPE', 'is a map without a key type. Export it again.')
      return { kind: 'map', key, value: nested(proto.mapType?.valueType) }
    }
    case 'sparseTensorType':
      return site.fail(
        'MODEL_TYPE',
        'is a sparse tensor at run time, which this package does not support; make it dense.',
      )
    case 'opaqueType':
      return site.fail('MODEL_TYPE', 'has an opaque type, which no compiler here knows.')
    case undefined:
      return site.fail('MODEL_TYPE', 'has an empty type. Export it again.')
  }
}

function readShape(shape: onnx.TensorShapeProto | null | undefined, site: Site): OnnxDim[] | undefined {
  if (!shape) return undefined
  site.bound('rank', shape.dim.length, `${shape.dim.length} dimensions`)
  return shape.dim.map((dim) => {
    if (dim.value === 'dimValue') return readDim(dim.dimValue ?? 0n, site)
    // An empty name is how some exporters leave a dimension open.
    return dim.dimParam || undefined
  })
}

function readDim(dim: bigint, site: Site): OnnxDim {
  // -1, as in NumPy, is how some exporters leave a dimension open.
  if (dim === -1n) return undefined
  if (dim < 0n) site.fail('MODEL_TYPE', `has the negative dimension ${dim}. Export it again.`)
  site.bound('elements', Number(dim), `the dimension ${dim}`)
  return Number(dim)
}

/** `sequence(float32)`, for people. */
export function typeText(type: TypeInfo): string {
  switch (type.kind) {
    case 'tensor':
      return type.type
    case 'map':
      return `map(${type.key}, ${typeText(type.value)})`
    default:
      return `${type.kind}(${typeText(type.element)})`
  }
}

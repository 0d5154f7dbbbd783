import type { onnx } from './generated/onnx.js'
import type { Attribute, OnnxGraph } from './model.ts'
import type { Site } from './reading.ts'
import { readSparse } from './sparse.ts'
import { readTensor } from './tensor-proto.ts'
import { readType } from './type-proto.ts'
import { floatValues, int64Values, utf8 } from './wire.ts'

/** Numbers of `AttributeProto.AttributeType`. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  type: 13,
  types: 14,
} as const

/** An `AttributeProto` as plain data; sparse tensors become dense. */
export function readAttribute(
  proto: onnx.AttributeProto,
  readGraph: (graph: onnx.GraphProto) => OnnxGraph,
  site: Site,
): Attribute {
  if (proto.refAttrName) return { kind: 'reference', value: proto.refAttrName }
  const present = <T>(value: T | null): T =>
    value ?? site.fail('MODEL_NODE', 'has no value of its type. Export it again.')
  const { limits } = site.reading
  return site.wire((): Attribute => {
    switch (proto.type) {
      case attributeTypes.float:
        return { kind: 'float', value: proto.f ?? 0 }
      case attributeTypes.int:
        return { kind: 'int', value: proto.i ?? 0n }
      case attributeTypes.string:
        return { kind: 'string', value: utf8(proto.s ?? new Uint8Array()) }
      case attributeTypes.tensor:
        return { kind: 'tensor', value: readTensor(present(proto.t), site) }
      case attributeTypes.sparseTensor:
        return { kind: 'tensor', value: readSparse(present(proto.sparseTensor), site) }
      case attributeTypes.graph:
        return { kind: 'graph', value: readGraph(present(proto.g)) }
      case attributeTypes.type:
        return { kind: 'type', value: readType(present(proto.tp), site) }
      case attributeTypes.floats:
        return { kind: 'floats', value: floatValues(proto.floats, limits) }
      case attributeTypes.ints:
        return { kind: 'ints', value: int64Values(proto.ints, limits) }
      case attributeTypes.strings:
        return { kind: 'strings', value: proto.strings.map(utf8) }
      case attributeTypes.tensors:
        return { kind: 'tensors', value: proto.tensors.map((tensor) => readTensor(tensor, site)) }
      case attributeTypes.sparseTensors:
        return { kind: 'tensors', value: proto.sparseTensors.map((sparse) => readSparse(sparse, site)) }
      case attributeTypes.graphs:
        return { kind: 'graphs', value: proto.graphs.map(readGraph) }
      case attributeTypes.types:
        return { kind: 'types', value: proto.typeProtos.map((type) => readType(type, site)) }
      default:
        return site.fail('MODEL_NODE', `has the type number ${proto.type ?? 0}, which ONNX 1.22 does not define.`)
    }
  })
}

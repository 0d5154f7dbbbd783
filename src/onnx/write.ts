import { attributeTypes } from './attribute-proto.ts'
import { elementTypes } from './element-type.ts'
import { onnx } from './generated/onnx.js'
import type {
  Attribute,
  Model,
  OnnxDim,
  OnnxFunction,
  OnnxGraph,
  OnnxNode,
  Tensor,
  TypeInfo,
  ValueInfo,
} from './model.ts'
import { WireWriter } from './wire.ts'

/** What a file is written from: a `Model` that was read, or one made by hand. */
export type WritableModel = Omit<Model, 'path' | 'files' | 'format'>

/** The bytes of an ONNX file. Everything is in them, external data of the model included. */
export function encodeModel(model: WritableModel): Uint8Array {
  const message: onnx.ModelProto.$Properties = {
    irVersion: BigInt(model.irVersion),
    producerName: model.producer,
    docString: model.docString,
    opsetImport: opsetProtos(model.opsets),
    metadataProps: Array.from(model.metadata, ([key, value]) => ({ key, value })),
    graph: graphProto(model.graph),
    functions: Array.from(model.functions, ([key, fn]) => functionProto(key, fn)),
  }
  return onnx.ModelProto.encode(message, new WireWriter()).finish()
}

/** The bytes of a `TensorProto`, as `.pb` files of backend tests hold. */
export function encodeTensor(tensor: Tensor, name = ''): Uint8Array {
  return onnx.TensorProto.encode(tensorProto(tensor, name), new WireWriter()).finish()
}

function opsetProtos(opsets: ReadonlyMap<string, number>): onnx.OperatorSetIdProto.$Properties[] {
  return Array.from(opsets, ([domain, version]) => ({ domain, version: BigInt(version) }))
}

function graphProto(graph: OnnxGraph): onnx.GraphProto.$Properties {
  return {
    name: graph.name,
    input: graph.inputs.map(valueInfoProto),
    output: graph.outputs.map(valueInfoProto),
    valueInfo: Array.from(graph.valueInfo.values(), valueInfoProto),
    initializer: Array.from(graph.initializers, ([name, tensor]) => tensorProto(tensor, name)),
    node: graph.nodes.map(nodeProto),
  }
}

/** `key` is `domain:name:overload`. */
function functionProto(key: string, fn: OnnxFunction): onnx.FunctionProto.$Properties {
  return {
    name: fn.name,
    domain: fn.domain,
    overload: key.slice(`${fn.domain}:${fn.name}:`.length) || null,
    opsetImport: opsetProtos(fn.opsets),
    input: [...fn.inputs],
    output: [...fn.outputs],
    attribute: [...fn.attributes],
    attributeProto: Array.from(fn.attributeDefaults, ([name, attribute]) => attributeProto(name, attribute)),
    node: fn.nodes.map(nodeProto),
  }
}

function nodeProto(node: OnnxNode): onnx.NodeProto.$Properties {
  return {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    // Absent unless used: readers of IR versions below 10 don't know it.
    overload: node.overload || null,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Array.from(node.attributes, ([name, attribute]) => attributeProto(name, attribute)),
  }
}

function attributeProto(name: string, attribute: Attribute): onnx.AttributeProto.$Properties {
  if (attribute.kind === 'reference') return { name, refAttrName: attribute.value }
  return { name, type: attributeTypes[attribute.kind], ...attributeValue(attribute) }
}

function attributeValue(attribute: Exclude<Attribute, { kind: 'reference' }>): onnx.AttributeProto.$Properties {
  switch (attribute.kind) {
    case 'float':
      return { f: attribute.value }
    case 'int':
      return { i: attribute.value }
    case 'string':
      return { s: Buffer.from(attribute.value) }
    case 'tensor':
      return { t: tensorProto(attribute.value) }
    case 'graph':
      return { g: graphProto(attribute.value) }
    case 'type':
      return { tp: typeProto(attribute.value) }
    case 'floats':
      return { floats: [...attribute.value] }
    case 'ints':
      return { ints: [...attribute.value] }
    case 'strings':
      return { strings: attribute.value.map((text) => Buffer.from(text)) }
    case 'tensors':
      return { tensors: attribute.value.map((tensor) => tensorProto(tensor)) }
    case 'graphs':
      return { graphs: attribute.value.map(graphProto) }
    case 'types':
      return { typeProtos: attribute.value.map(typeProto) }
  }
}

function tensorProto(tensor: Tensor, name = ''): onnx.TensorProto.$Properties {
  const { type, dims, data, strings } = tensor
  const head = { name: name || null, dims: dims.map(BigInt), dataType: elementTypes[type].code }
  return type === 'string'
    ? { ...head, stringData: (strings ?? []).map((text) => Buffer.from(text)) }
    : { ...head, rawData: data }
}

function valueInfoProto({ name, type, docString }: ValueInfo): onnx.ValueInfoProto.$Properties {
  return { name, type: type && typeProto(type), docString: docString ?? null }
}

function typeProto(type: TypeInfo): onnx.TypeProto.$Properties {
  switch (type.kind) {
    case 'tensor':
      return { tensorType: { elemType: elementTypes[type.type].code, shape: type.shape && shapeProto(type.shape) } }
    case 'sequence':
      return { sequenceType: { elemType: typeProto(type.element) } }
    case 'optional':
      return { optionalType: { elemType: typeProto(type.element) } }
    case 'map':
      return { mapType: { keyType: elementTypes[type.key].code, valueType: typeProto(type.value) } }
  }
}

function shapeProto(shape: readonly OnnxDim[]): onnx.TensorShapeProto.$Properties {
  return {
    dim: shape.map((dim) => {
      if (dim === undefined) return {}
      return typeof dim === 'number' ? { dimValue: BigInt(dim) } : { dimParam: dim }
    }),
  }
}

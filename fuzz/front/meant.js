import { elementTypeOf, elementTypes, packedBytes } from '../../dist/onnx/element-type.js'
import { copyOf, make, messagesOf, onnx } from './messages.js'
import { dims, floats, integers, strings } from './values.js'

// Mutations that know ONNX: what they make decodes, and so gets further than what a blind change leaves. Each is given
// the model and what to make of it, and returns `false` where it finds nothing to change.

const typeCodes = Object.values(elementTypes).map(({ code }) => code)

export const meantMutations = [
  /** An input of another element type. */
  (model, { random }) => change(random, tensorTypes(model), (type) => (type.elemType = random.pick(typeCodes))),

  /** An input with another size, an unknown one, or a rank of its own. */
  (model, { random }) =>
    change(random, tensorTypes(model), (type) => {
      const list = type.shape?.dim ?? []
      const choice = random.below(8)
      if (choice === 0) type.shape = null
      else if (choice === 1) list.splice(random.below(list.length + 1), 1)
      else if (choice === 2) type.shape = make(onnx.TensorShapeProto, { dim: [...list, dimension(random.pick(dims))] })
      else if (choice === 3) for (const i of list.keys()) list[i] = dimension(`n${i}`)
      else if (list.length > 0) list[random.below(list.length)] = dimension(random.pick(dims))
    }),

  /** A tensor of another element type, with bytes for as many elements. */
  (model, { random }) =>
    change(random, smallTensors(model), (tensor) => refill(tensor, random.pick(typeCodes), tensor.dims, random)),

  /** A tensor of other dimensions, with bytes for them. */
  (model, { random }) =>
    change(random, smallTensors(model), (tensor) => {
      const sizes = tensor.dims.map(Number)
      const at = random.below(sizes.length)
      const choice = random.below(6)
      if (choice === 0) sizes.splice(at, 1)
      else if (choice === 1) sizes.splice(at, 0, random.between(1, 2))
      else if (choice === 2) sizes.reverse()
      else if (choice === 3) sizes.length = 0
      else if (sizes.length > 0) sizes[at] = choice === 4 ? random.below(4) : sizes[at] + random.between(-1, 1)
      refill(
        tensor,
        tensor.dataType,
        sizes.map((size) => BigInt(Math.max(0, size))),
        random,
      )
    }),

  /** Telling values in a tensor. */
  (model, { random }) =>
    change(random, smallTensors(model), (tensor) => refill(tensor, tensor.dataType, tensor.dims, random)),

  /** What was constant is known in the run only. */
  (model, { random }) =>
    change(
      random,
      graphsOf(model).filter(({ initializer }) => initializer.length > 0),
      (graph) => {
        const [tensor] = graph.initializer.splice(random.below(graph.initializer.length), 1)
        const sizes = tensor.dims.map((size) => dimension(random.chance(0.5) ? `s${random.below(3)}` : Number(size)))
        graph.input.push(input(tensor.name, tensor.dataType, sizes))
      },
    ),

  /** What was known in the run only is constant. */
  (model, { random }) =>
    change(
      random,
      graphsOf(model).filter(({ input: list }) => list.length > 0),
      (graph) => {
        const at = random.below(graph.input.length)
        const type = graph.input[at].type?.tensorType
        if (!type?.elemType) return
        const sizes = (type.shape?.dim ?? []).map((dim) => BigInt.asUintN(2, dim.dimValue ?? 2n))
        const tensor = make(onnx.TensorProto, { name: graph.input[at].name })
        refill(tensor, type.elemType, sizes, random)
        graph.input.splice(at, 1)
        graph.initializer.push(tensor)
      },
    ),

  /** A node that takes another value. */
  (model, { random }) =>
    change(random, graphsWithNodes(model), (graph) => {
      const at = random.below(graph.node.length)
      const names = [...graph.input, ...graph.initializer].map(({ name }) => name)
      const before = graph.node.slice(0, at).flatMap(({ output }) => output)
      const { input: list } = graph.node[at]
      const choice = random.below(6)
      if (choice === 0) list.push(random.pick([...names, ...before]) ?? '')
      else if (choice === 1) list.pop()
      else if (choice === 2) list.reverse()
      else if (list.length > 0)
        list[random.below(list.length)] = choice === 3 ? '' : (random.pick([...names, ...before]) ?? '')
    }),

  /** A node with outputs more or less. */
  (model, { random }) =>
    change(random, nodesOf(model), ({ output }) => {
      if (random.chance(0.5)) output.push(`more${output.length}`)
      else if (output.length > 1) output.pop()
      else output[0] = ''
    }),

  /** Another operator on the same inputs. */
  (model, { random, operators }) => change(random, nodesOf(model), (node) => (node.opType = random.pick(operators))),

  /** An attribute less, or one of another node of any model. */
  (model, { random, attributes }) =>
    change(random, nodesOf(model), (node) => {
      if (node.attribute.length > 0 && random.chance(0.4)) node.attribute.splice(random.below(node.attribute.length), 1)
      else {
        const own = attributes.get(node.opType) ?? []
        const added = copyOf(random.pick(own.length > 0 && random.chance(0.8) ? own : [...attributes.values()].flat()))
        if (added) node.attribute = [...node.attribute.filter(({ name }) => name !== added.name), added]
      }
    }),

  /** An attribute of another value or kind. */
  (model, { random }) =>
    change(
      random,
      nodesOf(model).flatMap(({ attribute }) => attribute),
      (attribute) => {
        if (random.chance(0.15)) attribute.type = random.between(1, 14)
        const number = () => random.pick(integers)
        if (attribute.ints?.length > 0) {
          const choice = random.below(4)
          if (choice === 0) attribute.ints.push(number())
          else if (choice === 1) attribute.ints.pop()
          else
            attribute.ints[random.below(attribute.ints.length)] =
              choice === 2 ? number() : BigInt(random.between(-3, 5))
        } else if (attribute.floats?.length > 0)
          attribute.floats[random.below(attribute.floats.length)] = random.pick(floats)
        else if (attribute.s?.length > 0) attribute.s = Buffer.from(random.pick(strings))
        else if (typeof attribute.f === 'number' && attribute.type === 1) attribute.f = random.pick(floats)
        else attribute.i = random.chance(0.5) ? number() : BigInt(random.between(-6, 6))
      },
    ),

  /** The rules of another opset. */
  (model, { random }) =>
    change(random, model.opsetImport, (opset) => (opset.version = BigInt(random.between(1, opset.domain ? 6 : 27)))),

  /** A value inside becomes a result. */
  (model, { random }) =>
    change(random, graphsWithNodes(model), (graph) => {
      const names = graph.node
        .flatMap(({ output }) => output)
        .filter((name) => !graph.output.some((o) => o.name === name))
      if (names.length > 0) graph.output.push(make(onnx.ValueInfoProto, { name: random.pick(names) }))
    }),

  /** A node missing, or twice. */
  (model, { random }) =>
    change(random, graphsWithNodes(model), (graph) => {
      const at = random.below(graph.node.length)
      if (random.chance(0.5)) graph.node.splice(at, 1)
      else {
        const copy = copyOf(graph.node[at])
        copy.output = copy.output.map((name) => name && `${name}_again`)
        graph.node.splice(at + 1, 0, copy)
        const name = copy.output[0]
        if (name) graph.output.push(make(onnx.ValueInfoProto, { name }))
      }
    }),
]

function change(random, list, make) {
  if (list.length === 0) return false
  make(random.pick(list))
  return true
}

function graphsOf(model) {
  return messagesOf(model, onnx.GraphProto)
}

function graphsWithNodes(model) {
  return graphsOf(model).filter(({ node }) => node.length > 0)
}

function nodesOf(model) {
  return messagesOf(model, onnx.NodeProto)
}

function tensorTypes(model) {
  return graphsOf(model).flatMap((graph) => graph.input.map(({ type }) => type?.tensorType).filter((type) => type))
}

/** Tensors that may be written anew at little cost: those that parametrise operators are small. */
function smallTensors(model) {
  return messagesOf(model, onnx.TensorProto).filter(({ dims: sizes }) => count(sizes) <= 4096)
}

function count(sizes) {
  return sizes.reduce((product, size) => product * Number(size), 1)
}

function dimension(size) {
  if (typeof size === 'number') return make(onnx.TensorShapeProto.Dimension, { dimValue: BigInt(size) })
  return make(onnx.TensorShapeProto.Dimension, size === undefined ? {} : { dimParam: size })
}

function input(name, elemType, dim) {
  const shape = make(onnx.TensorShapeProto, { dim })
  const tensorType = make(onnx.TypeProto.Tensor, { elemType, shape })
  return make(onnx.ValueInfoProto, { name, type: make(onnx.TypeProto, { tensorType }) })
}

/** Gives a tensor a type, dimensions, and contents that are as long as those ask for. */
function refill(tensor, dataType, sizes, random) {
  const type = elementTypeOf(dataType)
  const elements = Math.min(count(sizes), 4096)
  Object.assign(tensor, { dataType, dims: sizes, rawData: null })
  for (const field of ['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data', 'stringData'])
    tensor[field] = []
  if (type === undefined) return
  if (type === 'string') {
    tensor.stringData = Array.from({ length: elements }, () => Buffer.from(random.pick(strings.slice(0, 4))))
    return
  }
  const bytes = new Uint8Array(packedBytes(type, elements))
  const view = new DataView(bytes.buffer)
  const isTelling = random.chance(0.3)
  for (let i = 0; i < elements; i++) {
    if (type === 'float32') view.setFloat32(4 * i, isTelling ? random.pick(floats) : random.between(-2, 6), true)
    else if (type === 'float64') view.setFloat64(8 * i, isTelling ? random.pick(floats) : random.between(-2, 6), true)
    else if (/^u?int64$/.test(type))
      view.setBigInt64(8 * i, isTelling ? random.pick(integers) : BigInt(random.between(-2, 6)), true)
    else if (/^u?int32$/.test(type)) view.setInt32(4 * i, random.between(-2, 6), true)
    else if (type === 'bool') bytes[i] = random.below(2)
  }
  if (!/^(?:float32|float64|u?int64|u?int32|bool)$/.test(type))
    for (const i of bytes.keys()) bytes[i] = random.below(256)
  tensor.rawData = bytes
}

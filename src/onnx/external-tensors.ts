import type { onnx } from './generated/onnx.js'

/** Value of `TensorProto.data_location` for data in another file. */
export const inExternalFile = 1

/** All tensors of a model whose data is in other files: of graphs, functions and attributes, at any depth. */
export function* externalTensors(model: onnx.ModelProto): Generator<onnx.TensorProto> {
  for (const tensor of tensorsOf(model)) if (tensor.dataLocation === inExternalFile) yield tensor
}

function* tensorsOf(model: onnx.ModelProto): Generator<onnx.TensorProto> {
  if (model.graph) yield* ofGraph(model.graph)
  for (const { node, attributeProto } of model.functions) {
    yield* ofNodes(node)
    yield* ofAttributes(attributeProto)
  }
}

function* ofGraph(graph: onnx.GraphProto): Generator<onnx.TensorProto> {
  yield* graph.initializer
  yield* ofSparse(graph.sparseInitializer)
  yield* ofNodes(graph.node)
}

function* ofNodes(nodes: readonly onnx.NodeProto[]): Generator<onnx.TensorProto> {
  for (const { attribute } of nodes) yield* ofAttributes(attribute)
}

function* ofAttributes(attributes: readonly onnx.AttributeProto[]): Generator<onnx.TensorProto> {
  for (const { t, tensors, sparseTensor, sparseTensors, g, graphs } of attributes) {
    if (t) yield t
    yield* tensors
    yield* ofSparse(sparseTensor ? [sparseTensor, ...sparseTensors] : sparseTensors)
    if (g) yield* ofGraph(g)
    for (const graph of graphs) yield* ofGraph(graph)
  }
}

function* ofSparse(sparse: readonly onnx.SparseTensorProto[]): Generator<onnx.TensorProto> {
  for (const { values, indices } of sparse) {
    if (values) yield values
    if (indices) yield indices
  }
}

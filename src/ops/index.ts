import { OnnxMlirError } from '../errors/index.ts'
import { type Graph, Identities, type Node } from '../graph/graph.ts'
import { importModel } from '../graph/import.ts'
import type { Model } from '../onnx/model.ts'
import type { UserOperator } from '../onnx/user-operator.ts'
import { activations } from './math/activations.ts'
import { arithmetic } from './math/arithmetic.ts'
import { attention } from './nn/attention.ts'
import { batchNormalizations } from './nn/batch-normalization.ts'
import { casts } from './math/cast.ts'
import { checks } from './control/check.ts'
import { constants } from './tensor/constant.ts'
import { controlFlow } from './control/control-flow.ts'
import { convolutions } from './nn/convolution.ts'
import { transposedConvolutions } from './nn/convolution-transpose.ts'
import { determinants } from './math/determinant.ts'
import { einsum } from './math/einsum.ts'
import { flexAttention } from './nn/flex-attention.ts'
import { fourier } from './signal/fourier.ts'
import { images } from './image/image.ts'
import { layerNormalizations } from './nn/layer-normalization.ts'
import { linearAttention } from './nn/linear-attention.ts'
import { lists } from './sequence/list.ts'
import { logic } from './math/logic.ts'
import { cumulatives } from './math/cumulative.ts'
import { byteTableOperators } from './passes/byte-tables.ts'
import { byteOperators } from './quantized/byte-operators.ts'
import { losses } from './training/losses.ts'
import type { LoweredOperator } from '../lowering/lowering.ts'
import { maps } from './ml/maps.ts'
import { matmul } from './math/matmul.ts'
import { machineLearning } from './ml/ml.ts'
import { linearMachines } from './ml/ml-linear.ts'
import { movement } from './tensor/movement.ts'
import { normalizations } from './nn/normalization.ts'
import { packings } from './nn/packing.ts'
import { pooling } from './nn/pooling.ts'
import { optionals } from './sequence/optional.ts'
import { quantizations } from './quantized/quantization.ts'
import { quantizedProducts } from './quantized/quantized-products.ts'
import { random } from './tensor/random.ts'
import { ranges } from './tensor/range.ts'
import { recurrent } from './recurrent/recurrent.ts'
import { reductions } from './reduction/reduction.ts'
import { makeRegistry, type RegistryOf } from './registry.ts'
import { resizing } from './image/resize.ts'
import { sampling } from './image/sampling.ts'
import { scans } from './control/scan.ts'
import { selections } from './reduction/selection.ts'
import { sequences } from './sequence/sequence.ts'
import { sequenceMaps } from './sequence/sequence-map.ts'
import { sequenceParts } from './sequence/sequence-parts.ts'
import { shapes } from './tensor/shape.ts'
import { softmax } from './nn/softmax.ts'
import { streamingAttention } from './nn/streaming-attention.ts'
import { spaceToDepth } from './image/space-to-depth.ts'
import { strings } from './text/strings.ts'
import { suppressions } from './image/suppression.ts'
import { textNumbers } from './text/text-numbers.ts'
import { tfIdf } from './text/tf-idf.ts'
import { training } from './training/training.ts'
import { contrib } from './contrib/index.ts'
import { transpose } from './tensor/transpose.ts'
import { transposedProducts } from './math/transposed-product.ts'
import { trees } from './ml/trees.ts'
import { unary } from './math/unary.ts'
import { unpooling } from './nn/unpooling.ts'
import { userCalls } from './user/call.ts'
import { withKernels } from './user/kernel.ts'
import { userOperator } from './user/operator.ts'
import { weights } from './nn/weights.ts'
import { windowFunctions } from './signal/window-functions.ts'

/** Every operator that the built-in compiler knows. A new family is a file and a line here. */
export const operators: readonly LoweredOperator[] = [
  ...checks,
  ...constants,
  ...shapes,
  ...movement,
  ...attention,
  ...flexAttention,
  ...linearAttention,
  ...streamingAttention,
  ...transpose,
  ...unary,
  ...activations,
  ...arithmetic,
  ...logic,
  ...casts,
  ...textNumbers,
  ...matmul,
  ...transposedProducts,
  ...convolutions,
  ...packings,
  ...weights,
  ...pooling,
  ...unpooling,
  ...transposedConvolutions,
  ...suppressions,
  ...lists,
  ...sequences,
  ...sequenceParts,
  ...sequenceMaps,
  ...optionals,
  ...machineLearning,
  ...linearMachines,
  ...maps,
  ...trees,
  ...strings,
  ...tfIdf,
  ...resizing,
  ...sampling,
  ...batchNormalizations,
  ...normalizations,
  ...layerNormalizations,
  ...quantizations,
  ...byteTableOperators,
  ...byteOperators,
  ...quantizedProducts,
  ...ranges,
  ...reductions,
  ...selections,
  ...cumulatives,
  ...einsum,
  ...determinants,
  ...images,
  ...losses,
  ...training,
  ...random,
  ...windowFunctions,
  ...fourier,
  ...softmax,
  ...spaceToDepth,
  ...recurrent,
  ...controlFlow,
  ...scans,
  ...contrib,
  ...userCalls,
]

export const registry = makeRegistry(operators)

/** Ours, and what the user defines for a model, which goes first. `kernels`: what stands for ours on a target. */
export function registryFor(
  { operators: defined }: Pick<Model, 'operators'>,
  kernels: readonly UserOperator[] = [],
): RegistryOf<LoweredOperator> {
  const ours = withKernels(registry, kernels)
  if (!defined || defined.length === 0) return ours
  const own = makeRegistry(defined.map((one) => userOperator(one)))
  return { find: (domain, op, version) => own.find(domain, op, version) ?? ours.find(domain, op, version) }
}

/** The definition that a node of the compiler's graph follows. */
export function operatorOf(node: Node): LoweredOperator {
  const operator = registry.find(node.domain, node.op, node.version)
  if (!operator) throw node.error('UNSUPPORTED_OPERATOR', 'this operator is not supported by the built-in compiler')
  return operator
}

/**
 * The graph of a model as it is written, with nothing optimised.
 *
 * @param dims sizes by name, see graph/given-sizes.ts
 * @throws ModelError, CompileError as `importModel`
 */
export function graphOf(model: Model, dims: ReadonlyMap<string, number>): Graph {
  return importModel(model, registryFor(model), new Identities(), { dims })
}

/** The same; `undefined` where the built-in compiler can't read the model. */
export function graphIfReadable(model: Model, dims: ReadonlyMap<string, number>): Graph | undefined {
  try {
    return graphOf(model, dims)
  } catch (error) {
    if (error instanceof OnnxMlirError) return undefined
    throw error
  }
}

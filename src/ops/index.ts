import { OnnxMlirError } from '../errors.ts'
import { type Graph, Identities, type Node } from '../graph/graph.ts'
import { importModel } from '../graph/import.ts'
import type { Model } from '../onnx/model.ts'
import { activations } from './activations.ts'
import { arithmetic } from './arithmetic.ts'
import { attention } from './attention.ts'
import { batchNormalizations } from './batch-normalization.ts'
import { casts } from './cast.ts'
import { checks } from './check.ts'
import { constants } from './constant.ts'
import { controlFlow } from './control-flow.ts'
import { convolutions } from './convolution.ts'
import { transposedConvolutions } from './convolution-transpose.ts'
import { determinants } from './determinant.ts'
import { einsum } from './einsum.ts'
import { flexAttention } from './flex-attention.ts'
import { fourier } from './fourier.ts'
import { images } from './image.ts'
import { layerNormalizations } from './layer-normalization.ts'
import { linearAttention } from './linear-attention.ts'
import { lists } from './list.ts'
import { logic } from './logic.ts'
import { cumulatives } from './cumulative.ts'
import { byteTableOperators } from './byte-tables.ts'
import { losses } from './losses.ts'
import type { LoweredOperator } from './lowering.ts'
import { maps } from './maps.ts'
import { matmul } from './matmul.ts'
import { machineLearning } from './ml.ts'
import { linearMachines } from './ml-linear.ts'
import { movement } from './movement.ts'
import { normalizations } from './normalization.ts'
import { packings } from './packing.ts'
import { pooling } from './pooling.ts'
import { optionals } from './optional.ts'
import { quantizations } from './quantization.ts'
import { quantizedProducts } from './quantized-products.ts'
import { random } from './random.ts'
import { ranges } from './range.ts'
import { recurrent } from './recurrent.ts'
import { reductions } from './reduction.ts'
import { makeRegistry, type RegistryOf } from './registry.ts'
import { resizing } from './resize.ts'
import { sampling } from './sampling.ts'
import { scans } from './scan.ts'
import { selections } from './selection.ts'
import { sequences } from './sequence.ts'
import { sequenceMaps } from './sequence-map.ts'
import { sequenceParts } from './sequence-parts.ts'
import { shapes } from './shape.ts'
import { softmax } from './softmax.ts'
import { strings } from './strings.ts'
import { suppressions } from './suppression.ts'
import { textNumbers } from './text-numbers.ts'
import { tfIdf } from './tf-idf.ts'
import { training } from './training.ts'
import { contrib } from './contrib/index.ts'
import { transpose } from './transpose.ts'
import { transposedProducts } from './transposed-product.ts'
import { trees } from './trees.ts'
import { unary } from './unary.ts'
import { unpooling } from './unpooling.ts'
import { userCalls } from './user/call.ts'
import { userOperator } from './user/operator.ts'
import { weights } from './weights.ts'
import { windowFunctions } from './window-functions.ts'

/** Every operator that the built-in compiler knows. A new family is a file and a line here. */
export const operators: readonly LoweredOperator[] = [
  ...checks,
  ...constants,
  ...shapes,
  ...movement,
  ...attention,
  ...flexAttention,
  ...linearAttention,
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
  ...recurrent,
  ...controlFlow,
  ...scans,
  ...contrib,
  ...userCalls,
]

export const registry = makeRegistry(operators)

/** Ours, and what the user defines for a model, which goes first. */
export function registryFor({ operators: defined }: Pick<Model, 'operators'>): RegistryOf<LoweredOperator> {
  if (!defined || defined.length === 0) return registry
  const own = makeRegistry(defined.map((one) => userOperator(one)))
  return { find: (domain, op, version) => own.find(domain, op, version) ?? registry.find(domain, op, version) }
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

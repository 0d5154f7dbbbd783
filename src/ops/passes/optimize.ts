import type { Graph, Identities } from '../../graph/graph.ts'
import type { OperatorRegistry } from '../../graph/operator.ts'
import { rewriteGraph } from '../../graph/rewrite.ts'
import { activationRules } from './activations.ts'
import { attentionRules } from './attention.ts'
import { bitProducts } from './bit-products.ts'
import { byteTables } from './byte-tables.ts'
import { convolutionFolding } from './convolution-folding.ts'
import { gates } from './gates.ts'
import { integerFolding } from './integer-folding.ts'
import { integersOnly } from './integers-only.ts'
import { layoutRules } from './layout.ts'
import { qdqRules } from './qdq.ts'
import { narrowFloatRules } from './narrow-floats.ts'
import { paddedConvolutions } from './pads.ts'
import { usedPartRules } from './parts.ts'
import { transposedConvolutions } from './transposed-convolutions.ts'
import { transposedProducts } from './transposed-products.ts'

/**
 * The passes between import and lowering, in order.
 *
 * @param isSmall whether it is for a machine of little memory, and maybe none for floats
 */
export function optimize(graph: Graph, registry: OperatorRegistry, identities: Identities, isSmall = false): void {
  rewriteGraph(graph, narrowFloatRules, registry, identities)
  rewriteGraph(graph, [...bitProducts(graph), ...activationRules, ...paddedConvolutions], registry, identities)
  rewriteGraph(graph, [...qdqRules, ...transposedConvolutions], registry, identities)
  rewriteGraph(graph, [...layoutRules, ...convolutionFolding], registry, identities)
  rewriteGraph(graph, attentionRules, registry, identities)
  rewriteGraph(
    graph,
    [...integerFolding, ...byteTables, ...transposedProducts, ...gates, ...usedPartRules],
    registry,
    identities,
  )
  if (isSmall) rewriteGraph(graph, integersOnly, registry, identities)
}

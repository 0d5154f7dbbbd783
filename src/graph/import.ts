import { OnnxMlirError } from '../errors/index.ts'
import type { Model } from '../onnx/model.ts'
import { type Graph, Identities } from './graph.ts'
import { withSizes } from './given-sizes.ts'
import { Importer } from './importer.ts'
import type { OperatorRegistry } from './operator.ts'
import { withRanks } from './ranks.ts'
import { Restart } from './sides.ts'
import { removeDeadNodes } from './uses.ts'

export interface ImportOptions {
  /** Sizes that the inputs are given: name → size, see given-sizes.ts. */
  readonly dims?: ReadonlyMap<string, number>
}

/**
 * The compiler's graph of a model: names resolved to values, shapes inferred, constants folded, model-local
 * functions and composite operators expanded, branches of a constant condition chosen.
 */
export function importModel(
  model: Model,
  registry: OperatorRegistry,
  identities: Identities,
  options: ImportOptions = {},
): Graph {
  const importAs = (candidate: Model): Graph => importWithFacts(candidate, registry, new Identities())
  const sized = withSizes(model, options.dims ?? new Map())
  const graph = importWithFacts(withRanks(sized, importAs), registry, identities)
  removeDeadNodes(graph)
  return graph
}

/** Each round imports the model with what earlier ones learnt of the inputs' symbols; what is left after as many is checked in the run. */
const MOST_ROUNDS = 16

function importWithFacts(model: Model, registry: OperatorRegistry, identities: Identities): Graph {
  let first: unknown
  for (let round = 1; ; round++) {
    try {
      const graph = importOnPossibleSides(model, registry, identities)
      if (!identities.facts.hasGrown() || round >= MOST_ROUNDS) return graph
    } catch (error) {
      // A size that was learnt before the error may be what it asks for.
      // Of two that say the same of a node, the one from before the size was known says where it comes from.
      first = isAlike(first, error) ? first : error
      if (!identities.facts.hasGrown() || round >= MOST_ROUNDS) throw first
    }
  }
}

function isAlike(a: unknown, b: unknown): boolean {
  return (
    a instanceof OnnxMlirError && b instanceof OnnxMlirError && a.code === b.code && a.data['node'] === b.data['node']
  )
}

function importOnPossibleSides(model: Model, registry: OperatorRegistry, identities: Identities): Graph {
  for (;;) {
    identities.restart()
    try {
      return new Importer(model, registry, identities).run()
    } catch (error) {
      if (!(error instanceof Restart)) throw error
    }
  }
}

import type { Model, OnnxGraph, OnnxNode } from '../onnx/model.ts'
import { GraphBuilder } from './builder.ts'
import { functionOf, subgraphsOf } from './functions.ts'
import type { Identities, Node, Value } from './graph.ts'
import type { OperatorRegistry } from './operator.ts'
import {
  canJoin,
  type Claim,
  decide,
  differences,
  type Fork,
  isFork,
  isImpossible,
  join,
  type Path,
  pathsOf,
  suppose,
} from './paths.ts'
import { emptyGraph, isIf, nodeOf, type Outcome, type Place } from './place.ts'
import { asksForSizes, questionOf } from './questions.ts'
import { statedRankMissed } from './ranks.ts'

/** What decides which way to go, and the names of what both ways give. */
export interface Ask {
  readonly condition: Value
  readonly claim: Claim | undefined
  readonly outputs: readonly string[]
}

/** A side of a fork turned out to be impossible: import anew, and take the other. */
export class Restart extends Error {
  /** `Place.path` of the side. */
  readonly side: string

  constructor(side: string) {
    super(`${side} is impossible`)
    this.side = side
  }
}

/** Each costs another import of what comes behind the fork, or of all. */
const MOST_IMPOSSIBLE = 256

/** Decides which ways of a fork an import goes. */
export class Sides {
  private readonly registry: OperatorRegistry
  private readonly identities: Identities

  constructor(registry: OperatorRegistry, identities: Identities) {
    this.registry = registry
    this.identities = identities
  }

  /** Goes on as a condition says: one way where it is known, or the other can't be gone; else both ways. */
  decided(
    node: Node,
    place: Place,
    { condition, claim, outputs }: Ask,
    proceed: (holds: boolean, place: Place) => Outcome,
  ): Outcome {
    const { builder } = place
    const known = condition.constant ? Boolean(condition.constant.data[0]) : claim && decide(claim, place.claims)
    if (known !== undefined) return proceed(known, place)
    const placeOf = (holds: boolean): Place => ({
      ...place,
      path: `${place.path}?${holds}`,
      claims: suppose(place.claims, claim, holds),
    })
    for (const holds of [true, false]) {
      const problem = this.identities.impossible.get(placeOf(!holds).path)
      if (problem === undefined) continue
      builder.require(node, { condition, claim, holds, sentence: `the other way is impossible: ${problem}` })
      return proceed(holds, placeOf(holds))
    }
    const sideOf = (holds: boolean): Fork<Place>['yes'] => {
      const graph = emptyGraph({ name: node.name, outputs: [] })
      const inside = new GraphBuilder(graph, this.registry, this.identities)
      const side = { ...placeOf(holds), builder: inside, side: placeOf(holds).path }
      return { graph, end: this.onSide(side, () => proceed(holds, side)) }
    }
    const fork = { node, condition, builder, yes: sideOf(true), no: sideOf(false) }
    return canJoin(fork) ? { place, values: join(fork, outputs) } : fork
  }

  /** Imports to a place; where that proves impossible on a side of a fork, anew without that side. */
  onSide(place: Place, make: () => Outcome): Outcome {
    try {
      return make()
    } catch (error) {
      const { impossible } = this.identities
      if (place.side === undefined || !isImpossible(error) || impossible.size >= MOST_IMPOSSIBLE) throw error
      impossible.set(place.side, error.message)
      throw new Restart(place.side)
    }
  }

  /** Where paths differ in the rank of an output, those are left out that give another than the file states. */
  checkStatedRanks(outcome: Outcome, { outputs }: OnnxGraph): void {
    if (!isFork(outcome) || canJoin(outcome, { atEnd: true })) return
    const misfit = ({ values }: Path<Place>): string | undefined => statedRankMissed(outputs, values)
    const paths = [...pathsOf(outcome)]
    const wrong = paths.find((path) => misfit(path))
    if (!wrong?.place.side || paths.every((path) => misfit(path))) return
    this.identities.impossible.set(wrong.place.side, misfit(wrong)!)
    throw new Restart(wrong.place.side)
  }
}

/** The values that all paths give. */
export function joined(outcome: Outcome, names: readonly string[]): Value[] {
  if (!isFork(outcome)) return outcome.values.map((value) => value!)
  if (canJoin(outcome, { atEnd: true })) return join(outcome, names)
  throw outcome.node.error(
    'UNSUPPORTED_RANK',
    `what only a run knows decides here what an output is: ${differences(outcome, names)}. That may differ inside a graph, but not at its outputs: give the sizes that decide it (see "dims"), or a Reshape to the output`,
  )
}

/** Whether a node may go on in several ways, as an `If` does that asks for a size. */
export function mayFork(model: Model, source: OnnxNode, place: Place): boolean {
  if (functionOf(model, source)) return mayForkInside(model, source)
  const inputs = source.inputs.map((name) => place.scope.find(name))
  if (isIf(source)) return !inputs[0]?.constant || mayForkInside(model, source)
  return questionOf(nodeOf(source, place, inputs, source.name, -1), place.claims) !== undefined
}

/** Whether a branch or a function has nodes that may fork, whatever their inputs will be. */
function mayForkInside(model: Model, source: OnnxNode): boolean {
  const branches = [...subgraphsOf(source)].flatMap(({ nodes }) => nodes)
  const nodes = [...branches, ...(functionOf(model, source)?.nodes ?? [])]
  return nodes.some((node) => isIf(node) || asksForSizes(node) || mayForkInside(model, node))
}

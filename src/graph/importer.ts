import { CompileError, ModelError } from '../errors.ts'
import { importApart, lastUses, type Stretch } from './apart.ts'
import type { Model, OnnxFunction, OnnxGraph, OnnxNode, ValueInfo as ValueInfoProto } from '../onnx/model.ts'
import { GraphBuilder, type SubgraphImporter } from './builder.ts'
import { dimKey } from './dim.ts'
import { bindAttributes, checkFunctions, functionOf, subgraphsOf } from './functions.ts'
import { type Graph, Identities, Node, type Value, type ValueInfo } from './graph.ts'
import { InputReader } from './inputs.ts'
import { withStatedRank } from './list.ts'
import { liveNodes } from './live.ts'
import type { OperatorRegistry } from './operator.ts'
import {
  canJoin,
  type Claim,
  claimOf,
  type Claims,
  decide,
  differences,
  type Fork,
  isFork,
  isImpossible,
  join,
  type Outcome as OutcomeAt,
  type Path,
  pathsOf,
  suppose,
} from './paths.ts'
import { answered, asksForSizes, questionOf } from './questions.ts'
import { checkStatedType, statedLength } from './stated.ts'
import { statedRankMissed } from './ranks.ts'
import { Scope } from './scope.ts'
import { checkOperators, type Opsets, versionOf } from './support.ts'

/** Where the nodes of one ONNX graph or function body go. */
interface Place {
  readonly builder: GraphBuilder
  readonly scope: Scope
  readonly opsets: Opsets
  /** The node of the main graph that this is part of, by index; `undefined` in the main graph itself. */
  readonly origin?: number
  /** What the names of unnamed nodes begin with. */
  readonly prefix: string
  /** Where it is, so that another import finds it again. */
  readonly path: string
  /** The side of a fork that it is on, by `path`; none where each run comes by. */
  readonly side?: string | undefined
  /** What the file states of values that nodes there compute. */
  readonly stated: ReadonlyMap<string, ValueInfoProto>
  /** What is known there of sizes that only a run knows. */
  readonly claims: Claims
}

type Outcome = OutcomeAt<Place>

/** What decides which way to go, and the names of what both ways give. */
interface Ask {
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

/** Imports one model, once. */
export class Importer {
  private readonly model: Model
  private readonly registry: OperatorRegistry
  private readonly identities: Identities

  constructor(model: Model, registry: OperatorRegistry, identities: Identities) {
    this.model = model
    this.identities = identities
    this.registry = registry
  }

  run(): Graph {
    checkFunctions(this.model)
    checkOperators(this.model, this.registry)
    const inputs = new InputReader(this.model, this.identities)
    const source = this.model.graph
    const graph = emptyGraph(source)
    const builder = new GraphBuilder(graph, this.registry, this.identities, { always: true })
    const scope = new Scope()
    for (const input of source.inputs) {
      const value = builder.value(input.name, inputs.infoOf(input.name, input.type))
      graph.inputs.push(value)
      scope.define(input.name, value)
    }
    const place = {
      builder,
      scope,
      opsets: this.model.opsets,
      prefix: '',
      path: '',
      stated: new Map(),
      claims: new Map(),
    }
    const outcome = this.fill(source, place)
    this.checkStatedRanks(outcome, source)
    graph.outputs = this.joined(outcome, graph.outputNames).map((value, i) => {
      // What may be empty inside can't be where the file states a sequence.
      const { name, type } = source.outputs[i]!
      if (value.kind === 'map') {
        const problem = `output ${JSON.stringify(name)} is a map whose keys only the run knows`
        throw new CompileError('UNSUPPORTED_MAP', `Model ${this.model.path}: ${problem}; take it apart before.`)
      }
      const isMoreThanStated = value.kind === 'optional' && type !== undefined && type.kind !== 'optional'
      return builder.from({ name, origin: -1 }, () =>
        builder.atRun(isMoreThanStated ? builder.op('OptionalGetElement', [value]) : value),
      )
    })
    return graph
  }

  /** Imports a graph's initializers and nodes; gives its outputs. */
  private fill(source: OnnxGraph, place: Place): Outcome {
    for (const [name, tensor] of source.initializers) place.scope.define(name, place.builder.constant(tensor, name))
    const outputs = source.outputs.map(({ name }) => name)
    const stated = new Map([...source.valueInfo, ...source.outputs.map((info) => [info.name, info] as const)])
    return this.addNodes(source.nodes, outputs, { ...place, stated }, `output of graph ${source.name}`)
  }

  private addNodes(nodes: readonly OnnxNode[], outputs: readonly string[], place: Place, use: string): Outcome {
    let uses: ReadonlyMap<string, number> | undefined
    const live = liveNodes(nodes, outputs)
    const stretch: Stretch<Place> = {
      nodes,
      outputs,
      place,
      lastUse: () => (uses ??= lastUses(nodes, outputs)),
      add: (index, to) => this.addNode(nodes[index]!, index, to),
      isLive: (index) => live.has(index),
      mayFork: (index) => this.mayFork(nodes[index]!, place),
      continued: (from, end, index) => ({
        ...from,
        builder: end.builder,
        claims: end.claims,
        side: end.side,
        path: `${end.path}>${index}`,
        scope: new Scope(from.scope),
      }),
    }
    for (let index = 0; index < nodes.length; index++) {
      if (!live.has(index)) continue
      const outcome = stretch.add(index, place)
      if (!isFork(outcome)) continue
      const { size } = place.builder
      try {
        const further = importApart(stretch, index, outcome)
        if ('fork' in further) return further.fork
        index = further.next - 1
      } catch (error) {
        // Where nothing came behind the fork but what is on its paths, it is enough to begin at the fork again.
        const isOfThis = error instanceof Restart && error.side.startsWith(`${place.path}/${index}?`)
        if (!isOfThis || place.builder.size > size) throw error
        index--
      }
    }
    return { place, values: outputs.map((name) => this.lookUp(name, place.scope, use)) }
  }

  /** Where paths differ in the rank of an output, those are left out that give another than the file states. */
  private checkStatedRanks(outcome: Outcome, { outputs }: OnnxGraph): void {
    if (!isFork(outcome) || canJoin(outcome, { atEnd: true })) return
    const misfit = ({ values }: Path<Place>): string | undefined => statedRankMissed(outputs, values)
    const paths = [...pathsOf(outcome)]
    const wrong = paths.find((path) => misfit(path))
    if (!wrong?.place.side || paths.every((path) => misfit(path))) return
    this.identities.impossible.set(wrong.place.side, misfit(wrong)!)
    throw new Restart(wrong.place.side)
  }

  /** The values that all paths give. */
  private joined(outcome: Outcome, names: readonly string[]): Value[] {
    if (!isFork(outcome)) return outcome.values.map((value) => value!)
    if (canJoin(outcome, { atEnd: true })) return join(outcome, names)
    throw outcome.node.error(
      'UNSUPPORTED_RANK',
      `what only a run knows decides here what an output is: ${differences(outcome, names)}. That may differ inside a graph, but not at its outputs: give the sizes that decide it (see "dims"), or a Reshape to the output`,
    )
  }

  /** Whether a node may go on in several ways, as an `If` does that asks for a size. */
  private mayFork(source: OnnxNode, place: Place): boolean {
    if (functionOf(this.model, source)) return this.mayForkInside(source)
    const inputs = source.inputs.map((name) => place.scope.find(name))
    if (isIf(source)) return !inputs[0]?.constant || this.mayForkInside(source)
    return questionOf(nodeOf(source, place, inputs, source.name, -1), place.claims) !== undefined
  }

  /** Whether a branch or a function has nodes that may fork, whatever their inputs will be. */
  private mayForkInside(source: OnnxNode): boolean {
    const branches = [...subgraphsOf(source)].flatMap(({ nodes }) => nodes)
    const nodes = [...branches, ...(functionOf(this.model, source)?.nodes ?? [])]
    return nodes.some((node) => isIf(node) || asksForSizes(node) || this.mayForkInside(node))
  }

  /** Imports a node, and defines its outputs unless it forks. */
  private addNode(source: OnnxNode, index: number, place: Place): Outcome {
    return this.onSide(place, () => this.addSound(source, index, place))
  }

  /** Imports to a place; where that proves impossible on a side of a fork, anew without that side. */
  private onSide(place: Place, make: () => Outcome): Outcome {
    try {
      return make()
    } catch (error) {
      const { impossible } = this.identities
      if (place.side === undefined || !isImpossible(error) || impossible.size >= MOST_IMPOSSIBLE) throw error
      impossible.set(place.side, error.message)
      throw new Restart(place.side)
    }
  }

  private addSound(source: OnnxNode, index: number, outer: Place): Outcome {
    const { scope } = outer
    const place = { ...outer, path: `${outer.path}/${index}` }
    const name = source.name || `${place.prefix}#${index}`
    const inputs = source.inputs.map((input) =>
      input && !(scope.has(input) && !scope.find(input))
        ? this.lookUp(input, scope, `input of node ${name}`)
        : undefined,
    )
    const origin = place.origin ?? index
    const body = functionOf(this.model, source)
    const outcome = body
      ? this.expandFunction(body, source, inputs, { ...place, origin, prefix: `${name}/` })
      : this.addOperator(source, name, origin, inputs, place)
    for (const { values } of pathsOf(outcome)) {
      const missing = source.outputs.findIndex((output, i) => output && !values[i])
      if (missing < 0) continue
      throw new ModelError('MODEL_OUTPUTS', `Node ${JSON.stringify(name)} (${source.op}) has no output ${missing}.`)
    }
    for (const { values } of pathsOf(outcome))
      source.outputs.forEach((output, i) => checkStatedType(this.model.path, place.stated.get(output), values[i]))
    if (!isFork(outcome)) source.outputs.forEach((output, i) => scope.define(output, outcome.values[i]))
    return outcome
  }

  private addOperator(
    source: OnnxNode,
    name: string,
    origin: number,
    inputs: (Value | undefined)[],
    place: Place,
  ): Outcome {
    const { builder, scope } = place
    const node = nodeOf(source, place, inputs, name, origin)
    const inner = { ...place, origin, prefix: `${name}/` }
    const bodyOf = (attributeName: string): OnnxGraph => {
      const attribute = source.attributes.get(attributeName)
      if (attribute?.kind === 'graph') return attribute.value
      throw node.error('MODEL_MISSING_SUBGRAPH', `subgraph ${attributeName} is missing`)
    }
    if (isIf(node)) {
      const [then, otherwise] = [bodyOf('then_branch'), bodyOf('else_branch')]
      if (then.outputs.length !== otherwise.outputs.length)
        throw node.error('MODEL_BRANCHES', 'the branches give different numbers of outputs')
      const ask = { condition: node.input(0), claim: claimOf(node.input(0)), outputs: source.outputs }
      return this.decided(node, inner, ask, (holds, side) =>
        this.fill(holds ? then : otherwise, { ...side, scope: new Scope(scope) }),
      )
    }
    const stated = statedLength(node, place.stated.get(source.outputs[0] ?? ''), place.claims)
    if (stated) {
      const sentence = `the file states the rank of ${JSON.stringify(source.outputs[0])}, of which a list should have as many entries as`
      builder.demandEqual(node, stated, sentence)
      return this.addOperator(source, name, origin, inputs, { ...place, claims: suppose(place.claims, stated, true) })
    }
    const question = questionOf(node, place.claims)
    if (question) {
      const [a, b] = [builder.dims([question.a]), builder.dims([question.b])]
      const condition = builder.from(node, () => builder.op('Equal', [a, b]))
      const ask = { condition, claim: question, outputs: source.outputs }
      return this.decided(node, place, ask, (_, side) => this.addOperator(source, name, origin, inputs, side))
    }
    const told = answered(node, place.claims, builder)
    const subgraphs: SubgraphImporter = {
      graph: (attributeName, infos) => this.subgraph(bodyOf(attributeName), infos, node, inner),
      inline: (attributeName, values, target) => {
        const body = bodyOf(attributeName)
        checkInputCount(body, values.length, node)
        const local = new Scope(scope)
        body.inputs.forEach((input, i) => local.define(input.name, values[i]))
        const path = `${inner.path}.${attributeName}(${shapesKey(values)})`
        const outcome = this.fill(body, { ...inner, path, builder: target, scope: local })
        return this.joined(
          outcome,
          body.outputs.map((output) => output.name),
        )
      },
    }
    return { place, values: builder.append(told, source.outputs, subgraphs) }
  }

  /** Goes on as a condition says: one way where it is known, or the other can't be gone; else both ways. */
  private decided(
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

  private subgraph(source: OnnxGraph, infos: readonly ValueInfo[], node: Node, around: Place): Graph {
    checkInputCount(source, infos.length, node)
    const graph = emptyGraph(source)
    const builder = new GraphBuilder(graph, this.registry, this.identities)
    const scope = new Scope(around.scope)
    source.inputs.forEach((input, i) => {
      const value = builder.value(input.name, withStatedRank(infos[i]!, input.type))
      graph.inputs.push(value)
      scope.define(input.name, value)
    })
    const outcome = this.fill(source, {
      ...around,
      path: `${around.path}.${source.name}(${shapesKey(infos)})`,
      builder,
      scope,
    })
    graph.outputs = this.joined(outcome, graph.outputNames)
    return graph
  }

  /** Expands a model-local function in place (ONNX IR, "Functions"): its names are its own, its attributes are bound. */
  private expandFunction(
    body: OnnxFunction,
    call: OnnxNode,
    inputs: readonly (Value | undefined)[],
    place: Place,
  ): Outcome {
    if (inputs.length > body.inputs.length) {
      throw new ModelError(
        'MODEL_FUNCTION',
        `Model ${this.model.path}: node ${JSON.stringify(call.name)} gives ${inputs.length} inputs to the function ${JSON.stringify(body.name)}, which takes ${body.inputs.length}.`,
      )
    }
    const scope = new Scope()
    const inner = { ...place, scope, opsets: body.opsets, stated: new Map() }
    body.inputs.forEach((name, i) => scope.define(name, inputs[i]))
    const nodes = body.nodes.map((node) => bindAttributes(node, call, body))
    return this.addNodes(nodes, body.outputs, inner, `output of function ${body.name}`)
  }

  private lookUp(name: string, scope: Scope, use: string): Value {
    const value = scope.find(name)
    if (value) return value
    throw new ModelError(
      'MODEL_UNDEFINED_VALUE',
      `Model ${this.model.path}: ${JSON.stringify(name)}, an ${use}, is not defined before its use.`,
    )
  }
}

function nodeOf(
  source: OnnxNode,
  { opsets }: Place,
  inputs: (Value | undefined)[],
  name: string,
  origin: number,
): Node {
  const { domain, op, attributes } = source
  return new Node({ domain, op, version: versionOf(source, opsets), name, origin, attributes, inputs })
}

function checkInputCount(source: OnnxGraph, given: number, node: Node): void {
  if (source.inputs.length === given) return
  const problem = `its subgraph ${JSON.stringify(source.name)} takes ${source.inputs.length} inputs, but is given ${given}`
  throw node.error('MODEL_SUBGRAPH_INPUTS', problem)
}

function emptyGraph({ name, outputs }: Pick<OnnxGraph, 'name' | 'outputs'>): Graph {
  return { name, inputs: [], outputs: [], outputNames: outputs.map((output) => output.name), nodes: [] }
}

function isIf({ op, domain }: Pick<OnnxNode, 'op' | 'domain'>): boolean {
  return op === 'If' && domain === ''
}

/** Tells imports of one subgraph with different inputs apart. */
function shapesKey(infos: readonly ValueInfo[]): string {
  return infos.map(({ shape, list }) => shape?.map(dimKey).join() ?? String(list?.shape ?? '?')).join(';')
}

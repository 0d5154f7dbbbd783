import { CompileError, ModelError } from '../errors/index.ts'
import { importApart, lastUses, type Stretch } from './apart.ts'
import type { Model, OnnxFunction, OnnxGraph, OnnxNode } from '../onnx/model.ts'
import { GraphBuilder, type SubgraphImporter } from './builder.ts'
import { bindAttributes, checkFunctions, functionOf } from './functions.ts'
import type { Graph, Identities, Node, Value, ValueInfo } from './graph.ts'
import { InputReader } from './inputs.ts'
import { withStatedRank } from './list.ts'
import { liveNodes } from './live.ts'
import type { OperatorRegistry } from './operator.ts'
import { claimOf, isFork, pathsOf, suppose } from './paths.ts'
import { checkInputCount, emptyGraph, isIf, nodeOf, type Outcome, type Place, shapesKey } from './place.ts'
import { answered, questionOf } from './questions.ts'
import { requireRanges } from './ranges.ts'
import { Scope } from './scope.ts'
import { joined, mayFork, Restart, Sides } from './sides.ts'
import { checkStatedType, statedLength } from './stated.ts'
import { checkOperators } from './support.ts'

/** Imports one model, once. */
export class Importer {
  private readonly model: Model
  private readonly registry: OperatorRegistry
  private readonly identities: Identities
  private readonly sides: Sides

  constructor(model: Model, registry: OperatorRegistry, identities: Identities) {
    this.model = model
    this.identities = identities
    this.registry = registry
    this.sides = new Sides(registry, identities)
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
    requireRanges(this.model, graph.inputs, builder)
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
    this.sides.checkStatedRanks(outcome, source)
    graph.outputs = joined(outcome, graph.outputNames).map((value, i) => {
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
      mayFork: (index) => mayFork(this.model, nodes[index]!, place),
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

  /** Imports a node, and defines its outputs unless it forks. */
  private addNode(source: OnnxNode, index: number, place: Place): Outcome {
    return this.sides.onSide(place, () => this.addSound(source, index, place))
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
      return this.sides.decided(node, inner, ask, (holds, side) =>
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
      return this.sides.decided(node, place, ask, (_, side) => this.addOperator(source, name, origin, inputs, side))
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
        return joined(
          outcome,
          body.outputs.map((output) => output.name),
        )
      },
    }
    return { place, values: builder.append(told, source.outputs, subgraphs) }
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
    graph.outputs = joined(outcome, graph.outputNames)
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

import { checkNamed, checkUnique, orderScope, type FreeNames } from './check.ts'
import { readAttribute } from './attribute-proto.ts'
import type { onnx } from './generated/onnx.js'
import type { Attribute, OnnxGraph, OnnxNode, Tensor, ValueInfo } from './model.ts'
import { quote, type Reading, type Site } from './reading.ts'
import { readSparse } from './sparse.ts'
import { readTensor } from './tensor-proto.ts'
import { readValueInfo } from './type-proto.ts'

/** Where a graph or node stands. */
export interface Place {
  /** Graphs around this one. */
  readonly depth: number
  /** Only there may attributes stand for those of the caller. */
  readonly inFunction: boolean
}

/** Inputs or outputs of one node: they become arguments of one call more than once. */
const mostEdges = 2 ** 15

/** Reads graphs from the inside out, and remembers of each which names it takes from around it. */
export class GraphReader {
  /** Domains of the nodes of graphs; functions import their own operator sets. */
  readonly domains = new Set<string>()
  readonly free = (graph: OnnxGraph): FreeNames => this.#free.get(graph) ?? new Map()
  readonly #free = new WeakMap<OnnxGraph, FreeNames>()
  readonly #reading: Reading

  constructor(reading: Reading) {
    this.#reading = reading
  }

  graph(proto: onnx.GraphProto, place: Place): OnnxGraph {
    const name = proto.name ?? ''
    const site = this.#reading.named('the graph', name)
    site.bound('subgraphDepth', place.depth, `${place.depth} graphs around it`)
    const initializers = this.#initializers(proto, site)
    const inputs = proto.input.map((info) => readValueInfo(info, site))
    const listed = proto.output.map((info) => readValueInfo(info, site))
    checkUnique(inputs, 'input', site)
    if (place.depth === 0) checkNamed(listed, 'output', site)
    // A caller addresses outputs by name, so one that is listed twice is one; a subgraph may give one value twice.
    const outputs = place.depth === 0 ? [...new Map(listed.map((info) => [info.name, info])).values()] : listed
    const unordered = proto.node.map((node, index) => this.node(node, index, place))
    const { nodes, free } = orderScope(
      {
        given: [...inputs.map((input) => input.name), ...initializers.keys()],
        nodes: unordered,
        outputs: outputs.map((output) => output.name),
      },
      this.free,
      site,
    )
    const graph: OnnxGraph = {
      name,
      inputs: inputs.filter((input) => !initializers.has(input.name)),
      outputs,
      valueInfo: new Map(
        proto.valueInfo.map((info): [string, ValueInfo] => [info.name ?? '', readValueInfo(info, site)]),
      ),
      initializers,
      nodes,
    }
    this.#free.set(graph, free)
    return graph
  }

  node(proto: onnx.NodeProto, index: number, place: Place): OnnxNode {
    const name = proto.name ?? ''
    const op = proto.opType ?? ''
    const domain = normalDomain(proto.domain)
    const site = this.#reading.site('it', { node: name || `#${index}`, op: domain === '' ? op : `${domain}.${op}` })
    site.use('nodes', 1)
    if (op === '') site.fail('MODEL_NODE', 'has no operator. Export the model again.')
    const edges = Math.max(proto.input.length, proto.output.length)
    if (edges > mostEdges)
      site.fail(
        'MODEL_LIMIT',
        `has ${edges} inputs or outputs; at most ${mostEdges} are allowed, which no real model has.`,
      )
    if (!place.inFunction) this.domains.add(domain)
    return {
      name,
      op,
      domain,
      overload: proto.overload ?? '',
      inputs: proto.input,
      outputs: proto.output,
      attributes: this.attributes(proto.attribute, place, site),
    }
  }

  attributes(protos: readonly onnx.AttributeProto[], place: Place, site: Site): Map<string, Attribute> {
    const attributes = new Map<string, Attribute>()
    for (const proto of protos) {
      const name = proto.name ?? ''
      if (name === '' || attributes.has(name)) {
        site.fail('MODEL_NODE', `has an attribute without a name, or two named ${quote(name)}. Export the model again.`)
      }
      const at = site.part(`attribute ${quote(name)}`)
      if (proto.refAttrName && !place.inFunction) {
        at.fail('MODEL_NODE', 'refers to an attribute of a function, but is not in one. Export it again.')
      }
      const inner = { ...place, depth: place.depth + 1 }
      attributes.set(
        name,
        readAttribute(proto, (graph) => this.graph(graph, inner), at),
      )
    }
    return attributes
  }

  #initializers(proto: onnx.GraphProto, site: Site): Map<string, Tensor> {
    const named = [
      ...proto.initializer.map((tensor) => ({ name: tensor.name ?? '', tensor })),
      ...proto.sparseInitializer.map((sparse) => ({ name: sparse.values?.name ?? '', sparse })),
    ]
    checkNamed(named, 'initializer', site)
    // Of two of one name the last counts, as in onnxruntime: exporters have written both.
    return new Map(
      named.map((entry) => {
        const at = this.#reading.named('initializer', entry.name)
        return [entry.name, 'tensor' in entry ? readTensor(entry.tensor, at) : readSparse(entry.sparse, at)]
      }),
    )
  }
}

/** The default domain has two names. */
export function normalDomain(domain: string | null): string {
  return domain === null || domain === 'ai.onnx' ? '' : domain
}

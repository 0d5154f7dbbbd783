import { checkClosed, checkUnique, orderScope } from './check.ts'
import type { onnx } from './generated/onnx.js'
import { GraphReader, normalDomain } from './graph-proto.ts'
import type { Model, OnnxFunction } from './model.ts'
import { quote, type Reading, type Site } from './reading.ts'

/** What ONNX 1.22 released. Source: VERSION_TABLE in onnx/helper.py. */
const highestOpset = 27
const irVersions = { lowest: 3n, highest: 13n }

/** A `ModelProto` as plain data; `files` is left to the caller. */
export function readModelProto(proto: onnx.ModelProto, reading: Reading): Omit<Model, 'files'> {
  const site = reading.site('the model')
  if (proto.irVersion === null && proto.graph === null) {
    site.fail(
      'MODEL_NOT_ONNX',
      'has neither an IR version nor a graph, so it is not an ONNX model. Give the path of a model file.',
    )
  }
  const irVersion = readIrVersion(proto.irVersion ?? 0n, site)
  const opsets = readOpsets(proto.opsetImport, site)
  if (proto.graph === null) return site.fail('MODEL_EMPTY', 'has no graph. Export it again.')
  const graphs = new GraphReader(reading)
  const functions = readFunctions(proto.functions, graphs, reading)
  const graph = graphs.graph(proto.graph, { depth: 0, inFunction: false })
  const graphSite = reading.named('the graph', graph.name)
  checkClosed(graphs.free(graph), graphSite)
  if (graph.outputs.length === 0)
    graphSite.fail('MODEL_EMPTY', 'has no outputs, so it computes nothing. Export it again.')
  for (const { name, type } of graph.inputs) {
    if (type === undefined)
      graphSite.fail('MODEL_TYPE', `has the input ${quote(name)} without a type. Export it again.`)
  }
  if (!opsets.has('') && graphs.domains.has('')) {
    site.fail('MODEL_VERSION', 'does not say which opset its operators are from (opset_import). Export it again.')
  }
  return {
    path: reading.path,
    irVersion,
    opsets,
    producer: [proto.producerName, proto.producerVersion].filter(Boolean).join(' '),
    docString: proto.docString ?? '',
    metadata: new Map(proto.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
    graph,
    functions,
  }
}

function readIrVersion(version: bigint, site: Site): number {
  const { lowest, highest } = irVersions
  const range = `this package reads IR versions ${lowest} to ${highest}`
  if (version > highest) {
    site.fail(
      'MODEL_VERSION',
      `has IR version ${version}; ${range}. Update unplugin-onnx-mlir, or export the model for opset ${highestOpset} or lower.`,
      { given: version, allowed: highest },
    )
  }
  if (version < lowest) {
    site.fail(
      'MODEL_VERSION',
      `has IR version ${version}; ${range}. Older models import no operator sets: convert it with onnx.version_converter.`,
      { given: version, allowed: lowest },
    )
  }
  return Number(version)
}

function readOpsets(imports: readonly onnx.OperatorSetIdProto[], site: Site): Map<string, number> {
  const opsets = new Map<string, number>()
  for (const { domain, version } of imports) {
    const name = normalDomain(domain)
    const number = Number(version ?? 0n)
    const label = name === '' ? 'ONNX' : quote(name)
    if (number < 1 || !Number.isSafeInteger(number))
      site.fail('MODEL_VERSION', `imports opset ${version ?? 0n} of ${label}.`)
    if (name === '' && number > highestOpset) {
      site.fail(
        'MODEL_VERSION',
        `uses opset ${number}; this package reads opsets 1 to ${highestOpset}. ` +
          `Update unplugin-onnx-mlir, or export the model with opset_version=${highestOpset}.`,
        { given: number, allowed: highestOpset },
      )
    }
    if ((opsets.get(name) ?? number) !== number) site.fail('MODEL_VERSION', `imports two different opsets of ${label}.`)
    opsets.set(name, number)
  }
  return opsets
}

function readFunctions(
  protos: readonly onnx.FunctionProto[],
  graphs: GraphReader,
  reading: Reading,
): Map<string, OnnxFunction> {
  const functions = new Map<string, OnnxFunction>()
  for (const proto of protos) {
    const name = proto.name ?? ''
    const domain = normalDomain(proto.domain)
    const site = reading.named('the function', name)
    const key = `${domain}:${name}:${proto.overload ?? ''}`
    if (name === '' || functions.has(key))
      site.fail('MODEL_GRAPH', 'has no name, or one that another function has. Export it again.')
    checkUnique(
      proto.input.map((input) => ({ name: input })),
      'input',
      site,
    )
    const unordered = proto.node.map((node, index) => graphs.node(node, index, { depth: 0, inFunction: true }))
    const { nodes, free } = orderScope(
      { given: proto.input, nodes: unordered, outputs: proto.output },
      graphs.free,
      site,
    )
    checkClosed(free, site)
    functions.set(key, {
      name,
      domain,
      opsets: readOpsets(proto.opsetImport, site),
      inputs: proto.input,
      outputs: proto.output,
      attributes: proto.attribute,
      attributeDefaults: graphs.attributes(proto.attributeProto, { depth: 0, inFunction: true }, site),
      nodes,
    })
  }
  return functions
}

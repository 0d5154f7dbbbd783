import type { OnnxDim } from '../../../onnx/model.ts'
import { quote, type Reading } from '../../../onnx/reading.ts'
import type { Convertible, Named } from '../convertible.ts'
import type { Json } from '../json.ts'
import { GraphConverter } from './converter.ts'
import { elementType, type Input, inputOf, type NodeFact, readFunctions, readNodes, shapeOf, siteOf } from './node.ts'

/** What goes in or comes out, and under which name. */
interface End {
  readonly name: string
  readonly at: Input
  /** What the signature says of it. */
  readonly info?: Json
}

/**
 * A graph model: `modelTopology` is a GraphDef. Its signature names inputs and outputs; without one, placeholders are the inputs, and
 * what nothing takes are the outputs (tfjs-converter operation_mapper.ts, `transformGraph`).
 *
 * @throws ModelError `MODEL_UNSUPPORTED` naming all operators that are not converted
 */
export function convertGraph(file: Json, reading: Reading): Convertible {
  const topology = file.at('modelTopology')
  const nodes = readNodes(topology.at('node'), reading)
  const functions = readFunctions(topology.at('library'), reading)
  const signature = file.at('signature').isThere ? file.at('signature') : file.at('userDefinedMetadata').at('signature')
  const inputs = inputsOf(nodes, signature)
  const outputs = outputsOf(nodes, signature)
  const site = reading.site('the graph')
  if (outputs.length === 0) site.fail('MODEL_EMPTY', 'has no outputs. Convert the model again.')
  const converter = new GraphConverter(functions, reading)
  const results = outputs.map(({ at }) => at)
  converter.expectSupported(nodes, results, new Set(inputs.map(({ at }) => at.node)))
  const facts = inputs.map((end) => inputType(end, nodes, reading))
  return {
    inputs: facts,
    outputs: outputs.map(({ name }) => name),
    write: (b, values, weights) =>
      converter.model(b, weights, nodes, results, new Map(inputs.map(({ at }, i) => [at.node, values[i]!]))),
  }
}

function ends(list: Json): End[] {
  return list.entries().map(([name, info]) => ({ name: name.replace(/:0$/, ''), at: inputOf(info.at('name').text(name)), info })) // prettier-ignore
}

function inputsOf(nodes: ReadonlyMap<string, NodeFact>, signature: Json): End[] {
  const stated = ends(signature.at('inputs')).filter(({ at }) => nodes.has(at.node))
  if (stated.length > 0) return stated
  const placeholders = [...nodes.values()].filter(({ op }) => op === 'Placeholder')
  return placeholders.map(({ name }) => ({ name, at: first(name) }))
}

function outputsOf(nodes: ReadonlyMap<string, NodeFact>, signature: Json): End[] {
  const stated = ends(signature.at('outputs'))
  if (stated.length > 0) return stated
  const taken = new Set([...nodes.values()].flatMap(({ inputs }) => inputs.map(({ node }) => node)))
  const last = [...nodes.values()].filter(({ name, op }) => !taken.has(name) && !['Const', 'Placeholder', 'NoOp'].includes(op)) // prettier-ignore
  return last.map(({ name }) => ({ name, at: first(name) }))
}

/** The first result of a node. */
function first(node: string): Input {
  return { node, result: undefined, index: 0 }
}

/** What the signature says, else the node itself. */
function inputType({ name, at, info }: End, nodes: ReadonlyMap<string, NodeFact>, reading: Reading): Named {
  const node = nodes.get(at.node)!
  const site = siteOf(reading, node.name, node.op)
  const open = (): OnnxDim => undefined
  const stated = info && shapeOf(info.oneOf('tensorShape', 'tensor_shape'), open)
  const shape = stated ?? node.attributes.shape('shape')
  if (!shape) return site.fail('MODEL_UNSUPPORTED', `is input ${quote(name)}, of which the file says no shape. Convert the model with one.`) // prettier-ignore
  const type = info?.at('dtype').isThere ? elementType(info.at('dtype')) : node.attributes.type('dtype', 'float32')
  return { name, type, shape: shape as Named['shape'] }
}

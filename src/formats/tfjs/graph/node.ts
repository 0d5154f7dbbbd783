import type { ElementType } from '../../../onnx/element-type.ts'
import type { OnnxDim } from '../../../onnx/model.ts'
import { quote, type Reading, type Site } from '../../../onnx/reading.ts'
import { Json } from '../json.ts'

// GraphDef in the JSON of protobuf (tensorflow/core/framework/{graph,node_def,attr_value,function}.proto).

export interface NodeFact {
  readonly name: string
  readonly op: string
  readonly inputs: readonly Input[]
  readonly attributes: Attributes
}

/** A result of a node: `node`, `node:1`, in functions `node:result:0`. Names of results are there where they count. */
export interface Input {
  readonly node: string
  readonly result: string | undefined
  readonly index: number
}

/** Nodes by name, what goes in and what comes out. */
export interface FunctionFact {
  readonly nodes: ReadonlyMap<string, NodeFact>
  readonly inputs: readonly string[]
  readonly outputs: readonly Input[]
}

/** What TensorFlow.js makes of element types, by name and number: it has no others (tfjs-converter operation_mapper.ts). */
const types: Readonly<Record<string, ElementType>> = {
  DT_FLOAT: 'float32',
  DT_HALF: 'float32',
  DT_DOUBLE: 'float32',
  DT_INT32: 'int32',
  DT_INT64: 'int32',
  DT_INT16: 'int32',
  DT_INT8: 'int32',
  DT_UINT8: 'int32',
  DT_BOOL: 'bool',
  DT_STRING: 'string',
  DT_COMPLEX64: 'complex64',
}
const numbers: Readonly<Record<number, string>> = { 1: 'DT_FLOAT', 2: 'DT_DOUBLE', 3: 'DT_INT32', 4: 'DT_UINT8', 5: 'DT_INT16', 6: 'DT_INT8', 7: 'DT_STRING', 8: 'DT_COMPLEX64', 9: 'DT_INT64', 10: 'DT_BOOL', 19: 'DT_HALF' } // prettier-ignore

export function elementType(json: Json): ElementType {
  const name = typeof json.value === 'number' ? numbers[json.value] : json.value
  return (typeof name === 'string' && Object.hasOwn(types, name) ? types[name] : undefined) ?? json.wrong(`one of ${Object.keys(types).join(', ')}`) // prettier-ignore
}

/** Sizes of a `TensorShapeProto`; `undefined` where the rank is unknown. @param name what a size that varies is called after */
export function shapeOf(json: Json, name: (axis: number) => OnnxDim): OnnxDim[] | undefined {
  if (!json.isThere || json.oneOf('unknownRank', 'unknown_rank').truth(false)) return undefined
  return json
    .at('dim')
    .list()
    .map((dim, axis) => {
      const size = dim.at('size').integer(0)
      return size < 0 ? name(axis) : size
    })
}

/** Attributes of a node by name. */
export class Attributes {
  private readonly json: Json

  constructor(json: Json) {
    this.json = json
  }

  int(name: string, fallback?: number): number {
    return this.json.at(name).at('i').integer(fallback)
  }

  float(name: string, fallback: number): number {
    const value = this.json.at(name).at('f')
    // protobuf writes what JSON has no number for as text.
    if (typeof value.value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value.value)) return Number(value.value) // prettier-ignore
    return value.number(fallback)
  }

  bool(name: string, fallback = false): boolean {
    return this.json.at(name).at('b').truth(fallback)
  }

  text(name: string, fallback?: string): string {
    const value = this.json.at(name).at('s')
    return value.isThere || fallback === undefined ? decoded(value) : fallback
  }

  texts(name: string): string[] {
    return this.json.at(name).at('list').at('s').list().map(decoded)
  }

  ints(name: string): number[] {
    return this.json.at(name).at('list').at('i').list().map((value) => value.integer()) // prettier-ignore
  }

  floats(name: string): number[] {
    return this.json.at(name).at('list').at('f').list().map((value) => value.number()) // prettier-ignore
  }

  type(name: string, fallback?: ElementType): ElementType {
    const value = this.json.at(name).at('type')
    return value.isThere || fallback === undefined ? elementType(value) : fallback
  }

  /** The name of a function of the library. */
  called(name: string): string {
    return this.json.at(name).at('func').at('name').text()
  }

  shape(name: string, label: (axis: number) => OnnxDim = () => undefined): OnnxDim[] | undefined {
    return shapeOf(this.json.at(name).at('shape'), label)
  }
}

/** Bytes: base64, or a list of codes as old converters wrote. */
function decoded(value: Json): string {
  if (value.isList) return String.fromCharCode(...value.list().map((code) => code.integer()))
  return Buffer.from(value.text(), 'base64').toString('latin1')
}

/** @throws ModelError `MODEL_GRAPH` for two nodes of one name */
export function readNodes(list: Json, reading: Reading): Map<string, NodeFact> {
  const nodes = new Map<string, NodeFact>()
  for (const node of list.list()) {
    const name = node.at('name').text()
    const op = node.at('op').text()
    const site = siteOf(reading, name, op)
    site.use('nodes', 1)
    if (nodes.has(name)) site.fail('MODEL_GRAPH', 'is there twice. Save the model again.')
    const inputs = node.at('input').list().map((input) => input.text()) // prettier-ignore
    nodes.set(name, {
      name,
      op,
      // After `^`: what has to run before, of which nothing is taken.
      inputs: inputs.filter((input) => !input.startsWith('^')).map(inputOf),
      attributes: new Attributes(node.at('attr').within(site)),
    })
  }
  return nodes
}

export function siteOf(reading: Reading, node: string, op: string): Site {
  return reading.site('it', { node, op })
}

export function inputOf(text: string): Input {
  const parts = text.split(':')
  return { node: parts[0]!, result: parts.length > 2 ? parts[1] : undefined, index: parts.length > 1 ? Number(parts.at(-1)) : 0 } // prettier-ignore
}

/** Functions that nodes call. */
export function readFunctions(library: Json, reading: Reading): Map<string, FunctionFact> {
  const functions = new Map<string, FunctionFact>()
  for (const entry of library.at('function').list()) {
    const signature = entry.at('signature')
    const name = signature.at('name').text()
    const ret = entry.at('ret')
    const inputs = signature.oneOf('inputArg', 'input_arg').list().map((arg) => arg.at('name').text()) // prettier-ignore
    const outputs = signature.oneOf('outputArg', 'output_arg').list().map((arg) => inputOf(ret.at(arg.at('name').text()).text())) // prettier-ignore
    const nodes = readNodes(entry.oneOf('nodeDef', 'node_def'), reading)
    for (const input of inputs) if (nodes.has(input)) reading.site(`function ${quote(name)}`).fail('MODEL_GRAPH', `has a node and an input ${quote(input)}. Save the model again.`) // prettier-ignore
    functions.set(name, { nodes, inputs, outputs })
  }
  return functions
}

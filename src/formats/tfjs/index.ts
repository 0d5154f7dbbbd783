import { modelOf } from '../../onnx/build.ts'
import type { OnnxDim, Tensor, TypeInfo } from '../../onnx/model.ts'
import type { WritableModel } from '../../onnx/write.ts'
import type { Site } from '../../onnx/reading.ts'
import type { FrontEnd } from '../front-end.ts'
import { GraphWriter } from '../graph-writer.ts'
import { Builder } from './builder.ts'
import type { Convertible, Named } from './convertible.ts'
import { convertGraph } from './graph/model.ts'
import { Json } from './json.ts'
import { convertLayers } from './layers/model.ts'
import { isTfjs } from './magic.ts'
import { readWeights } from './weights.ts'

/** Opset that is written: 20 has Gelu, 21 is what other front ends write. */
const OPSET = 21

/**
 * TensorFlow.js: `model.json` and its shards (tfjs-core io/types.ts `ModelJSON`). A graph model is a GraphDef of TensorFlow
 * (`graph`), a layers model a topology of Keras (`layers`); both write values in TensorFlow's layout, channels last (`builder.ts`).
 */
export const tfjs: FrontEnd<WritableModel> = {
  format: 'TensorFlow.js',
  claims: isTfjs,
  convert(bytes, reading) {
    const site = reading.site('the file')
    const file = new Json(parsed(bytes, site), site)
    const topology = file.at('modelTopology')
    if (!topology.isThere)
      site.fail('MODEL_EMPTY', 'has weights and no modelTopology. Save the model with its topology.')
    if (typeof topology.value !== 'object') topology.wrong('an object')
    const isGraph = topology.at('node').isThere || file.at('format').value === 'graph-model'
    const convertible = isGraph ? convertGraph(file, reading) : convertLayers(file, reading)
    return written(convertible, readWeights(file.at('weightsManifest'), reading), file, site)
  },
}

function parsed(bytes: Uint8Array, site: Site): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    site.fail('MODEL_DAMAGED', `is no whole JSON (${(error as Error).message}): it is truncated or damaged. Download or save it again.`) // prettier-ignore
  }
  expectShallow(value, site)
  return value
}

/** Models in models as many as `subgraphDepth` allows are about 70 deep. */
const DEPTH = 200

/** What reads and shows values calls itself for those inside, as JSON.stringify does: deep ones would end the stack. */
function expectShallow(value: unknown, site: Site): void {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH) site.fail('MODEL_LIMIT', `nests its values more than ${DEPTH} deep, which no real model does.`)
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
}

function written(
  { inputs, outputs, write }: Convertible,
  weights: ReadonlyMap<string, Tensor>,
  file: Json,
  site: Site,
): WritableModel {
  // prettier-ignore
  const writer = new GraphWriter()
  const b = new Builder(writer, site)
  // Names that users see come first: what is between makes way.
  const given = inputs.map((input) => ({ ...input, name: writer.names.fresh(input.name) }))
  const results = outputs.map((name) => writer.names.fresh(name))
  const values = write(b, given.map(({ name, type, shape }) => b.value(name, type, shape)), weights) // prettier-ignore
  writer.origin = ''
  values.forEach((value, i) => writer.nodes.push({ op: 'Identity', inputs: [b.get(value)], outputs: [results[i]!] }))
  return modelOf({
    opsets: { '': OPSET },
    producer: ['TensorFlow.js', file.at('convertedBy').value ?? file.at('generatedBy').value].filter((text) => typeof text === 'string').join(', '), // prettier-ignore
    inputs: new Map(given.map((input) => [input.name, typeOf(input, given.length === 1 ? 'input' : input.name)])),
    outputs: new Map(values.map(({ type }, i) => [results[i]!, { kind: 'tensor', type, shape: undefined }])),
    initializers: writer.names.initializers,
    nodes: writer.nodes,
  })
}

/** Sizes that vary are called `batch`, or after the input and the axis. */
function typeOf({ type, shape }: Named, name: string): TypeInfo {
  const prefix = name.replace(/\W+/g, '_')
  const dims = shape.map((size, axis): OnnxDim => size ?? (axis === 0 ? 'batch' : `${prefix}_${axis}`))
  return { kind: 'tensor', type, shape: dims }
}

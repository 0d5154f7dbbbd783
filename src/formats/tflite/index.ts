import { modelOf } from '../../onnx/build.ts'
import type { OnnxDim, TypeInfo } from '../../onnx/model.ts'
import { plain, quote, type Reading } from '../../onnx/reading.ts'
import type { WritableModel } from '../../onnx/write.ts'
import type { FrontEnd } from '../front-end.ts'
import { GraphWriter } from '../graph-writer.ts'
import { Converter } from './converter.ts'
import { isTflite } from './magic.ts'
import { metadataOf } from './metadata.ts'
import { convertAll, handlerOf } from './operators/index.ts'
import { type File, readFile, type Subgraph } from './schema.ts'
import { chosenSignature } from './signature.ts'
import { calledOnce, statesOf } from './states.ts'

/** Opset that is written: 21 has 16-bit codes, 20 Gelu and the DFT whose axis is an input. */
const OPSET = 21

/** TensorFlow Lite (LiteRT): see `schema.ts` for the file, `converter.ts` for how it becomes ONNX, `operators` for each operator. */
export const tflite: FrontEnd<WritableModel> = {
  format: 'TensorFlow Lite',
  claims: isTflite,
  convert(bytes, reading, options) {
    const site = reading.site('the file')
    const file = readFile(bytes, reading)
    const { graph, inputs, outputs } = chosenSignature(file, options.signature, site)
    expectSupported(file, graph, reading)

    const writer = new GraphWriter()
    // Names that users see come first: what is between makes way.
    const given = inputs.map(({ name, tensor }) => ({ name: writer.names.fresh(name), tensor }))
    const results = outputs.map(({ name, tensor }) => ({ name: writer.names.fresh(name), tensor }))
    const states = statesOf(file, graph, reachable(file, graph), writer, site)
    const c = new Converter(file, graph, writer, site, states)
    for (const { name, tensor } of given) c.set(tensor, name)
    convertAll(c)

    writer.origin = ''
    const give = (name: string, value: string): void => {
      writer.nodes.push({ op: 'Identity', inputs: [value], outputs: [name] })
    }
    for (const { name, tensor } of results) give(name, c.get(tensor))
    const kept = states.all.filter(({ value }) => value !== '')
    for (const { output, value, initial } of kept)
      give(output, initial ? c.op('Sub', [value, writer.names.tensor(initial, output)]) : value)
    return modelOf({
      opsets: { '': OPSET },
      producer: 'TensorFlow Lite',
      docString: file.description,
      metadata: metadataOf(file, bytes, { inputs: given, outputs: results }, site),
      inputs: new Map([
        ...given.map(({ name, tensor }) => [name, inputType(c, tensor, given.length === 1 ? 'input' : name)] as const),
        ...kept.map(({ input, type }) => [input, type] as const),
      ]),
      outputs: new Map([
        ...results.map(({ name, tensor }) => [name, outputType(c, tensor)] as const),
        ...kept.map(({ output, type }) => [output, type] as const),
      ]),
      initializers: writer.names.initializers,
      nodes: writer.nodes,
    })
  },
}

/** Operators that stand for programs of an accelerator: of Coral's Edge TPU, Arm's Ethos-U, NXP's Neutron and those that LiteRT dispatches to. */
const accelerators = new Set(['edgetpu-custom-op', 'ethos-u', 'NeutronGraph', 'DISPATCH_OP'])

/** All that is not read of the graphs that a graph uses, in one error. */
function expectSupported(file: File, graph: Subgraph, reading: Reading): void {
  const site = reading.site('the file')
  const operators = new Set<string>()
  const tensors = new Map<string, string>()
  for (const used of reachable(file, graph)) {
    for (const operator of used.operators) {
      if (!handlerOf(operator)) operators.add(`${operator.isCustom ? 'custom operator ' : ''}${plain(operator.code)}`)
      for (const index of operator.inputs) {
        const fact = used.tensors[index]
        if (fact?.unreadable !== undefined) tensors.set(fact.name, fact.unreadable)
      }
    }
  }
  const parts = [
    ...(operators.size > 0 ? [`operators that are not read: ${[...operators].join(', ')}`] : []),
    ...Array.from(tensors, ([name, why]) => `a tensor ${quote(name)} that ${why}`),
  ]
  if (parts.length === 0) return
  const isCompiled = [...operators].some((name) => accelerators.has(name.replace('custom operator ', '')))
  const advice = isCompiled
    ? 'It was compiled for an accelerator: take the file that was given to that compiler.'
    : 'Export the model with builtin operators and plain quantisation.'
  site.fail('MODEL_UNSUPPORTED', `has ${parts.join('; ')}. ${advice}`, {
    operators: [...operators],
    tensors: [...tensors.keys()],
  })
}

/** The graphs that are called from a graph, itself among them. */
function reachable(file: File, graph: Subgraph): Set<Subgraph> {
  const found = new Set([graph])
  for (const { operators } of found) {
    for (const operator of operators) {
      const { code, options, options2 } = operator
      for (const next of calledOnce(file, operator)) found.add(next)
      const called =
        code === 'IF' || code === 'WHILE'
          ? [options?.int32(0) ?? 0, options?.int32(1) ?? 0]
          : code === 'CALL'
            ? [options?.uint32(0) ?? 0]
            : code === 'STABLEHLO_COMPOSITE'
              ? [options2?.int32(1) ?? 0]
              : []
      for (const index of called) {
        const next = file.subgraphs[index]
        if (next) found.add(next)
      }
    }
  }
  return found
}

/** Sizes that vary are called `batch`, or after the input and the axis. */
function inputType(c: Converter, tensor: number, name: string): TypeInfo {
  const { shape, varying } = c.fact(tensor)
  const prefix = name.replace(/\W+/g, '_')
  const dims = shape.map((size, axis): OnnxDim => (!varying[axis] ? size : axis === 0 ? 'batch' : `${prefix}_${axis}`))
  return { kind: 'tensor', type: c.type(tensor), shape: dims }
}

/** Sizes follow from the inputs', which the compiler infers. */
function outputType(c: Converter, tensor: number): TypeInfo {
  return { kind: 'tensor', type: c.type(tensor), shape: undefined }
}

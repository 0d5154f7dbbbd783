import { modelOf, tensorType } from '../../onnx/build.ts'
import { DIMENSION_RANGES, type DimensionRange, writeRanges } from '../../onnx/dimension-ranges.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import type { OnnxDim, TypeInfo } from '../../onnx/model.ts'
import { quote, type Site } from '../../onnx/reading.ts'
import type { WritableModel } from '../../onnx/write.ts'
import type { Value } from './call.ts'
import type { Container } from './container.ts'
import { Converter, fixedSizes, renamed } from './convert.ts'
import { outputNames } from './outputs.ts'
import { elementTypeOf, type Program, type TensorMeta } from './schema.ts'
import { type DynamicAxis, multipleOf, nameSizes } from './symbols.ts'
import type { Names } from '../graph-writer.ts'

/** LayerNormalization is of 17, Gelu of 20, GroupNormalization with one scale per channel of 21. */
const OPSET = 21

/** An input that is given at run time; without a `meta`, it is an integer. */
interface UserInput {
  readonly name: string
  readonly meta: TensorMeta | undefined
}

/** The ONNX model of a program and its tensors. @throws ModelError */
export function convertProgram(program: Program, container: Container, site: Site): WritableModel {
  const converter = new Converter(site)
  const { names, writer, stated } = converter
  const users = program.inputs.flatMap((spec) => userInput(spec, program))
  const sizes = sizesOf(users, program, site)
  const given = new Map<string, Value>()
  const inputs = new Map<string, TypeInfo>()
  for (const { name, meta } of users) {
    const type = meta ? typeOf(meta, `input ${quote(name)}`, site) : 'int64'
    const shape = (meta?.sizes ?? []).map((size): OnnxDim => (typeof size === 'number' ? size : sizes.names.get(size)))
    names.fresh(name)
    inputs.set(name, tensorType(type, shape))
    given.set(name, { name, type, sizes: fixedSizes(meta) })
  }
  const outputs = outputsOf(program, names, site)
  defineTensors(program, container, names, given, site)
  const results = converter.main(program.graph, given)

  const rename = new Map<string, string>()
  const types = new Map<string, TypeInfo>()
  const kept = new Set([...inputs.keys(), ...names.initializers.keys()])
  results.forEach((value, i) => {
    const name = outputs[i] ?? value.name
    types.set(name, tensorType(value.type, value.sizes))
    // An output is made by a node, and by one of its own.
    const made = kept.has(value.name) || rename.has(value.name) ? writer.op('Identity', [value.name]) : value.name
    rename.set(made, name)
  })
  return modelOf({
    opsets: { '': OPSET },
    producer: `PyTorch ${program.torch}`,
    metadata: {
      'torch.version': program.torch,
      'torch.export.schema': program.schema,
      ...(sizes.ranges.size > 0 && { [DIMENSION_RANGES]: writeRanges(sizes.ranges) }),
    },
    inputs,
    outputs: types,
    initializers: names.initializers,
    valueInfo: new Map([...stated].filter(([name]) => name !== '' && !kept.has(name) && !rename.has(name))),
    nodes: renamed(writer.nodes, rename),
  })
}

/** Constants among the inputs of forward are in the program already. */
function userInput(spec: Program['inputs'][number], { graph }: Program): UserInput[] {
  if (spec.kind !== 'user') return []
  const { argument } = spec
  if (argument.kind === 'tensor') return [{ name: argument.name, meta: graph.tensors.get(argument.name) }]
  return argument.kind === 'symbol' ? [{ name: argument.name, meta: undefined }] : []
}

function typeOf(meta: TensorMeta, what: string, site: Site): ElementType {
  return (
    elementTypeOf(meta.scalarType) ??
    site.fail(
      'MODEL_TYPE',
      `has an ${what} of a type (${meta.scalarType}) that is not read: complex, or newer than this.`,
    )
  )
}

/** Names of the outputs that are tensors, each reserved. */
function outputsOf({ graph, outSpec }: Program, names: Names, site: Site): string[] {
  const wanted = outputNames(
    graph.outputs.map((output) => ('name' in output ? output.name : 'output')),
    outSpec,
    site,
  )
  return graph.outputs.flatMap((output, i) => (output.kind === 'none' ? [] : [names.fresh(wanted[i]!)]))
}

/** Gives parameters, buffers and constants their values; those that are used, and tied ones once. */
function defineTensors(
  program: Program,
  container: Container,
  names: Names,
  given: Map<string, Value>,
  site: Site,
): void {
  const known = new Map<string, string>()
  const used = usedNames(program.graph)
  for (const spec of program.inputs) {
    if (spec.kind === 'user' || !used.has(spec.name)) continue
    if (spec.kind === 'value') {
      const { argument } = spec
      if (argument.kind !== 'int' && argument.kind !== 'bool' && argument.kind !== 'float')
        site.fail('MODEL_UNSUPPORTED', `has a constant input ${quote(spec.name)} that is no number.`)
      const type = ({ int: 'int64', bool: 'bool', float: 'float32' } as const)[argument.kind]
      given.set(spec.name, { name: names.constant(type, [], [argument.value]), type, sizes: [] })
      continue
    }
    const found = container[spec.kind === 'weight' ? 'weights' : 'constants'].find(spec.key)
    const meta = program.graph.tensors.get(spec.name)
    const name = known.get(found.identity) ?? names.fresh(spec.key)
    const tensor = names.initializers.get(name) ?? found.tensor()
    const { type, dims } = tensor
    if (meta && (elementTypeOf(meta.scalarType) !== type || meta.sizes.join() !== dims.join()))
      site.fail(
        'MODEL_TENSOR',
        `has weights ${quote(spec.key)} of another type or shape than its program says. Export it again.`,
      )
    known.set(found.identity, name)
    names.initializers.set(name, tensor)
    given.set(spec.name, { name, type, sizes: dims })
  }
}

/** A BatchNormalization counts its batches in a buffer that nothing reads. */
function usedNames({ nodes, outputs }: Program['graph']): Set<string> {
  const used = new Set<string>()
  const visit = (argument: Program['graph']['outputs'][number]): void => {
    if ('name' in argument) used.add(argument.name)
    if (argument.kind === 'list') argument.items.forEach(visit)
  }
  for (const node of nodes) for (const { value } of node.inputs) visit(value)
  outputs.forEach(visit)
  return used
}

/** Names and ranges of the sizes of inputs that only a run knows. @throws ModelError `MODEL_UNSUPPORTED` for one that depends on others */
function sizesOf(
  users: readonly UserInput[],
  { ranges }: Program,
  site: Site,
): { readonly names: ReadonlyMap<string, string>; readonly ranges: ReadonlyMap<string, DimensionRange> } {
  const axes = users.flatMap(({ name, meta }) =>
    (meta?.sizes ?? []).flatMap((size, axis): DynamicAxis[] =>
      typeof size === 'number' ? [] : [{ input: name, axis, expression: size }],
    ),
  )
  const names = nameSizes(axes)
  const allowed = new Map<string, DimensionRange>()
  const expressions = new Map<string, string>()
  for (const { input, axis, expression } of axes) {
    const multiple = multipleOf(expression)
    const other = multiple && expressions.get(multiple.symbol)
    if (!multiple || (other !== undefined && other !== expression)) {
      const why = multiple ? `depends on that of another` : `is ${quote(expression)}`
      site.fail(
        'MODEL_UNSUPPORTED',
        `has an input ${quote(input)} whose size on axis ${axis} ${why}, which is not checked. Export it with independent sizes.`,
      )
    }
    expressions.set(multiple.symbol, expression)
    const { factor } = multiple
    const { min = 0, max } = ranges.get(multiple.symbol) ?? {}
    // torch.export writes 2 where it took a size for neither 0 nor 1 in tracing; its own run lets both pass.
    const least = min > 2 || min === 1 ? min * factor : 0
    const range = {
      ...(least > 0 && { min: least }),
      ...(max !== undefined && max * factor < 2 ** 53 && { max: max * factor }),
      ...(factor > 1 && { multipleOf: factor }),
    }
    if (Object.keys(range).length > 0) allowed.set(names.get(expression)!, range)
  }
  return { names, ranges: allowed }
}

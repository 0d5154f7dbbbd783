import type { ElementType } from '../../onnx/element-type.ts'
import type { Site } from '../../onnx/reading.ts'
import { Field, type Json } from './json.ts'
import { integerOf } from './symbols.ts'

// An exported program as torch/_export/serde/schema.py of PyTorch describes it, major version 8: unknown keys are ignored, a
// union has exactly one key. What is not needed (devices, layouts, metadata) is not read.

export interface Program {
  readonly torch: string
  readonly schema: string
  readonly graph: ProgramGraph
  readonly inputs: readonly InputSpec[]
  /** Pytree of the outputs, JSON in a text. */
  readonly outSpec: string | undefined
  readonly ranges: ReadonlyMap<string, { readonly min: number | undefined; readonly max: number | undefined }>
}

export interface ProgramGraph {
  readonly inputs: readonly Argument[]
  readonly outputs: readonly Argument[]
  readonly nodes: readonly ProgramNode[]
  readonly tensors: ReadonlyMap<string, TensorMeta>
}

export interface ProgramNode {
  readonly target: string
  readonly inputs: readonly { readonly name: string; readonly value: Argument }[]
  readonly outputs: readonly Argument[]
}

export type Argument =
  | { readonly kind: 'tensor'; readonly name: string }
  /** A size, or what is computed of sizes. */
  | { readonly kind: 'symbol'; readonly name: string; readonly type: 'int64' | 'bool' | 'float64' }
  | { readonly kind: 'int'; readonly value: number | bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  /** A ScalarType. */
  | { readonly kind: 'type'; readonly value: number }
  | { readonly kind: 'list'; readonly items: readonly Argument[] }
  | { readonly kind: 'graph'; readonly graph: ProgramGraph }
  | { readonly kind: 'none' }
  /** Of a kind that has no meaning here: a device, a layout, a complex number, an object. */
  | { readonly kind: 'other'; readonly what: string }

export interface TensorMeta {
  readonly scalarType: number
  readonly sizes: readonly (number | string)[]
  readonly strides: readonly number[]
  /** In elements. */
  readonly offset: number
}

export type InputSpec =
  | { readonly kind: 'user'; readonly argument: Argument }
  | { readonly kind: 'weight' | 'constant'; readonly name: string; readonly key: string }
  | { readonly kind: 'value'; readonly name: string; readonly argument: Argument }

/** `ScalarType` of the schema → element type; complex numbers have none here. */
const scalarTypes: Readonly<Record<number, ElementType>> = {
  1: 'uint8',
  2: 'int8',
  3: 'int16',
  4: 'int32',
  5: 'int64',
  6: 'float16',
  7: 'float32',
  8: 'float64',
  12: 'bool',
  13: 'bfloat16',
  28: 'uint16',
  29: 'float8e4m3fn',
  30: 'float8e5m2',
  31: 'float8e4m3fnuz',
  32: 'float8e5m2fnuz',
  34: 'uint32',
  35: 'uint64',
}

export function elementTypeOf(scalarType: number): ElementType | undefined {
  return scalarTypes[scalarType]
}

/** @throws ModelError `MODEL_VERSION` for another major version of the schema, `MODEL_DAMAGED`, `MODEL_UNSUPPORTED` */
export function readProgram(json: Json, site: Site): Program {
  const root = new Field(json, 'the program', site)
  const { torch, schema } = readVersion(root, site)
  const module = root.get('graph_module')
  const signature = module.get('signature')
  checkOutputs(signature.get('output_specs'), site)
  const calls = module.get('module_call_graph')
  const call = calls.absent ? undefined : calls.list()[0]?.get('signature')
  return {
    torch,
    schema,
    graph: readGraph(module.get('graph'), 0),
    inputs: signature
      .get('input_specs')
      .list()
      .map((spec) => inputSpec(spec, site)),
    outSpec: call === undefined || call.absent ? undefined : call.get('out_spec').text(),
    ranges: new Map(
      root
        .get('range_constraints')
        .entries()
        .map(([name, range]) => [name, rangeOf(range)]),
    ),
  }
}

function readVersion(root: Field, site: Site): Pick<Program, 'torch' | 'schema'> {
  const version = root.get('schema_version')
  const [major, minor] =
    typeof version.value === 'number' ? [version.value, 0] : [version.get('major').size(), version.get('minor').size()]
  const given = root.get('torch_version')
  const torch = given.absent ? 'unknown' : given.text().slice(0, 100)
  if (major !== 8) {
    const by = given.absent ? 'a torch before 2.6' : `torch ${torch}`
    site.fail(
      'MODEL_VERSION',
      `was exported by ${by}, in version ${major} of the schema of torch.export; version 8 is read. Export it again with torch 2.6 or newer.`,
      { torch, schema: major },
    )
  }
  return { torch, schema: `${major}.${minor}` }
}

function rangeOf(range: Field): { min: number | undefined; max: number | undefined } {
  const [min, max] = ['min_val', 'max_val'].map((key) => {
    const value = range.get(key)
    const number = value.absent ? Infinity : value.float()
    return Number.isSafeInteger(number) ? number : undefined
  })
  return { min, max }
}

function checkOutputs(specs: Field, site: Site): void {
  for (const spec of specs.list()) {
    const [kind] = spec.variant()
    if (kind === 'user_output') continue
    const why = kind.includes('mutation')
      ? 'changes a buffer or an input while it runs'
      : `has an output of kind ${kind}`
    site.fail('MODEL_UNSUPPORTED', `${why}, which can't be converted. Export it without.`)
  }
}

function inputSpec(spec: Field, site: Site): InputSpec {
  const [kind, field] = spec.variant()
  const name = (): string => field.get('arg').get('name').text()
  switch (kind) {
    case 'user_input':
      return { kind: 'user', argument: argumentOf(field.get('arg'), 0) }
    case 'parameter':
      return { kind: 'weight', name: name(), key: field.get('parameter_name').text() }
    case 'buffer': {
      const persistent = field.get('persistent')
      const isWeight = persistent.absent || persistent.bool()
      return { kind: isWeight ? 'weight' : 'constant', name: name(), key: field.get('buffer_name').text() }
    }
    case 'tensor_constant':
      return { kind: 'constant', name: name(), key: field.get('tensor_constant_name').text() }
    case 'constant_input':
      return { kind: 'value', name: field.get('name').text(), argument: argumentOf(field.get('value'), 0) }
    default:
      return site.fail(
        'MODEL_UNSUPPORTED',
        `has an input of kind ${JSON.stringify(kind.slice(0, 100))}. Export it without.`,
      )
  }
}

function readGraph(graph: Field, depth: number): ProgramGraph {
  if (depth > 16) graph.site.fail('MODEL_LIMIT', 'has graphs inside graphs, more than 16 deep.')
  const argumentsOf = (field: Field): Argument[] => field.list().map((item) => argumentOf(item, depth))
  const nodes = graph.get('nodes').list()
  graph.site.use('nodes', nodes.length)
  return {
    inputs: argumentsOf(graph.get('inputs')),
    outputs: argumentsOf(graph.get('outputs')),
    nodes: nodes.map((node) => ({
      target: node.get('target').text(),
      inputs: node
        .get('inputs')
        .list()
        .map((input) => ({ name: input.get('name').text(), value: argumentOf(input.get('arg'), depth) })),
      outputs: argumentsOf(node.get('outputs')),
    })),
    tensors: new Map(
      graph
        .get('tensor_values')
        .entries()
        .map(([name, meta]) => [name, tensorMeta(meta)]),
    ),
  }
}

/** Also of the tables of weights. */
export function tensorMeta(meta: Field): TensorMeta {
  const integers = (key: string): (number | string)[] => {
    const list = meta.get(key)
    return list.list().map((item) => sizeOf(item))
  }
  const sizes = integers('sizes')
  meta.site.bound('rank', sizes.length, `a tensor of ${sizes.length} dimensions`)
  return {
    scalarType: meta.get('dtype').size(),
    sizes,
    // Of values inside the graph strides are never used; those of weights are numbers.
    strides: integers('strides').map((stride) => (typeof stride === 'number' ? stride : NaN)),
    offset: Number(sizeOf(meta.get('storage_offset'))),
  }
}

/** A size: a number, or an expression of sizes that only a run knows. */
function sizeOf(field: Field): number | string {
  const [kind, value] = field.variant()
  if (kind === 'as_int') return value.size()
  const text = value.get('expr_str').text()
  return integerOf(text) ?? text
}

function argumentOf(union: Field, depth: number): Argument {
  const [kind, field] = union.variant()
  switch (kind) {
    case 'as_none':
      return { kind: 'none' }
    case 'as_tensor':
      return { kind: 'tensor', name: field.get('name').text() }
    case 'as_tensors':
      return list(field, (item) => ({ kind: 'tensor', name: item.get('name').text() }))
    case 'as_optional_tensors':
      return list(field, (item) => argumentOf(item, depth))
    case 'as_sym_ints':
      return list(field, (item) => symbolOf(item, 'int64', depth))
    case 'as_sym_bools':
      return list(field, (item) => symbolOf(item, 'bool', depth))
    case 'as_sym_floats':
      return list(field, (item) => symbolOf(item, 'float64', depth))
    case 'as_int':
      return { kind: 'int', value: field.integer() }
    case 'as_ints':
      return list(field, (item) => ({ kind: 'int', value: item.integer() }))
    case 'as_float':
      return { kind: 'float', value: field.float() }
    case 'as_floats':
      return list(field, (item) => ({ kind: 'float', value: item.float() }))
    case 'as_bool':
      return { kind: 'bool', value: field.bool() }
    case 'as_bools':
      return list(field, (item) => ({ kind: 'bool', value: item.bool() }))
    case 'as_string':
      return { kind: 'string', value: field.text() }
    case 'as_scalar_type':
      return { kind: 'type', value: field.size() }
    case 'as_sym_int':
      return symbolOf(field, 'int64', depth)
    case 'as_sym_bool':
      return symbolOf(field, 'bool', depth)
    case 'as_sym_float':
      return symbolOf(field, 'float64', depth)
    case 'as_graph':
      return { kind: 'graph', graph: readGraph(field.get('graph'), depth + 1) }
    default:
      return { kind: 'other', what: kind.slice(0, 100) }
  }
}

/** A union of a name and a number. */
function symbolOf(union: Field, type: 'int64' | 'bool' | 'float64', depth: number): Argument {
  const [kind, field] = union.variant()
  return kind === 'as_name' ? { kind: 'symbol', name: field.text(), type } : argumentOf(union, depth)
}

function list(field: Field, read: (item: Field) => Argument): Argument {
  return { kind: 'list', items: field.list().map(read) }
}

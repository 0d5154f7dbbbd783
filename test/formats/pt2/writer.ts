import { crc32, deflateRawSync } from 'node:zlib'
import type { ElementType } from '../../../src/onnx/element-type.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { elementsOf } from '../../../src/onnx/tensor.ts'

// Writes `.pt2` files as torch.export.save of torch 2.13 does (schema 8.20), from little: the schema is torch/_export/serde/schema.py.

/** Contents of an archive by name, in order. */
export type Files = Readonly<Record<string, Uint8Array | string>>

/** A ZIP archive of stored (or deflated) files. Source: PKWARE APPNOTE 6.3.10. */
export function zipOf(files: Files, { deflate = false } = {}): Uint8Array {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content as string)
    const packed = deflate ? deflateRawSync(data) : data
    const nameBytes = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(deflate ? 8 : 0, 4)
    common.writeUInt32LE(crc32 ? crc32(data) : 0, 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(nameBytes.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, nameBytes, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, nameBytes]))
    parts.push(local)
    at += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(at, 16)
  return new Uint8Array(Buffer.concat([...parts, central, end]))
}

const scalarTypes: Partial<Record<ElementType, number>> = {
  uint8: 1,
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  float16: 6,
  float32: 7,
  float64: 8,
  bool: 12,
  bfloat16: 13,
}

export type Size = number | string
export type Meta = readonly [ElementType, readonly Size[]]

/** A size that only the run knows. */
export const symbol = (name: string): string => `Symbol('${name}', positive=True, integer=True)`

const sizeOf = (size: Size): object =>
  typeof size === 'number' ? { as_int: size } : { as_expr: { expr_str: size, hint: { as_int: 2 } } }

export function metaOf([type, sizes]: Meta): object {
  const strides = sizes.map((_, i) =>
    sizes.slice(i + 1).reduce<number>((a, b) => a * Number(typeof b === 'number' ? b : 1), 1),
  )
  return {
    dtype: scalarTypes[type],
    sizes: sizes.map(sizeOf),
    requires_grad: false,
    device: { type: 'cpu', index: null },
    strides: strides.map((stride) => ({ as_int: stride })),
    storage_offset: { as_int: 0 },
    layout: 7,
  }
}

/** A whole argument union. */
export class Raw {
  readonly union: object
  constructor(union: object) {
    this.union = union
  }
}

export const tensor = (name: string): Raw => new Raw({ as_tensor: { name } })
export const float = (value: number): Raw => new Raw({ as_float: Number.isFinite(value) ? value : String(value) })
export const type = (name: ElementType): Raw => new Raw({ as_scalar_type: scalarTypes[name] })
export const size = (name: string): Raw => new Raw({ as_sym_int: { as_name: name } })

export type Arg = Raw | number | boolean | string | null | readonly number[] | readonly (Raw | null)[]

function unionOf(arg: Arg): object {
  if (arg instanceof Raw) return arg.union
  if (arg === null) return { as_none: true }
  if (typeof arg === 'number') return { as_int: arg }
  if (typeof arg === 'boolean') return { as_bool: arg }
  if (typeof arg === 'string') return { as_string: arg }
  if (arg.every((item) => typeof item === 'number')) return { as_ints: arg }
  const unions = arg.map((item) => unionOf(item as Raw | null)) as Record<string, unknown>[]
  if (unions.some((union) => 'as_sym_int' in union))
    return { as_sym_ints: unions.map((union) => union['as_sym_int'] ?? union) }
  return unions.every((union) => 'as_tensor' in union)
    ? { as_tensors: unions.map((union) => union['as_tensor']) }
    : { as_optional_tensors: unions }
}

export interface Node {
  readonly target: string
  /** By name; an operator of higher order has its own in a list. */
  readonly args: Readonly<Record<string, Arg>> | readonly Arg[]
  /** Names of the outputs; a list of one name is a list of tensors. */
  readonly out: string | readonly string[]
  /** The outputs are one list. */
  readonly isList?: boolean
}

export interface GraphParts {
  readonly inputs: Readonly<Record<string, Meta>>
  readonly nodes: readonly Node[]
  readonly outputs: readonly string[]
  readonly values: Readonly<Record<string, Meta>>
}

export function graphOf({ inputs, nodes, outputs, values }: GraphParts): object {
  const ref = (name: string): object => ({ as_tensor: { name } })
  return {
    inputs: Object.keys(inputs).map(ref),
    outputs: outputs.map(ref),
    nodes: nodes.map(({ target, args, out, isList }) => {
      const list = Array.isArray(args) ? args.map((arg: Arg) => ['', arg] as const) : Object.entries(args)
      const names = typeof out === 'string' ? [out] : out
      const outs = names.map((name) => (name in values ? ref(name) : { as_sym_int: { as_name: name } }))
      return {
        target: target.startsWith('_operator') ? target : `torch.ops.${target}`,
        inputs: list.map(([name, arg]) => ({ name, arg: unionOf(arg as Arg), kind: 1 })),
        outputs: isList ? [{ as_tensors: names.map((name) => ({ name })) }] : outs,
        metadata: {},
        is_hop_single_tensor_return: null,
      }
    }),
    tensor_values: Object.fromEntries(
      Object.entries({ ...inputs, ...values }).map(([name, meta]) => [name, metaOf(meta)]),
    ),
    sym_int_values: {},
    sym_bool_values: {},
    is_single_tensor_return: false,
    custom_obj_values: {},
  }
}

export interface ProgramParts extends GraphParts {
  readonly weights?: Readonly<Record<string, Tensor>>
  readonly ranges?: object
  readonly outSpec?: string
  /** Changes to the program, before it is written. */
  readonly change?: (program: Record<string, unknown>) => void
}

/** The program as JSON would hold it. */
export function programOf(parts: ProgramParts): Record<string, unknown> {
  const weights = Object.entries(parts.weights ?? {})
  const metas = Object.fromEntries(weights.map(([name, { type: of, dims }]) => [name, [of, dims] as const]))
  const graph = graphOf({ ...parts, inputs: { ...metas, ...parts.inputs } })
  const program: Record<string, unknown> = {
    graph_module: {
      graph,
      signature: {
        input_specs: [
          ...weights.map(([name]) => ({ parameter: { arg: { name }, parameter_name: name } })),
          ...Object.keys(parts.inputs).map((name) => ({ user_input: { arg: { as_tensor: { name } } } })),
        ],
        output_specs: parts.outputs.map((name) => ({ user_output: { arg: { as_tensor: { name } } } })),
      },
      module_call_graph: parts.outSpec ? [{ fqn: '', signature: { out_spec: parts.outSpec } }] : [],
    },
    opset_version: { aten: 10 },
    range_constraints: parts.ranges ?? {},
    schema_version: { major: 8, minor: 20 },
    verifiers: ['TRAINING'],
    torch_version: '2.13.0+cpu',
    guards_code: [],
  }
  parts.change?.(program)
  return program
}

/** The files of an archive. */
export function archiveOf(parts: ProgramParts, root = 'model'): Record<string, Uint8Array | string> {
  const config = Object.entries(parts.weights ?? {}).map(([name, { type: of, dims }], i) => [
    name,
    { path_name: `weight_${i}`, is_param: true, use_pickle: false, tensor_meta: metaOf([of, dims]) },
  ])
  return {
    ...Object.fromEntries(
      Object.values(parts.weights ?? {}).map(({ data }, i) => [`${root}/data/weights/weight_${i}`, data]),
    ),
    [`${root}/data/weights/model_weights_config.json`]: JSON.stringify({ config: Object.fromEntries(config) }),
    [`${root}/data/constants/model_constants_config.json`]: '{"config": {}}',
    [`${root}/models/model.json`]: JSON.stringify(programOf(parts)),
    [`${root}/archive_format`]: 'pt2',
    [`${root}/archive_version`]: '0',
    [`${root}/byteorder`]: 'little',
  }
}

export function pt2Of(parts: ProgramParts): Uint8Array {
  return zipOf(archiveOf(parts))
}

/** 0, 1, 2, … scaled and shifted, as float32 rounds them. */
export function ramp(dims: readonly number[], scale = 1, shift = 0): number[] {
  return Array.from({ length: elementsOf(dims) }, (_, i) => Math.fround(i * scale + shift))
}

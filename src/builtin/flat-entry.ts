import type { Signature, SignatureEntry } from '../cache/artifact.ts'
import { isNarrowFloat } from '../lowering/c-text.ts'
import { type ElementType, elementTypes } from '../onnx/element-type.ts'
import { crossingOf } from '../runtime/signature.ts'
import { cName } from './tag.ts'

/** An input or output as a parameter of a C function. */
export interface FlatPort {
  readonly parameter: string
  /** C type of an element that needs no header of ours: the bits of what C has no type for. */
  readonly c: string
  /** Of that type: a complex number is two. */
  readonly elements: number
  readonly dims: readonly number[]
  readonly entry: SignatureEntry
}

/** What a model takes and gives where it can be called like any C function. */
export interface FlatPorts {
  readonly inputs: readonly FlatPort[]
  readonly outputs: readonly FlatPort[]
}

/** `undefined` where an input or output is no tensor of numbers, or of a size that only a run knows. */
export function flatPorts({ inputs, outputs }: Signature): FlatPorts | undefined {
  const taken = new Set<string>()
  const ports = (entries: readonly SignatureEntry[], kind: 'in' | 'out') =>
    entries.flatMap((entry) => portOf(entry, freshName(`${kind}_${cName(entry.name)}`, taken)) ?? [])
  const flat = { inputs: ports(inputs, 'in'), outputs: ports(outputs, 'out') }
  return flat.inputs.length === inputs.length && flat.outputs.length === outputs.length ? flat : undefined
}

function portOf(entry: SignatureEntry, parameter: string): FlatPort | undefined {
  const crossing = crossingOf(entry)
  if (crossing.kind !== 'tensor' || crossing.type === 'string') return undefined
  const dims = crossing.shape.filter((dim) => typeof dim === 'number')
  if (dims.length < crossing.shape.length) return undefined
  const { c, units } = plainType(crossing.type)
  return { parameter, c, elements: dims.reduce((count, dim) => count * dim, units), dims, entry }
}

function plainType(type: ElementType): { readonly c: string; readonly units: number } {
  const { c, bits } = elementTypes[type]
  if (type.startsWith('complex')) return { c: type === 'complex64' ? 'float' : 'double', units: 2 }
  if (isNarrowFloat(type)) return { c: bits === 16 ? 'uint16_t' : 'uint8_t', units: 1 }
  if (bits < 8) return { c: type.startsWith('u') ? 'uint8_t' : 'int8_t', units: 1 }
  return { c, units: 1 }
}

/** One that macros, which are in upper case, tell from the others, too. */
function freshName(name: string, taken: Set<string>): string {
  let fresh = name
  for (let i = 2; taken.has(fresh.toUpperCase()); i++) fresh = `${name}_${i}`
  taken.add(fresh.toUpperCase())
  return fresh
}

/** `int digit_run(void *arena, const float in_image[784], float out_scores[10])`; no array of C has no elements. */
export function flatPrototype(tag: string, { inputs, outputs }: FlatPorts): string {
  const list = (ports: readonly FlatPort[], qualifier: string): string[] =>
    ports.map(({ c, parameter, elements }) => `${qualifier}${c} ${parameter}[${Math.max(1, elements)}]`)
  return `int ${tag}_run(${['void *arena', ...list(inputs, 'const '), ...list(outputs, '')].join(', ')})`
}

/** C of the function, to stand behind `om_run`. */
export function flatEntry(tag: string, ports: FlatPorts): string {
  const dims = [...ports.inputs, ...ports.outputs].map(
    ({ dims: sizes, parameter }) =>
      `  int64_t ${parameter}_dims[] = {${sizes.map((size) => `INT64_C(${size})`).join(', ') || '0'}};\n`,
  )
  const buffers = (list: readonly FlatPort[]): string =>
    list.map(({ parameter }) => `{(void *)(uintptr_t)${parameter}, ${parameter}_dims}`).join(', ') || '{0, 0}'
  const prototype = flatPrototype(tag, ports)
  return `
${prototype};
OM_EXPORT(${tag}_run) ${prototype} {
${dims.join('')}  const om_buffer in[] = {${buffers(ports.inputs)}};
  om_buffer out[] = {${buffers(ports.outputs)}};
  return om_run(arena, in, out, NULL);
}
`
}

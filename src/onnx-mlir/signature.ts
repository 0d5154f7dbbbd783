/**
 * The signature that onnx-mlir wrote into a library, and how it compares with the model's own.
 * The text is made by joining strings, so it is JSON only as long as no name or type is special.
 */
import type { Signature, SignatureEntry } from '../cache/artifact.ts'
import { type ElementType, elementTypes } from '../onnx/element-type.ts'
import { isTensor } from '../runtime/signature.ts'
import type { EntryPoint } from './elf.ts'

export interface LibraryTensor {
  readonly name: string
  /** `undefined` for a type that the compiler's text doesn't tell, e.g. a sequence. */
  readonly type: ElementType | undefined
  /** -1 is a dynamic dimension. An unranked tensor has no dims, as a scalar has. */
  readonly dims: readonly number[]
}

export interface LibrarySignature {
  readonly inputs: readonly LibraryTensor[]
  readonly outputs: readonly LibraryTensor[]
}

export interface SignatureDifference {
  /** `error`: the library would misread or miswrite memory. `note`: it knows more or less than the model says. */
  readonly level: 'error' | 'note'
  readonly text: string
}

/** `undefined` where the text can't be understood. */
export function parseLibrarySignature(entry: EntryPoint): LibrarySignature | undefined {
  const inputs = parseTensors(entry.inputs)
  const outputs = parseTensors(entry.outputs)
  return inputs && outputs && { inputs, outputs }
}

/**
 * Compares what the library says with what the model says.
 * @param frozen symbolic dimensions that the compile fixed on purpose, by name
 */
export function compareSignatures(
  model: Signature,
  library: LibrarySignature,
  frozen: ReadonlyMap<string, number> = new Map(),
): readonly SignatureDifference[] {
  return [
    ...compareSide('input', model.inputs, library.inputs, frozen),
    ...compareSide('output', model.outputs, library.outputs, frozen),
  ]
}

function compareSide(
  side: 'input' | 'output',
  model: readonly SignatureEntry[],
  library: readonly LibraryTensor[],
  frozen: ReadonlyMap<string, number>,
): SignatureDifference[] {
  if (model.length !== library.length) {
    const text = `the model has ${model.length} ${side}s, the library ${library.length}`
    return [{ level: 'error', text }]
  }
  return model.flatMap((expected, i) => {
    const found = library[i]
    return found === undefined ? [] : compareTensor(`${side} ${quote(expected.name)}`, expected, found, model, frozen)
  })
}

function compareTensor(
  what: string,
  expected: SignatureEntry,
  found: LibraryTensor,
  siblings: readonly SignatureEntry[],
  frozen: ReadonlyMap<string, number>,
): SignatureDifference[] {
  const differences: SignatureDifference[] = []
  const add = (level: SignatureDifference['level'], text: string) =>
    differences.push({ level, text: `${what}: ${text}` })

  if (found.name !== expected.name) {
    const swapped = siblings.some((sibling) => sibling.name === found.name)
    add(swapped ? 'error' : 'note', `the library calls it ${quote(found.name)}${swapped ? ', another one’s name' : ''}`)
  }
  if (!isTensor(expected)) {
    add('error', `it is a ${expected.type}, which can't be exchanged with a library of onnx-mlir`)
    return differences
  }
  if (found.type === undefined) add('note', 'the library doesn’t tell its element type')
  else if (found.type !== expected.type) add('error', `${expected.type} in the model, ${found.type} in the library`)

  if (found.dims.length !== expected.shape.length) {
    const level = found.dims.length === 0 ? 'note' : 'error'
    add(level, `rank ${expected.shape.length} in the model, ${found.dims.length} in the library`)
    return differences
  }
  expected.shape.forEach((dim, axis) => {
    const given = found.dims[axis] ?? -1
    const known = typeof dim === 'string' ? (frozen.get(dim) ?? dim) : dim
    if (typeof known === 'number' && given >= 0 && given !== known) {
      add('error', `axis ${axis} is ${known} in the model, ${given} in the library`)
    } else if (typeof known !== 'number' && given >= 0) {
      add('note', `axis ${axis} (${dim ?? 'unnamed'}) is always ${given} in the library`)
    }
    // A dynamic dimension where the model has a number only means that the compiler inferred less: it takes the number too.
  })
  return differences
}

/** `[ { "type" : "f32" , "dims" : [-1 , 3] , "name" : "x" }\n , … \n]` as JSON where it is, else by its fixed spacing. */
function parseTensors(text: string): LibraryTensor[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? allDefined(parsed.map(tensorFromJson)) : undefined
  } catch {
    return parseLoosely(text)
  }
}

function tensorFromJson(value: unknown): LibraryTensor | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { type, dims, name } = value as Record<string, unknown>
  if (type === undefined && 'seq' in value) return { name: typeof name === 'string' ? name : '', type, dims: [] }
  if (typeof type !== 'string' || typeof name !== 'string' || !Array.isArray(dims)) return undefined
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= -1)) return undefined
  return { name, type: typeByMlirName.get(type), dims }
}

/**
 * Names are not escaped and types such as `bf16` not quoted, so such a text isn't JSON.
 * Each entry ends its line, which no entry's beginning does, so a name may hold anything but that.
 */
function parseLoosely(text: string): LibraryTensor[] | undefined {
  const entry = /\{ "type" : "?([^",{}]*?)"? , "dims" : \[([-\d ,]*)\] , "name" : "(.*)" \}$/
  const lines = text.split('\n').filter((line) => line.includes('"type" :'))
  const tensors = lines.map((line) => {
    const [, type = '', dims = '', name = ''] = entry.exec(line.trimEnd()) ?? []
    return type === ''
      ? undefined
      : tensorFromJson({
          type,
          dims: dims
            .split(',')
            .filter((d) => d.trim())
            .map(Number),
          name,
        })
  })
  return tensors.length > 0 ? allDefined(tensors) : undefined
}

function allDefined<T>(values: readonly (T | undefined)[]): T[] | undefined {
  const defined = values.filter((value) => value !== undefined)
  return defined.length === values.length ? defined : undefined
}

const typeByMlirName = new Map<string, ElementType>(
  (Object.keys(elementTypes) as ElementType[]).map((type) => [elementTypes[type].mlir, type]),
)

function quote(name: string): string {
  return JSON.stringify(name)
}

import { createHash } from 'node:crypto'
import { bytesOf } from '../graph/data.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import type { KernelShape } from '../lowering/kernel-shape.ts'
import { type Packing, packWeights } from '../lowering/packing.ts'
import type { ElementType } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { roundUp } from './plan.ts'

/** Where the constants of a library are stored, equal ones once. */
export class ConstantSection {
  private readonly offsets = new Map<string, number>()
  private readonly strings = new Map<Tensor, string>()
  private readonly packings = new Map<Tensor, Map<string, Uint8Array>>()
  /** Begin and end of what lies between constants. */
  private readonly gaps: string[] = []
  /** Contents, in order; every constant begins at a multiple of 64 bytes. */
  readonly chunks: Uint8Array[] = []
  bytes = 0

  /** Offset of data, which is put there if there is none like it. `isApart`: a gap is to lie behind it. */
  place(type: ElementType, bytes: Uint8Array, stored: () => Uint8Array, isApart: boolean): number {
    const key = `${type}:${bytes.length}:${createHash('sha256').update(bytes).digest('hex')}`
    const known = this.offsets.get(key)
    if (known !== undefined) return known
    const offset = this.bytes
    const padding = roundUp(bytes.length + (isApart ? 1 : 0)) - bytes.length
    this.offsets.set(key, offset)
    this.gaps.push(`{${offset + bytes.length}, ${offset + bytes.length + padding}}, `)
    this.chunks.push(stored())
    if (padding > 0) this.chunks.push(new Uint8Array(padding))
    this.bytes += bytes.length + padding
    return offset
  }

  /** Float32 weights packed for a shape: once, however much code asks for them. */
  packed(weights: Tensor, packing: Packing, shape: KernelShape): Uint8Array {
    const forms = this.packings.get(weights) ?? new Map<string, Uint8Array>()
    this.packings.set(weights, forms)
    const key = JSON.stringify([packing, shape])
    let bytes = forms.get(key)
    if (!bytes) forms.set(key, (bytes = bytesOf(packWeights(weights, packing, shape))))
    return bytes
  }

  /** C name of a table of strings. */
  stringTable(tensor: Tensor): string {
    let name = this.strings.get(tensor)
    if (name === undefined) this.strings.set(tensor, (name = `om_strings_${this.strings.size}`))
    return name
  }

  get stringNames(): readonly string[] {
    return [...this.strings.values()]
  }

  /** C definitions of the tables. */
  stringTables(linkage: string): string {
    const tables = [...this.strings].map(([tensor, name]) => {
      const items = tensor.strings?.length ? tensor.strings.map(stringLiteral).join(', ') : '0'
      return `${linkage}const char *const ${name}[] = {${items}};\n`
    })
    return tables.join('')
  }

  /** C declarations of tables that are defined elsewhere. */
  stringDeclarations(linkage: string): string {
    return this.stringNames.map((name) => `${linkage}const char *const ${name}[];\n`).join('')
  }

  /** C definition of `om_gaps`, which ends with zeros. */
  gapTable(): string {
    return `static const int64_t om_gaps[][2] = {${this.gaps.join('')}{0, 0}};\n`
  }
}

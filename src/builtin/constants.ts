import { createHash } from 'node:crypto'
import { type ElementType, elementTypes, memoryBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { unpackSubBytes } from '../onnx/tensor.ts'
import { stringLiteral } from '../ops/c-text.ts'
import { type PlanOptions, roundUp } from './plan.ts'

/**
 * Constant data of a model: one read-only section for numbers, C arrays for strings. Equal data is stored once.
 */
export class ConstantPool {
  private readonly offsets = new Map<string, number>()
  private readonly strings = new Map<Tensor, string>()
  private readonly swap: boolean
  private readonly apart: boolean
  /** Begin and end of what lies between constants. */
  private readonly gaps: string[] = []
  readonly chunks: Uint8Array[] = []
  bytes = 0

  /** `byteOrder` is the target's; data comes little-endian. `apart`: see `PlanOptions`. */
  constructor(byteOrder: 'little' | 'big', { apart = false }: PlanOptions = {}) {
    this.swap = byteOrder === 'big'
    this.apart = apart
  }

  /** C expression of type `const void *` (strings: `const char *const *`) for a tensor. */
  tensor(tensor: Tensor): string {
    if (tensor.type === 'string') return this.stringTable(tensor)
    return this.data(tensor.type, elementTypes[tensor.type].bits < 8 ? unpackSubBytes(tensor) : tensor.data)
  }

  /** C expression for little-endian elements of `type`. */
  data(type: ElementType, bytes: Uint8Array): string {
    const key = `${type}:${bytes.length}:${createHash('sha256').update(bytes).digest('hex')}`
    let offset = this.offsets.get(key)
    if (offset === undefined) {
      offset = this.bytes
      this.offsets.set(key, offset)
      this.append(this.swap ? swapBytes(bytes, elementBytes(type)) : bytes)
    }
    return `(om_weights + ${offset})`
  }

  private append(bytes: Uint8Array): void {
    const padding = roundUp(bytes.length + (this.apart ? 1 : 0)) - bytes.length
    this.gaps.push(`{${this.bytes + bytes.length}, ${this.bytes + bytes.length + padding}}, `)
    this.chunks.push(bytes)
    if (padding > 0) this.chunks.push(new Uint8Array(padding))
    this.bytes += bytes.length + padding
  }

  private stringTable(tensor: Tensor): string {
    let name = this.strings.get(tensor)
    if (name === undefined) {
      name = `om_strings_${this.strings.size}`
      this.strings.set(tensor, name)
    }
    return name
  }

  /** C definitions of the string tables; where constants are apart, also of `om_gaps`, which ends with zeros. */
  definitions(): string {
    const gaps = this.apart ? `static const int64_t om_gaps[][2] = {${this.gaps.join('')}{0, 0}};\n` : ''
    const tables = [...this.strings].map(([tensor, name]) => {
      const items = tensor.strings?.length ? tensor.strings.map(stringLiteral).join(', ') : '0'
      return `static const char *const ${name}[] = {${items}};\n`
    })
    return gaps + tables.join('')
  }
}

/** Bytes of the unit whose order matters: complex numbers are two of them. */
function elementBytes(type: ElementType): number {
  return type.startsWith('complex') ? memoryBytes(type) / 2 : memoryBytes(type)
}

function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  const swapped = Buffer.from(bytes)
  if (width === 2) swapped.swap16()
  if (width === 4) swapped.swap32()
  if (width === 8) swapped.swap64()
  return swapped
}

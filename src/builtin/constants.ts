import { createHash } from 'node:crypto'
import { type ElementType, elementTypes, memoryBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { unpackSubBytes } from '../onnx/tensor.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import type { Value } from '../graph/graph.ts'
import { type KernelShape, kernelShapes } from '../lowering/kernel-shape.ts'
import { bytesOf } from '../graph/data.ts'
import { type Packing, packWeights } from '../lowering/packing.ts'
import { type Loading, packedKey } from './loading.ts'
import { type Plan, type PlanOptions, roundUp } from './plan.ts'

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
  private readonly shape: KernelShape
  /** C expressions of what is made when the model is loaded. */
  private readonly made = new Map<Tensor, string>()
  private readonly packings = new Map<Tensor | Value, ReadonlyMap<string, string>>()
  readonly chunks: Uint8Array[] = []
  bytes = 0
  /** Memory of what is made when the model is loaded. */
  loadedBytes = 0

  /** `byteOrder` is the target's; data comes little-endian. `apart`: see `PlanOptions`. `shape`: what weights are packed for. */
  constructor(
    byteOrder: 'little' | 'big',
    { apart = false, shape = kernelShapes.scalar }: PlanOptions & { readonly shape?: KernelShape } = {},
  ) {
    this.shape = shape
    this.swap = byteOrder === 'big'
    this.apart = apart
  }

  /** What is made when the model is loaded, and where it lies then. */
  load(loading: Loading, { storage, loadedBytes }: Plan): void {
    const place = (value: Value): string => {
      const found = storage.get(value)
      if (found?.kind === 'loaded') return loadedPlace(found.offset)
      if (found?.kind === 'constant') return this.tensor(found.tensor)
      throw new TypeError('a constant that is made when loading has no place')
    }
    for (const [tensor, value] of loading.tensors) this.made.set(tensor, place(value))
    for (const [weights, forms] of loading.packed)
      this.packings.set(weights, new Map([...forms].map(([key, value]) => [key, place(value)])))
    this.loadedBytes = loadedBytes
  }

  /** C expression of type `const void *` for float32 weights as a kernel reads them: a constant's, or made when loading. */
  packed(weights: Value, packing: Packing): string {
    const { constant } = weights
    const made = this.packings.get(constant ?? weights)?.get(packedKey(packing))
    if (made !== undefined) return made
    if (!constant) throw new TypeError('weights that are made when loading have not been packed')
    return this.data('float32', bytesOf(packWeights(constant, packing, this.shape)))
  }

  /** C expression of type `const void *` (strings: `const char *const *`) for a tensor. */
  tensor(tensor: Tensor): string {
    const made = this.made.get(tensor)
    if (made !== undefined) return made
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

/** C expression of a place in the memory of what is made when the model is loaded. */
export function loadedPlace(offset: number): string {
  return `(loaded + ${offset})`
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

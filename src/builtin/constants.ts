import { type ElementType, elementTypes, memoryBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { unpackSubBytes } from '../onnx/tensor.ts'
import type { Value } from '../graph/graph.ts'
import { type KernelShape, kernelShapes } from '../lowering/kernel-shape.ts'
import type { Packing } from '../lowering/packing.ts'
import { ConstantSection } from './constant-section.ts'
import { type Loading, packedKey, type PanelsArgument } from './loading.ts'
import type { Plan, PlanOptions } from './plan.ts'

/**
 * Constant data of a model: one read-only section for numbers, C arrays for strings. Equal data is stored once.
 */
export class ConstantPool {
  private readonly section: ConstantSection
  private readonly swap: boolean
  private readonly apart: boolean
  private readonly shape: KernelShape
  /** C expressions of what is made when the model is loaded. */
  private readonly made = new Map<Tensor, string>()
  private readonly packings = new Map<Tensor | Value, ReadonlyMap<string, string>>()
  private readonly repacked = new Map<PanelsArgument, string>()
  /** Memory of what is made when the model is loaded. */
  loadedBytes = 0

  /**
   * `byteOrder` is the target's; data comes little-endian. `apart`: see `PlanOptions`. `shape`: what weights are packed for.
   * `section`: where constants are stored, together with those of code for other levels.
   */
  constructor(
    byteOrder: 'little' | 'big',
    {
      apart = false,
      shape = kernelShapes.scalar,
      section = new ConstantSection(),
    }: PlanOptions & { readonly shape?: KernelShape; readonly section?: ConstantSection } = {},
  ) {
    this.section = section
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
    for (const [argument, value] of loading.repacked) this.repacked.set(argument, place(value))
    this.loadedBytes = loadedBytes
  }

  get chunks(): readonly Uint8Array[] {
    return this.section.chunks
  }

  get bytes(): number {
    return this.section.bytes
  }

  /** C expression of type `const void *` for data that is packed for the kernels' shape. */
  panels(argument: PanelsArgument): string {
    return this.repacked.get(argument) ?? this.data(argument.type, argument.constant.pack(this.shape))
  }

  /** C expression of type `const void *` for float32 weights as a kernel reads them: a constant's, or made when loading. */
  packed(weights: Value, packing: Packing): string {
    const { constant } = weights
    const made = this.packings.get(constant ?? weights)?.get(packedKey(packing))
    if (made !== undefined) return made
    if (!constant) throw new TypeError('weights that are made when loading have not been packed')
    return this.data('float32', this.section.packed(constant, packing, this.shape))
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
    const stored = (): Uint8Array => (this.swap ? swapBytes(bytes, elementBytes(type)) : bytes)
    return `(om_weights + ${this.section.place(type, bytes, stored, this.apart)})`
  }

  private stringTable(tensor: Tensor): string {
    return this.section.stringTable(tensor)
  }

  /** C definitions of the string tables; where constants are apart, also of `om_gaps`, which ends with zeros. */
  definitions(): string {
    return `${this.apart ? this.section.gapTable() : ''}${this.section.stringTables('static ')}`
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

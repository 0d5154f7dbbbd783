import type { Elements } from './element-types.ts'
import type { ElementType, SignatureEntry, TensorEntry } from './signature.ts'
import {
  type CheckedTensor,
  type DynamicShapes,
  settleTensor,
  type Symbols,
  takeTensor,
  type TakenTensor,
  tensorPort,
  type TensorPort,
  wrongTensor,
} from './tensor-input.ts'

/** A sequence, optional or map that fits the signature: its tensors; of a map the keys, then the values. */
export interface CheckedList {
  readonly given: boolean
  readonly items: readonly CheckedTensor[]
}

/** The same as it was read, before it is known to fit. */
export interface TakenList {
  readonly given: boolean
  readonly items: readonly TakenTensor[]
  readonly dims?: undefined
}

/** An input that fits the signature. */
export type CheckedInput = CheckedTensor | CheckedList

/** An input as it was read, before it is known to fit. */
export type TakenInput = TakenTensor | TakenList

/** How one input is looked at. */
export interface InputPort {
  readonly name: string
  /** Whether a call may leave it out. */
  readonly isOptional?: boolean
  /** Where it is a tensor. */
  readonly tensor?: TensorPort
  take(value: unknown): TakenInput
  settle(taken: TakenInput, symbols: Symbols): CheckedInput
  /** What is wrong where it is not given. */
  missing(): Error
}

/** The parts of the runtime that check what a signature asks for. */
export interface InputParts {
  /** Of the element types in the signature, by their names. */
  readonly elements: Readonly<Partial<Record<ElementType, Elements>>>
  /** Where an input has dimensions that only a call knows. */
  readonly dynamic?: DynamicShapes
  /** Where there are several inputs: the name that is most like one of the caller's, if one is. */
  readonly nearest?: (name: string, candidates: readonly string[]) => string | undefined
  /** Where something of the signature is no tensor. */
  readonly collections?: {
    input(model: string, entry: SignatureEntry, parts: InputParts): InputPort
  }
}

export function tensorInput(model: string, entry: SignatureEntry, { elements, dynamic }: InputParts): InputPort {
  const { name, type, shape } = entry as TensorEntry
  const tensor = tensorPort({ model, name }, elements[type]!, shape)
  return {
    name,
    tensor,
    take: (value) => takeTensor(tensor, value),
    settle: (taken, symbols) => settleTensor(tensor, taken as TakenTensor, symbols, dynamic),
    missing: () => wrongTensor(tensor, 'given nothing', TypeError),
  }
}

import { ModelRunError } from './errors.ts'
import type { CheckedInput } from './inputs.ts'
import { InputSlot, OutputSlot, type NativePort } from './mailbox.ts'
import type { BoundModel, Requirements } from './model.ts'
import type { Signature, SignatureEntry } from './signature.ts'
import { storage, type Tensor, type TensorData, type TypedArray } from './tensor.ts'

/** What the addon exports (native/addon/addon.cc). */
export interface NativeAddon {
  load(path: string, spec: NativeSpec): NativeHandle
}

interface NativeSpec {
  /** Target whose processor the library needs; empty where nobody knows. */
  readonly cpu: string
  /** Whether it needs NNPA. */
  readonly nnpa: boolean
  readonly constantsFolder: string
  /** Where a library that measures itself writes to. */
  readonly profileFile?: string
  readonly inputs: readonly { readonly type: number; readonly dims: readonly number[] }[]
  readonly outputs: readonly { readonly type: number; readonly dims: readonly number[] }[]
  /** Bytes up to which tensors of static shape travel through the mailbox. */
  readonly staticLimit: number
  /** The same for dynamic shapes: each gets as much room in the mailbox. */
  readonly dynamicLimit: number
}

interface NativeHandle {
  readonly mailbox: ArrayBuffer
  readonly inputs: readonly NativePort[]
  readonly outputs: readonly NativePort[]
  run(direct?: readonly unknown[]): Returned
  runAsync(done: (error: unknown, returned: Returned) => void, direct?: readonly unknown[]): void
  /** Has the library write what it measured; false for one that measures nothing. */
  printProfile(): boolean
  dispose(): void
}

/** Outputs that didn't fit into the mailbox, in order. */
type Returned = readonly (ArrayBuffer | string[])[] | undefined

interface NativeFiles {
  readonly library: string
  /** Where a library of onnx-mlir finds its file of large constants. */
  readonly constantsFolder: string
  readonly profileFile?: string
  /** What is known of the machine that the library needs. */
  readonly requires: Requirements | undefined
}

/** Copying this much costs about as much as asking Node-API where an array lies (see native/addon/plan.h). */
const smallTensor = 4096

/** A model loaded by the addon: inputs that were checked in, results out. */
export class NativeSession {
  readonly #model: Signature & { readonly name: string }
  readonly #handle: NativeHandle
  readonly #inputs: readonly InputSlot[]
  readonly #outputs: readonly OutputSlot[]

  /**
   * @param model its `name` begins error messages
   * @param staticLimit bytes up to which tensors of static shape are exchanged through memory that is allocated once
   */
  constructor(
    addon: NativeAddon,
    { library, requires, ...files }: NativeFiles,
    model: Signature & { readonly name: string },
    staticLimit = smallTensor,
  ) {
    this.#model = model
    this.#handle = addon.load(library, {
      ...files,
      cpu: requires?.cpu ?? '',
      nnpa: requires?.accelerator === 'NNPA',
      inputs: model.inputs.map(toSpec),
      outputs: model.outputs.map(toSpec),
      staticLimit,
      dynamicLimit: smallTensor,
    })
    const { mailbox, inputs, outputs } = this.#handle
    this.#inputs = model.inputs.map((input, i) => new InputSlot(mailbox, input, inputs[i]!))
    this.#outputs = model.outputs.map((output, i) => new OutputSlot(mailbox, output, outputs[i]!))
  }

  runSync(inputs: readonly CheckedInput[]): Record<string, Tensor> {
    const direct = this.#stage(inputs)
    let returned
    try {
      returned = this.#handle.run(direct)
    } catch (error) {
      throw this.#explain(error)
    }
    return this.#collect(returned)
  }

  run(inputs: readonly CheckedInput[]): Promise<Record<string, Tensor>> {
    return new Promise((resolve, reject) => {
      const direct = this.#stage(inputs)
      try {
        // The mailbox holds this run's results only until the callback returns.
        this.#handle.runAsync((error, returned) => {
          if (error === undefined) resolve(this.#collect(returned))
          else reject(this.#explain(error))
        }, direct)
      } catch (error) {
        reject(this.#explain(error))
      }
    })
  }

  /** Writes what the model measured since the last time to its profile file; false if it measures nothing. */
  printProfile(): boolean {
    return this.#handle.printProfile()
  }

  dispose(): void {
    this.#handle.dispose()
  }

  /** Tensors on the memory that the model reads and writes itself. All shapes are static and below `staticLimit`. */
  bind(): BoundModel {
    const inputs: Record<string, Tensor> = {}
    for (const [i, input] of this.#model.inputs.entries())
      put(inputs, input, this.#inputs[i]!.view!, Object.freeze(toSpec(input).dims))
    const outputs: Record<string, Tensor> = {}
    for (const { entry, view } of this.#outputs) put(outputs, entry, view!, Object.freeze(toSpec(entry).dims))
    const { mailbox } = this.#handle
    const variable = this.#outputs.filter((output) => !output.isFixed)
    const run = (): void => {
      // A transferred buffer is empty; the model would write to memory that is no longer its own.
      if (mailbox.byteLength === 0)
        throw new ModelRunError('RUN_INPUT', `${this.#model.name}: the bound buffers were transferred elsewhere`)
      try {
        this.#handle.run()
      } catch (error) {
        throw this.#explain(error)
      }
      for (const output of variable) this.#checkBound(output.entry, output.dims())
    }
    return { inputs, outputs, run }
  }

  /** A library whose own shapes are dynamic may give another shape than the signature says. */
  #checkBound(entry: SignatureEntry, dims: readonly number[]): void {
    if (dims.length === entry.shape.length && dims.every((dim, axis) => dim === entry.shape[axis])) return
    const what = `output ${JSON.stringify(entry.name)} has dims [${dims.join(', ')}] instead of [${entry.shape.join(', ')}]`
    throw new ModelRunError('RUN_OUTPUT', `${this.#model.name}: ${what}`)
  }

  /** Leaves the inputs in the mailbox; returns those that have to be passed by themselves. */
  #stage(inputs: readonly CheckedInput[]): unknown[] | undefined {
    let direct: unknown[] | undefined
    for (let i = 0; i < inputs.length; i++) {
      const rest = this.#inputs[i]!.write(inputs[i]!)
      if (rest !== undefined) (direct ??= []).push(rest)
    }
    return direct
  }

  #collect(returned: Returned): Record<string, Tensor> {
    const results: Record<string, Tensor> = {}
    let next = 0
    for (const output of this.#outputs) {
      const dims = output.dims()
      put(results, output.entry, output.copy(dims) ?? output.wrap(returned![next++]!), dims)
    }
    return results
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    const code = (error as { code?: unknown }).code
    const message = `${this.#model.name}: ${error.message}`
    return new ModelRunError(typeof code === 'string' ? code : 'RUN_FAILED', message, { cause: error })
  }
}

function toSpec({ type, shape }: SignatureEntry): { type: number; dims: number[] } {
  return { type: storage[type].code, dims: shape.map((dim) => (typeof dim === 'number' ? dim : -1)) }
}

/** Assigns, unless the model's output bears the one name that assignment means something else by. */
function put(
  target: Record<string, Tensor>,
  { name, type }: SignatureEntry,
  data: TypedArray | string[],
  dims: readonly number[],
): void {
  const tensor: Tensor = { data: data as TensorData, dims, type }
  if (name === '__proto__')
    Object.defineProperty(target, name, { value: tensor, enumerable: true, writable: true, configurable: true })
  else target[name] = tensor
}

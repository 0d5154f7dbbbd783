import { ModelRunError } from './errors.ts'
import type { CheckedInput } from './inputs.ts'
import type { BoundModel } from './model.ts'
import type { Signature, SignatureEntry } from './signature.ts'
import { storage, type Tensor, type TensorData, type TypedArray, type TypedArrayConstructor } from './tensor.ts'

/** What the addon exports (native/addon/addon.cc). */
export interface NativeAddon {
  load(path: string, spec: NativeSpec): NativeHandle
}

interface NativeFiles {
  readonly library: string
  /** Where a library of onnx-mlir finds its file of large constants. */
  readonly constantsFolder: string
}

interface NativeSpec {
  readonly constantsFolder: string
  readonly inputs: readonly { readonly type: number; readonly dims: readonly number[] }[]
  readonly outputs: readonly { readonly type: number; readonly dims: readonly number[] }[]
  /** Tensors of static shape up to this many bytes travel through the mailbox. */
  readonly mailboxLimit: number
}

/** Offsets are into `mailbox`, in bytes; -1 for what doesn't travel through it. */
interface NativeHandle {
  readonly mailbox: ArrayBuffer
  readonly inputs: readonly { readonly offset: number }[]
  /** Dimensions as the library knows them, -1 where dynamic. */
  readonly outputs: readonly { readonly offset: number; readonly dims: readonly number[] }[]
  /** Where the dimensions of all dynamic inputs go, one double each. */
  readonly dimsOffset: number
  run(direct?: readonly unknown[]): Returned
  runAsync(done: (error: unknown, returned: Returned) => void, direct?: readonly unknown[]): void
  dispose(): void
}

/** Outputs outside of the mailbox: data, dims, data, dims, … */
type Returned = readonly (ArrayBuffer | readonly string[] | readonly number[])[] | undefined

interface OutputPort extends SignatureEntry {
  /** On the mailbox, if the output travels through it. */
  readonly view: TypedArray | undefined
  readonly dims: readonly number[]
}

/** Copying this much costs about as much as asking Node-API where an array lies (see native/addon/plan.h). */
const smallTensor = 4096

/** A model loaded by the addon: inputs that were checked in, results out. */
export class NativeSession {
  readonly #model: Signature & { name: string }
  readonly #handle: NativeHandle
  readonly #inputs: readonly (TypedArray | undefined)[]
  readonly #isDynamic: readonly boolean[]
  readonly #dims: Float64Array
  readonly #outputs: readonly OutputPort[]

  /**
   * @param model its `name` begins error messages
   * @param mailboxLimit bytes of a static tensor that still travels through the mailbox
   */
  constructor(addon: NativeAddon, files: NativeFiles, model: Signature & { name: string }, mailboxLimit = smallTensor) {
    this.#model = model
    this.#handle = addon.load(files.library, {
      constantsFolder: files.constantsFolder,
      inputs: model.inputs.map(toSpec),
      outputs: model.outputs.map(toSpec),
      mailboxLimit,
    })
    const { mailbox, inputs, outputs, dimsOffset } = this.#handle
    this.#inputs = model.inputs.map((input, i) => mailboxView(mailbox, inputs[i]!.offset, input, toSpec(input).dims))
    this.#outputs = model.outputs.map((output, i) => {
      const { offset, dims } = outputs[i]!
      return { ...output, view: mailboxView(mailbox, offset, output, dims), dims: Object.freeze(dims) }
    })
    this.#isDynamic = model.inputs.map((input) => input.shape.some((dim) => typeof dim !== 'number'))
    const dynamicDims = model.inputs.reduce((sum, input, i) => sum + (this.#isDynamic[i] ? input.shape.length : 0), 0)
    this.#dims = new Float64Array(mailbox, dimsOffset, dynamicDims)
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

  dispose(): void {
    this.#handle.dispose()
  }

  /** Tensors on the memory that the model reads and writes itself, and a run without any copy. All shapes are static. */
  bind(): BoundModel {
    const inputs: Record<string, Tensor> = {}
    for (const [i, input] of this.#model.inputs.entries())
      put(inputs, input, this.#inputs[i]!, Object.freeze(toSpec(input).dims))
    const outputs: Record<string, Tensor> = {}
    const targets = this.#outputs.map((output) => output.view ?? new (arrayOf(output))(lengthOf(output, output.dims)))
    for (const [i, output] of this.#outputs.entries()) put(outputs, output, targets[i]!, output.dims)
    const { mailbox } = this.#handle
    const run = (): void => {
      // A transferred buffer is empty; the model would write to memory that is no longer its own.
      if (mailbox.byteLength === 0)
        throw new ModelRunError('RUN_INPUT', `${this.#model.name}: the bound buffers were transferred elsewhere`)
      let returned
      try {
        returned = this.#handle.run()
      } catch (error) {
        throw this.#explain(error)
      }
      if (returned === undefined) return
      let next = 0
      for (const [i, output] of this.#outputs.entries())
        if (output.view === undefined) {
          targets[i]!.set(new (arrayOf(output))(returned[next] as ArrayBuffer) as never)
          next += 2
        }
    }
    return { inputs, outputs, run }
  }

  /** Writes small inputs and dynamic dimensions into the mailbox; returns what is passed by itself. */
  #stage(inputs: readonly CheckedInput[]): unknown[] | undefined {
    let direct: unknown[] | undefined
    let dim = 0
    for (let i = 0; i < inputs.length; i++) {
      const { data, dims } = inputs[i]!
      const view = this.#inputs[i]
      if (view !== undefined) {
        view.set(data as never)
        continue
      }
      if (this.#isDynamic[i]) for (const length of dims) this.#dims[dim++] = length
      direct ??= []
      direct.push(asNative(data))
    }
    return direct
  }

  #collect(returned: Returned): Record<string, Tensor> {
    const results: Record<string, Tensor> = {}
    let next = 0
    for (const output of this.#outputs) {
      if (output.view !== undefined) {
        const { array } = storage[output.type]
        put(results, output, new array!(output.view), output.dims)
      } else if (returned !== undefined) {
        const { array } = storage[output.type]
        const data = returned[next]
        put(
          results,
          output,
          array === undefined ? (data as string[]) : new array(data as ArrayBuffer),
          returned[next + 1] as readonly number[],
        )
        next += 2
      }
    }
    return results
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    const code = (error as { code?: unknown }).code
    return new ModelRunError(typeof code === 'string' ? code : 'RUN_FAILED', `${this.#model.name}: ${error.message}`, {
      cause: error,
    })
  }
}

function toSpec({ type, shape }: SignatureEntry): { type: number; dims: number[] } {
  return { type: storage[type].code, dims: shape.map((dim) => (typeof dim === 'number' ? dim : -1)) }
}

function mailboxView(
  mailbox: ArrayBuffer,
  offset: number,
  entry: SignatureEntry,
  dims: readonly number[],
): TypedArray | undefined {
  return offset < 0 ? undefined : new (arrayOf(entry))(mailbox, offset, lengthOf(entry, dims))
}

/** The array of a type that isn't string. */
function arrayOf({ name, type }: SignatureEntry): TypedArrayConstructor {
  const { array } = storage[type]
  if (array === undefined) throw new TypeError(`${name} holds strings, which have no fixed memory`)
  return array
}

function lengthOf({ type }: SignatureEntry, dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, storage[type].lanes)
}

/** Node-API knows no `Float16Array` before Node 24: its bits go as a `Uint16Array`. */
function asNative(data: TypedArray | readonly string[]): unknown {
  return 'BYTES_PER_ELEMENT' in data && data[Symbol.toStringTag] === ('Float16Array' as string)
    ? new Uint16Array(data.buffer, data.byteOffset, data.length)
    : data
}

/** Assigns, unless the model's output bears the one name that assignment means something else by. */
function put(
  target: Record<string, Tensor>,
  { name, type }: SignatureEntry,
  data: TypedArray | string[],
  dims: readonly number[],
) {
  const tensor: Tensor = { data: data as TensorData, dims, type }
  if (name === '__proto__')
    Object.defineProperty(target, name, { value: tensor, enumerable: true, writable: true, configurable: true })
  else target[name] = tensor
}

import { statSync } from 'node:fs'
import { boundPort, checkBound, withEnd } from './bound.ts'
import { packList, type ReturnedList, unpackList } from './packed-lists.ts'
import { ModelRunError } from './errors.ts'
import type { CheckedInput } from './input-port.ts'
import { InputSlot, OutputSlot, type NativePort } from './mailbox.ts'
import type { BoundModel, Requirements } from './model.ts'
import type { NativeThreads } from './processors.ts'
import { listResult, type Output, outputOf, tensorResult } from './outputs.ts'
import { blankResults, byName, explained, type Result } from './results.ts'
import type { ModelSession } from './session.ts'
import { quote } from './shorten.ts'
import { type Crossing, crossingOf, type NamedModel, type SignatureEntry } from './signature.ts'
import { storage } from './storage.ts'
import type { Tensor, TensorData, TypedArray } from './tensor.ts'

/** What the addon exports (native/addon/addon.cc). */
export interface NativeAddon {
  load(path: string, spec: NativeSpec): NativeHandle
  /** Why code for a target does not run on this machine; empty where it does. */
  misfit(cpu: string, nnpa: boolean): string
  /** Loads a shared library for good, whose symbols those loaded later find. */
  preload(path: string): void
}

interface NativeSpec {
  /** Tells the library file from every other, and from one that later takes its place. */
  readonly identity: string
  /** Target whose processor the library needs; empty where nobody knows. */
  readonly cpu: string
  /** Whether it needs NNPA. */
  readonly nnpa: boolean
  readonly constantsFolder: string
  /** Where a library that measures itself writes to. */
  readonly profileFile?: string
  /** That work on a run at most, with the one that makes it. */
  readonly threads: number
  /** That this process may use. */
  readonly processors: number
  readonly inputs: readonly PortSpec[]
  readonly outputs: readonly PortSpec[]
  /** Bytes up to which tensors of static shape travel through the mailbox. */
  readonly staticLimit: number
  /** The same for dynamic shapes: each gets as much room in the mailbox. */
  readonly dynamicLimit: number
}

interface PortSpec {
  /** `OM_TENSOR` and the others of native/abi/om_builtin.h. */
  readonly kind: number
  readonly type: number
  /** -1 where dynamic. Of a list: those of each tensor in it. */
  readonly dims: readonly number[]
  /** -1: any. */
  readonly rank: number
}

interface NativeHandle {
  readonly mailbox: ArrayBuffer
  readonly inputs: readonly NativePort[]
  readonly outputs: readonly NativePort[]
  run(direct?: readonly unknown[]): Returned
  /** `milliseconds` is how long the run itself took. */
  runAsync(done: (error: unknown, returned: Returned, milliseconds: number) => void, direct?: readonly unknown[]): void
  /** Has the library write what it measured; false for one that measures nothing. */
  printProfile(): boolean
  dispose(): void
}

/** Outputs that didn't fit into the mailbox, in order; lists never do. */
type Returned = readonly (ArrayBuffer | string[] | ReturnedList)[] | undefined

/** The way of one output out of the addon, and what becomes of it. */
interface NativeOutput extends Output {
  /** Of a tensor. */
  readonly slot: OutputSlot | undefined
}

interface NativeFiles {
  readonly library: string
  /** Where a library of onnx-mlir finds its file of large constants. */
  readonly constantsFolder: string
  readonly profileFile?: string
  /** What is known of the machine that the library needs. */
  readonly requires: Requirements | undefined
  /** Default: one. */
  readonly threads?: NativeThreads
}

/** Copying this much costs about as much as asking Node-API where an array lies (see native/addon/plan.h). */
const smallTensor = 4096

/** A model loaded by the addon: inputs that were checked in, results out. */
export class NativeSession implements ModelSession {
  readonly #model: NamedModel
  readonly #handle: NativeHandle
  /** `undefined`: a list, which does not go through the mailbox. */
  readonly #inputs: readonly (InputSlot | undefined)[]
  readonly #outputs: readonly NativeOutput[]
  readonly #results: Readonly<Record<string, Result>>

  /**
   * @param model its `name` begins error messages
   * @param staticLimit bytes up to which tensors of static shape are exchanged through memory that is allocated once
   */
  constructor(
    addon: NativeAddon,
    { library, requires, threads = { threads: 1, processors: 1 }, ...files }: NativeFiles,
    model: NamedModel,
    staticLimit = smallTensor,
  ) {
    this.#model = model
    this.#handle = addon.load(library, {
      ...files,
      ...threads,
      identity: identityOf(library),
      cpu: requires?.cpu ?? '',
      nnpa: requires?.accelerator === 'NNPA',
      inputs: model.inputs.map(toSpec),
      outputs: model.outputs.map(toSpec),
      staticLimit,
      dynamicLimit: smallTensor,
    })
    const { mailbox, inputs, outputs } = this.#handle
    this.#inputs = model.inputs.map((input, i) => {
      const crossing = crossingOf(input)
      return crossing.kind === 'tensor' ? new InputSlot(mailbox, crossing.type, inputs[i]!) : undefined
    })
    this.#outputs = model.outputs.map((entry, i) => {
      const output = outputOf(entry, model.name)
      const { crossing } = output
      const slot = crossing.kind === 'tensor' ? new OutputSlot(mailbox, crossing.type, outputs[i]!) : undefined
      return { ...output, slot }
    })
    this.#results = blankResults(model)
  }

  runSync(inputs: readonly CheckedInput[]): Record<string, Result> {
    try {
      return this.#collect(this.#handle.run(this.#stage(inputs)))
    } catch (error) {
      throw explained(error, this.#model.name)
    }
  }

  run(inputs: readonly CheckedInput[], took?: (milliseconds: number) => void): Promise<Record<string, Result>> {
    return new Promise((resolve, reject) => {
      const direct = this.#stage(inputs)
      try {
        // The mailbox holds this run's results only until the callback returns.
        this.#handle.runAsync((error, returned, milliseconds) => {
          try {
            if (error !== undefined) throw error
            took?.(milliseconds)
            resolve(this.#collect(returned))
          } catch (reason) {
            reject(explained(reason, this.#model.name))
          }
        }, direct)
      } catch (error) {
        reject(explained(error, this.#model.name))
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
    const inputs = byName(this.#model.inputs, (entry, i) => boundTensor(entry, this.#inputs[i]!.view!))
    const outputs = byName(this.#model.outputs, (entry, i) => boundTensor(entry, this.#outputs[i]!.slot!.view!))
    // Not the views that the caller has, on which other properties can be put.
    const guard = new Uint8Array(this.#handle.mailbox)
    const narrow = Object.entries(inputs).filter(([, { type }]) => storage[type].expect)
    const variable = this.#outputs.filter(({ slot }) => !slot!.isFixed)
    const run = (): void => {
      // A transferred buffer is empty; the model would write to memory that is no longer its own.
      if (guard.length === 0)
        throw new ModelRunError('RUN_INPUT', `${this.#model.name}: the bound buffers were transferred elsewhere`)
      for (const [name, { type, data }] of narrow) checkBound(this.#model.name, name, storage[type], data)
      try {
        this.#handle.run()
      } catch (error) {
        throw explained(error, this.#model.name)
      }
      if (variable.length > 0) for (const output of variable) this.#checkBound(output, output.slot!.dims())
    }
    return withEnd({ inputs, outputs, run }, () => this.dispose())
  }

  /** A library whose own shapes are dynamic may give another shape than the signature says. */
  #checkBound({ name, crossing }: NativeOutput, dims: readonly number[]): void {
    const { shape } = crossing as Extract<Crossing, { kind: 'tensor' }>
    if (dims.length === shape.length && dims.every((dim, axis) => dim === shape[axis])) return
    const what = `output ${quote(name)} has dims [${dims.join(', ')}] instead of [${shape.join(', ')}]`
    throw new ModelRunError('RUN_OUTPUT', `${this.#model.name}: ${what}`)
  }

  /** Leaves the inputs in the mailbox; returns those that have to be passed by themselves. */
  #stage(inputs: readonly CheckedInput[]): unknown[] | undefined {
    let direct: unknown[] | undefined
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]!
      const rest = 'items' in input ? packList(input) : this.#inputs[i]!.write(input)
      if (rest !== undefined) (direct ??= []).push(rest)
    }
    return direct
  }

  #collect(returned: Returned): Record<string, Result> {
    const results = { ...this.#results }
    const outputs = this.#outputs
    let next = 0
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i]!
      const { name, slot } = output
      if (slot === undefined) {
        const { type } = (output.crossing as Extract<Crossing, { kind: 'list' }>).element
        results[name] = listResult(output, unpackList(returned![next++]! as ReturnedList), storage[type])
        continue
      }
      const dims = slot.dims()
      const data = slot.copy(dims) ?? slot.wrap(returned![next++]! as ArrayBuffer | string[])
      results[name] = tensorResult(output, data as TensorData, dims)
    }
    return results
  }
}

/** For the addon's registry, which opens a library once per process. */
function identityOf(library: string): string {
  const { dev, ino, size, mtimeNs } = statSync(library, { bigint: true })
  return [dev, ino, size, mtimeNs].join(' ')
}

const kinds = { tensor: 0, sequence: 1, optional: 2, optionalSequence: 3, stringMap: 4, int64Map: 5 }

function toSpec(entry: SignatureEntry): PortSpec {
  const crossing = crossingOf(entry)
  if (crossing.kind === 'map') {
    const kind = crossing.map.keys === 'string' ? kinds.stringMap : kinds.int64Map
    return { kind, type: storage[crossing.map.values].code, dims: [-1], rank: 1 }
  }
  const { type, shape } = crossing.kind === 'tensor' ? crossing : crossing.element
  const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : -1))
  return { kind: kindOf(crossing), type: storage[type].code, dims, rank: shape === null ? -1 : dims.length }
}

function kindOf(crossing: Exclude<Crossing, { kind: 'map' }>): number {
  if (crossing.kind === 'tensor') return kinds.tensor
  if (!crossing.isOptional) return kinds.sequence
  return crossing.holds === 'tensor' ? kinds.optional : kinds.optionalSequence
}

function boundTensor(entry: SignatureEntry, data: TypedArray): Tensor {
  return Object.freeze({ ...boundPort(entry), data: data as TensorData })
}

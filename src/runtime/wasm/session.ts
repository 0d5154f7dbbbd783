import { boundPort, narrowCheck } from '../bound.ts'
import { ModelLoadError, ModelRunError } from '../errors.ts'
import type { CheckedInput } from '../inputs.ts'
import type { BoundModel } from '../model.ts'
import { byName, explained, type RawList, type RawTensor, type Result, Results } from '../results.ts'
import type { Signature, SignatureEntry } from '../signature.ts'
import { storage, type Tensor } from '../tensor.ts'
import type { WasmExports } from './api.ts'
import { Frame, type Port } from './frame.ts'
import { WasmMemory } from './memory.ts'

/** A model as an instance of its WebAssembly module: inputs that were checked in, copies of the results out. */
export class WasmSession {
  /** After a trap nobody knows what its memory holds: it must not run again. */
  isBroken = false
  #isDisposed = false
  readonly #model: Signature & { readonly name: string }
  readonly #memory: WasmMemory
  readonly #results: Results
  readonly #arena: number
  readonly #frame: Frame

  /**
   * @param model its `name` begins error messages
   * @param weights contents of the file beside the module, where it has one
   * @throws ModelLoadError where module and weights don't belong together; ModelRunError where memory is short
   */
  constructor(
    instance: { readonly exports: unknown },
    model: Signature & { readonly name: string },
    weights?: Uint8Array,
  ) {
    const exports = instance.exports as WasmExports
    if (exports.om_weights !== undefined || weights !== undefined) putWeights(exports, model.name, weights)
    this.#model = model
    this.#results = new Results(model)
    this.#memory = new WasmMemory(exports)
    const scratch = exports.om_arena_bytes() >>> 0
    ;[this.#arena, this.#frame] = this.#guarded(() => {
      exports.om_set_seed?.(Math.random() * 2 ** 32, Math.random() * 2 ** 32)
      exports.om_prepare?.()
      const arena = this.#memory.alloc(scratch, 'scratch')
      return [arena, new Frame(this.#memory, model, arena)]
    })
  }

  runSync(inputs: readonly CheckedInput[]): Record<string, Result> {
    return this.#results.collect(this.execute(inputs))
  }

  /** What `runSync` makes results of, as it can be sent to another thread. */
  execute(inputs: readonly CheckedInput[]): (RawTensor | RawList)[] {
    const frame = this.#frame
    return this.#guarded(
      () => {
        frame.begin(inputs)
        frame.run()
        return frame.read()
      },
      () => frame.end(),
    )
  }

  /**
   * Tensors on the memory that the model reads and writes itself. Their `data` are getters, as memory may grow: then what
   * they gave before is void, and the run in which that happens, or the next one, throws.
   */
  bind(): BoundModel {
    const { name } = this.#model
    const { memory } = this.#memory.exports
    const frame = this.#guarded(() => new Frame(this.#memory, this.#model, this.#arena))
    for (const port of frame.inputs) this.#memory.clear(port.data, port.bytes)
    try {
      this.#guarded(() => frame.run()) // on zeros: what memory the model needs, it has from here on
    } catch (error) {
      if (this.isBroken) throw error
    }
    let { buffer } = memory
    let views = new Map<Port, Tensor['data']>()
    const viewOf = (port: Port, { array }: { array?: (typeof storage)['float32']['array'] }): Tensor['data'] => {
      if (buffer !== memory.buffer) views = new Map()
      buffer = memory.buffer
      if (!views.has(port))
        views.set(port, new array!(buffer, port.data, port.bytes / array!.BYTES_PER_ELEMENT) as Tensor['data'])
      return views.get(port)!
    }
    const tensorsOf = (entries: readonly SignatureEntry[], ports: readonly Port[]): Record<string, Tensor> =>
      byName(entries, (entry, i) => {
        const port = boundPort(entry)
        return Object.freeze({
          ...port,
          get data() {
            return viewOf(ports[i]!, storage[port.type])
          },
        })
      })
    const inputs = tensorsOf(this.#model.inputs, frame.inputs)
    const check = narrowCheck(name, inputs)
    const expectUnmoved = (): void => {
      if (buffer === memory.buffer) return
      const advice = 'take `data` of its inputs and outputs anew'
      throw new ModelRunError('RUN_MOVED', `${name}: its memory grew, and the bound buffers moved: ${advice}`)
    }
    const run = (): void => {
      expectUnmoved()
      check?.()
      this.#guarded(() => frame.run())
      expectUnmoved()
    }
    return { inputs, outputs: tensorsOf(this.#model.outputs, frame.outputs), run }
  }

  dispose(): void {
    this.#isDisposed = true
  }

  /** Explains errors; what is none of ours is a trap, after which there is nothing to clear. */
  #guarded<Value>(run: () => Value, clear?: () => void): Value {
    const { name } = this.#model
    if (this.#isDisposed) throw new ModelRunError('RUN_DISPOSED', `${name}: it was disposed`)
    if (this.isBroken)
      throw new ModelRunError(
        'RUN_FAILED',
        `${name}: an earlier run ended with a trap; what was bound has to be bound anew`,
      )
    try {
      return run()
    } catch (error) {
      this.isBroken = !(error as { code?: unknown }).code
      throw explained(error, this.isBroken ? `${name}: it ended with a trap` : name)
    } finally {
      if (!this.isBroken) clear?.()
    }
  }
}

/** @throws ModelLoadError where module and weights are of different builds */
function putWeights({ om_weights, memory }: WasmExports, model: string, weights: Uint8Array | undefined): void {
  const bytes = new Uint8Array(memory.buffer)
  const address = om_weights ? om_weights.value >>> 0 : Infinity
  if (weights === undefined || address + weights.length > bytes.length)
    throw new ModelLoadError('LOAD_MISMATCH', `${model}: its module and its weights are of different builds`)
  bytes.set(weights, address)
}

import { disposed, ModelRunError } from '../errors.ts'
import type { CheckedInput } from '../input-port.ts'
import { explained, newCollect, type RawList, type RawTensor, type Result } from '../results.ts'
import type { NamedModel } from '../signature.ts'
import type { WasmExports } from './api.ts'
import { type Frame, newFrame } from './frame.ts'
import { allocate, memoryOf, type WasmMemory } from './memory.ts'
import type { MemoryParts } from './values.ts'
import type { WeightsBeside } from './weights.ts'

/** The parts of the runtime that run models of a signature. */
export interface SessionParts extends MemoryParts {
  /** Where the weights are in a file of their own. */
  readonly weights?: WeightsBeside
}

/** A model as an instance of its WebAssembly module: inputs that were checked in, copies of the results out. */
export interface WasmSession {
  /** After a trap nobody knows what its memory holds: it must not run again. */
  isBroken: boolean
  readonly memory: WasmMemory
  runSync(inputs: readonly CheckedInput[]): Record<string, Result>
  /** What `runSync` makes results of, as it can be sent to another thread. */
  execute(inputs: readonly CheckedInput[]): (RawTensor | RawList)[]
  /** One more, for bound buffers. */
  newFrame(): Frame
  /** Does what may run the model: explains errors of ours, and traps. */
  guarded<Value>(run: () => Value, clear?: () => void): Value
  dispose(): void
}

/**
 * @param model its `name` begins error messages
 * @param weights contents of the file beside the module, where it has one
 * @throws ModelLoadError where module and weights don't belong together; ModelRunError where memory is short
 */
export function openSession(
  instance: { readonly exports: unknown },
  model: NamedModel,
  parts: SessionParts,
  weights?: Uint8Array,
): WasmSession {
  const { name } = model
  const exports = instance.exports as WasmExports
  parts.weights?.put(exports, name, weights)
  const collect = newCollect(model, parts)
  const memory = memoryOf(exports)
  const scratch = exports.om_arena_bytes() >>> 0
  let isDisposed = false

  const session: WasmSession = {
    isBroken: false,
    memory,
    newFrame: () => guarded(() => newFrame(memory, model, parts, arena)),
    guarded,
    runSync: (inputs) => collect(session.execute(inputs)),
    execute: (inputs) =>
      guarded(() => {
        frame.begin(inputs)
        frame.run()
        return frame.read()
      }, frame.end),
    dispose() {
      isDisposed = true
    },
  }

  function guarded<Value>(run: () => Value, clear?: () => void): Value {
    if (isDisposed) throw disposed(`${name}: it`)
    if (session.isBroken)
      throw new ModelRunError(
        'RUN_FAILED',
        `${name}: an earlier run ended with a trap; what was bound has to be bound anew`,
      )
    try {
      return run()
    } catch (error) {
      // What is none of ours is a trap, after which there is nothing to clear.
      session.isBroken = !(error as { code?: unknown }).code
      throw explained(error, session.isBroken ? `${name}: it ended with a trap` : name)
    } finally {
      if (!session.isBroken) clear?.()
    }
  }

  const arena = guarded(() => {
    exports.om_set_seed?.(Math.random() * 2 ** 32, Math.random() * 2 ** 32)
    exports.om_prepare?.()
    return allocate(memory, scratch, 'scratch')
  })
  const frame = session.newFrame()
  return session
}

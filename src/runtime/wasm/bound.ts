import { boundPort, checkBound, withEnd } from '../bound.ts'
import { disposed, ModelRunError } from '../errors.ts'
import type { BoundModel } from '../model.ts'
import { byName } from '../results.ts'
import type { NamedModel, SignatureEntry } from '../signature.ts'
import type { Tensor } from '../tensor.ts'
import type { Slot } from './values.ts'
import type { WasmSession } from './session.ts'

/**
 * Tensors on the memory that a model of static shapes reads and writes itself. Their `data` are getters, as memory may grow:
 * then what they gave before is void, and the run in which that happens, or the next one, throws.
 */
export function bindFixed({ name, inputs, outputs }: NamedModel, open: () => WasmSession): BoundModel {
  const session = open()
  const { memory } = session.memory.exports
  const frame = session.newFrame()
  for (const { data, bytes } of frame.inputs) new Uint8Array(memory.buffer, data, bytes).fill(0)
  try {
    session.guarded(frame.run) // on zeros: what memory the model needs, it has from here on
  } catch (error) {
    if (session.isBroken) throw error
  }
  let isDisposed = false
  let { buffer } = memory
  let views = new Map<Slot, Tensor['data']>()
  const expectUse = (): void => {
    if (isDisposed) throw disposed(`${name}: what was bound`)
  }
  const viewOf = (slot: Slot): Tensor['data'] => {
    expectUse()
    if (buffer !== memory.buffer) views = new Map()
    buffer = memory.buffer
    const array = slot.passage.elements!.array!
    if (!views.has(slot))
      views.set(slot, new array(buffer, slot.data, slot.bytes / array.BYTES_PER_ELEMENT) as Tensor['data'])
    return views.get(slot)!
  }
  const tensorsOf = (entries: readonly SignatureEntry[], slots: readonly Slot[]): Record<string, Tensor> =>
    byName(entries, (entry, i) =>
      Object.freeze({
        ...boundPort(entry),
        get data() {
          return viewOf(slots[i]!)
        },
      }),
    )
  const tensors = { inputs: tensorsOf(inputs, frame.inputs), outputs: tensorsOf(outputs, frame.outputs) }
  const expectUnmoved = (): void => {
    if (buffer === memory.buffer) return
    const advice = 'take `data` of its inputs and outputs anew'
    throw new ModelRunError('RUN_MOVED', `${name}: its memory grew, and the bound buffers moved: ${advice}`)
  }
  // Of most element types there is nothing to check.
  const checks = frame.inputs.flatMap((slot, i) => {
    const { elements } = slot.passage
    return elements!.expect ? [() => checkBound(name, inputs[i]!.name, elements!, viewOf(slot))] : []
  })
  const run = (): void => {
    expectUse()
    expectUnmoved()
    for (const check of checks) check()
    session.guarded(frame.run)
    expectUnmoved()
  }
  return withEnd({ ...tensors, run }, () => {
    isDisposed = true
    if (!session.isBroken) frame.free()
  })
}

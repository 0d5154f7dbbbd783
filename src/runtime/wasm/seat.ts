import { wasmApi } from './api.ts'
import type { Order, Seat } from './pool.ts'
import type { ThreadExports } from './threaded.ts'

/** A worker's side of a pool: takes orders, and works for models. */
export function seated(): (order: Order) => void {
  const work = new Map<number, () => void>()
  return ({ seat, enter, leave }) => {
    if (seat !== undefined) work.set(seat.key, workOf(seat))
    if (leave !== undefined) work.delete(leave)
    if (enter !== undefined) work.get(enter)?.()
  }
}

/** What returns when the worker is dismissed. */
function workOf({ module, memory, number, stack: [end, top], variables }: Seat): () => void {
  const exports = new (wasmApi()!.Instance)(module, { env: { memory } }).exports as ThreadExports
  return () => {
    exports.__stack_pointer.value = top
    exports.__wasm_init_tls(variables)
    try {
      exports.om_work(number, end)
    } catch {
      // A trap. Whoever waits for this thread has one, too, and tells of it.
      exports.om_fail_threads()
    }
  }
}

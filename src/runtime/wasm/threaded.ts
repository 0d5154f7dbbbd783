import { type Instance, type WasmExports, type WasmMemoryObject, type WasmModule, wasmApi } from './api.ts'
import type { Pool, Team } from './pool.ts'
import { openSession, type WasmSession } from './session.ts'

/** What a module for threads exports besides (native/wasm/threads.h, and the linker's). */
export interface ThreadExports extends Omit<WasmExports, 'memory'> {
  readonly __stack_pointer: { value: number }
  readonly __tls_size: { readonly value: number }
  __wasm_init_tls(address: number): void
  om_open(workers: number, sleeps: number): void
  om_dismiss(isDismissed: number): void
  om_fail_threads(): void
  om_work(number: number, stack: number): void
}

/** Has threads run models: those of a pool, and the one that calls. */
export interface Threads {
  /** What a module for threads is instantiated with, and becomes; `undefined`: it is none. */
  prepare(module: WasmModule): Prepared | undefined
}

/** A module for threads on the way to be a session. */
export interface Prepared {
  readonly imports: object
  readonly open: typeof openSession
}

/** Of a worker's stack. Kernels take a few kilobytes, see native/wasm/threads.h. */
const STACK_BYTES = 1 << 17

/** Pages of the addresses that there are, 2 GiB. */
const MOST_PAGES = 1 << 15

let keys = 0

/** @param count of threads, with the one that calls */
export const threadsIn = (pool: Pool, count: number): Threads => ({
  prepare(module) {
    const [pages] = wasmApi()!.Module.customSections(module, 'om_memory')
    if (pages === undefined) return undefined
    const memory = sharedMemory(new DataView(pages).getUint32(0, true))
    return {
      imports: { env: { memory } },
      open: (instance, ...of) => openThreaded(pool, count, module, memory, instance, ...of),
    }
  },
})

/** Some systems have no room for the addresses of a large one. */
function sharedMemory(initial: number): WasmMemoryObject {
  for (let maximum = MOST_PAGES; ; maximum /= 2)
    try {
      return new (wasmApi()!.Memory)({ initial, maximum, shared: true })
    } catch (error) {
      if (maximum / 2 < initial) throw error
    }
}

function openThreaded(
  pool: Pool,
  count: number,
  module: WasmModule,
  memory: WasmMemoryObject,
  instance: Instance,
  ...[model, parts, weights]: Tail<Parameters<typeof openSession>>
): WasmSession {
  const exports = instance.exports as ThreadExports
  exports.__wasm_init_tls(exports.om_alloc(exports.__tls_size.value) >>> 0)
  // The thread of a page may not sleep.
  exports.om_open(count - 1, Number(!('document' in globalThis)))
  let team: Team | undefined
  const leave = (): void => {
    if (team) pool.leave(team)
  }
  const om_call: WasmExports['om_call'] = (...addresses) => {
    if (team) pool.use(team)
    try {
      return exports.om_call(...addresses)
    } catch (error) {
      exports.om_fail_threads()
      leave()
      throw error
    }
  }
  const whole = { ...exports, memory, om_call, ...putInside(module, exports, memory) }
  const session = openSession({ exports: whole }, model, parts, weights)

  const key = keys++
  const allocated = (bytes: number): number => exports.om_alloc(bytes) >>> 0
  const seats = Array.from({ length: count - 1 }, (_, number) => {
    const [end, variables] = [allocated(STACK_BYTES), allocated(exports.__tls_size.value)]
    return { key, number, module, memory, stack: [end, end + STACK_BYTES] as const, variables }
  }).filter(({ stack: [end], variables }) => end !== 0 && variables !== 0)
  team = { key, seats, dismiss: (isDismissed) => exports.om_dismiss(Number(isDismissed)) }
  pool.enter(team)

  const { dispose } = session
  return Object.assign(session, {
    dispose() {
      dispose()
      leave()
    },
  })
}

type Tail<All extends readonly unknown[]> = All extends [unknown, ...infer Rest] ? Rest : never

/** Puts weights that come with the module where they belong; then nobody else has to. */
function putInside(
  module: WasmModule,
  { om_weights }: ThreadExports,
  memory: WasmMemoryObject,
): { om_weights?: undefined } {
  const [inside] = wasmApi()!.Module.customSections(module, 'om_weights')
  if (inside === undefined) return {}
  new Uint8Array(memory.buffer).set(new Uint8Array(inside), om_weights!.value >>> 0)
  return { om_weights: undefined }
}

import { bytesAt, free, own, setWords, textAt, type WasmMemory, wordAt } from './memory.ts'
import type { Texts } from './values.ts'

/** Tensors of strings: pointers to texts in UTF-8 that a NUL ends. */
export const texts: Texts = {
  /** Pointers, and behind them the texts. */
  write(memory: WasmMemory, given: readonly string[]): number {
    const bytes = new TextEncoder().encode(given.join('\0') + '\0')
    const address = own(memory, 4 * given.length + bytes.length)
    const start = address + 4 * given.length
    bytesAt(memory, start, bytes.length).set(bytes)
    let next = 0
    for (let i = 0; i < given.length; i++) {
      setWords(memory, address + 4 * i, start + next)
      next = bytes.indexOf(0, next) + 1
    }
    return address
  },

  read(memory, data, count) {
    return Array.from({ length: count }, (_, i) => textAt(memory, wordAt(memory, data + 4 * i)))
  },

  free(memory, data, count) {
    if (data !== 0) for (let i = 0; i < count; i++) free(memory, wordAt(memory, data + 4 * i))
  },
}

import type { CheckedTensor } from '../tensor-input.ts'
import { bytesAt, free, own, setWords, textAt, wordAt } from './memory.ts'
import { product } from '../product.ts'
import { outputBytes, type Passage } from './values.ts'

/** Bytes of a pointer. */
const WIDTH = 4

/** Tensors of strings: pointers to texts in UTF-8 that a NUL ends. */
export function texts(shape: Passage['shape']): Passage {
  return {
    shape,
    width: WIDTH,

    /** Pointers, and behind them the texts. */
    write(memory, input) {
      const given = (input as CheckedTensor).data as readonly string[]
      const bytes = new TextEncoder().encode(given.join('\0') + '\0')
      const address = own(memory, WIDTH * given.length + bytes.length)
      const start = address + WIDTH * given.length
      bytesAt(memory, start, bytes.length).set(bytes)
      let next = 0
      for (let i = 0; i < given.length; i++) {
        setWords(memory, address + WIDTH * i, start + next)
        next = bytes.indexOf(0, next) + 1
      }
      return address
    },

    read(memory, data, dims) {
      const length = outputBytes(memory, data, dims, WIDTH) / WIDTH
      return { dims, data: Array.from({ length }, (_, i) => textAt(memory, wordAt(memory, data + WIDTH * i))) }
    },

    free(memory, data, dims) {
      const end = data === 0 ? 0 : data + product(dims, WIDTH)
      for (let at = data; at < end; at += WIDTH) free(memory, wordAt(memory, at))
    },
  }
}

/** Brings numbers, in place, from this machine's byte order to that of WebAssembly's memory, or back. */
export type Reorder = (bytes: Uint8Array, width: number) => void

/** Absent where both are the same, little-endian, as everywhere but on s390x. Source: WebAssembly core specification, §4.4 "Storage". */
export const reorder: Reorder | undefined =
  new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
    ? undefined
    : (bytes, width) => {
        if (width > 1) for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse()
      }

import { decodeFloat } from './float-formats.ts'

/** 2^-14, the least number that binary16 calls normal, and half a step beyond 65504, its largest: as binary32's bits. */
const [LEAST_NORMAL, BEYOND] = [0x38800000, 0x477ff000]

/** What rounds a positive double below 2^51 to an integer, ties to even, by being added and taken away. */
const ROUNDING = 2 ** 52

/**
 * The binary16 codes nearest to float32 numbers, ties to even, as `encodeFloat` gives them one by one: of weights there are
 * millions. What lies beyond 65504 becomes an infinity, NaN a NaN.
 */
export function halfCodes(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const codes = new Uint16Array(values.length)
  for (let i = 0; i < codes.length; i++) {
    const magnitude = bits[i]! & 0x7fffffff
    const sign = (bits[i]! >>> 16) & 0x8000
    if (magnitude >= BEYOND) codes[i] = sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00)
    // The exponent's bias goes from 127 to 15; half a step (less one unit for a tie below an even code) carries into it.
    else if (magnitude >= LEAST_NORMAL)
      codes[i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
    else codes[i] = sign | (Math.abs(values[i]!) * 2 ** 24 + ROUNDING - ROUNDING)
  }
  return codes
}

let table: Float32Array | undefined

/** The numbers that binary16 codes stand for; exact. */
export function halfNumbers(codes: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, code) => decodeFloat('float16', code))
  const numbers = new Float32Array(codes.length)
  for (let i = 0; i < numbers.length; i++) numbers[i] = table[codes[i]!]!
  return numbers
}

/**
 * Instructions of a function's code: where each begins and ends, and how many operands it takes from the stack and leaves
 * there. All of WebAssembly Core Specification 2.0, §5.4, of the proposals "Threads" (atomics) and "Relaxed SIMD".
 */

import type { Reader } from './wasm-format.ts'

export interface Instruction {
  /** Offsets of its first byte, and of the one after its last. */
  readonly start: number
  readonly end: number
  /** {@link opcode} of it. */
  readonly code: number
  /** The first number behind the code: of `local.get` the local. */
  readonly index: number
  /** Operands that it takes and leaves; `undefined` where control may go elsewhere, or that isn't known from here. */
  readonly effect: Effect | undefined
}

interface Effect {
  readonly takes: number
  readonly leaves: number
}

/** A prefix and the number behind it as one number; of plain opcodes the byte itself. */
export function opcode(prefix: number, sub: number): number {
  return prefix * 0x1000 + sub
}

/** What stands behind an opcode. */
type Immediate =
  '' | 'number' | 'numbers' | 'byte' | 'float' | 'double' | 'vector' | 'memory' | 'lane' | 'table' | 'types'

type Row = readonly [first: number, last: number, takes: number, leaves: number, immediate?: Immediate]

/** Of opcodes after which another instruction than the next may run, or whose operands depend on types. */
const control: readonly (readonly [first: number, last: number, immediate?: Immediate])[] = [
  [0x00, 0x00],
  [0x02, 0x04, 'number'], // block, loop, if: an index of a type is signed, one byte for none and for a value's
  [0x05, 0x05],
  [0x0b, 0x0b],
  [0x0c, 0x0d, 'number'],
  [0x0e, 0x0e, 'table'],
  [0x0f, 0x0f],
  [0x10, 0x10, 'number'],
  [0x11, 0x11, 'numbers'],
]

const plain: readonly Row[] = [
  [0x01, 0x01, 0, 0],
  [0x1a, 0x1a, 1, 0],
  [0x1b, 0x1b, 3, 1],
  [0x1c, 0x1c, 3, 1, 'types'],
  [0x20, 0x20, 0, 1, 'number'],
  [0x21, 0x21, 1, 0, 'number'],
  [0x22, 0x22, 1, 1, 'number'],
  [0x23, 0x23, 0, 1, 'number'],
  [0x24, 0x24, 1, 0, 'number'],
  [0x25, 0x25, 1, 1, 'number'],
  [0x26, 0x26, 2, 0, 'number'],
  [0x28, 0x35, 1, 1, 'memory'],
  [0x36, 0x3e, 2, 0, 'memory'],
  [0x3f, 0x3f, 0, 1, 'number'],
  [0x40, 0x40, 1, 1, 'number'],
  [0x41, 0x42, 0, 1, 'number'],
  [0x43, 0x43, 0, 1, 'float'],
  [0x44, 0x44, 0, 1, 'double'],
  [0x45, 0x45, 1, 1],
  [0x46, 0x4f, 2, 1],
  [0x50, 0x50, 1, 1],
  [0x51, 0x66, 2, 1],
  [0x67, 0x69, 1, 1],
  [0x6a, 0x78, 2, 1],
  [0x79, 0x7b, 1, 1],
  [0x7c, 0x8a, 2, 1],
  [0x8b, 0x91, 1, 1],
  [0x92, 0x98, 2, 1],
  [0x99, 0x9f, 1, 1],
  [0xa0, 0xa6, 2, 1],
  [0xa7, 0xc4, 1, 1],
  [0xd0, 0xd0, 0, 1, 'number'],
  [0xd1, 0xd1, 1, 1],
  [0xd2, 0xd2, 0, 1, 'number'],
]

const bulk: readonly Row[] = [
  [0, 7, 1, 1], // conversions that saturate
  [8, 8, 3, 0, 'numbers'],
  [9, 9, 0, 0, 'number'],
  [10, 10, 3, 0, 'numbers'],
  [11, 11, 3, 0, 'number'],
  [12, 12, 3, 0, 'numbers'],
  [13, 13, 0, 0, 'number'],
  [14, 14, 3, 0, 'numbers'],
  [15, 15, 2, 1, 'number'],
  [16, 16, 0, 1, 'number'],
  [17, 17, 3, 0, 'number'],
]

const vectors: readonly Row[] = [
  [0x00, 0x0a, 1, 1, 'memory'],
  [0x0b, 0x0b, 2, 0, 'memory'],
  [0x0c, 0x0c, 0, 1, 'vector'],
  [0x0d, 0x0d, 2, 1, 'vector'],
  [0x0e, 0x0e, 2, 1],
  [0x0f, 0x14, 1, 1],
  [0x15, 0x16, 1, 1, 'byte'],
  [0x17, 0x17, 2, 1, 'byte'],
  [0x18, 0x19, 1, 1, 'byte'],
  [0x1a, 0x1a, 2, 1, 'byte'],
  [0x1b, 0x1b, 1, 1, 'byte'],
  [0x1c, 0x1c, 2, 1, 'byte'],
  [0x1d, 0x1d, 1, 1, 'byte'],
  [0x1e, 0x1e, 2, 1, 'byte'],
  [0x1f, 0x1f, 1, 1, 'byte'],
  [0x20, 0x20, 2, 1, 'byte'],
  [0x21, 0x21, 1, 1, 'byte'],
  [0x22, 0x22, 2, 1, 'byte'],
  [0x23, 0x4c, 2, 1],
  [0x4d, 0x4d, 1, 1],
  [0x4e, 0x51, 2, 1],
  [0x52, 0x52, 3, 1],
  [0x53, 0x53, 1, 1],
  [0x54, 0x57, 2, 1, 'lane'],
  [0x58, 0x5b, 2, 0, 'lane'],
  [0x5c, 0x5d, 1, 1, 'memory'],
  [0x5e, 0x64, 1, 1],
  [0x65, 0x66, 2, 1],
  [0x67, 0x6a, 1, 1],
  [0x6b, 0x73, 2, 1],
  [0x74, 0x75, 1, 1],
  [0x76, 0x79, 2, 1],
  [0x7a, 0x7a, 1, 1],
  [0x7b, 0x7b, 2, 1],
  [0x7c, 0x81, 1, 1],
  [0x82, 0x82, 2, 1],
  [0x83, 0x84, 1, 1],
  [0x85, 0x86, 2, 1],
  [0x87, 0x8a, 1, 1],
  [0x8b, 0x93, 2, 1],
  [0x94, 0x94, 1, 1],
  [0x95, 0x99, 2, 1],
  [0x9b, 0x9f, 2, 1],
  [0xa0, 0xa1, 1, 1],
  [0xa3, 0xa4, 1, 1],
  [0xa7, 0xaa, 1, 1],
  [0xab, 0xae, 2, 1],
  [0xb1, 0xb1, 2, 1],
  [0xb5, 0xba, 2, 1],
  [0xbc, 0xbf, 2, 1],
  [0xc0, 0xc1, 1, 1],
  [0xc3, 0xc4, 1, 1],
  [0xc7, 0xca, 1, 1],
  [0xcb, 0xce, 2, 1],
  [0xd1, 0xd1, 2, 1],
  [0xd5, 0xdf, 2, 1],
  [0xe0, 0xe1, 1, 1],
  [0xe3, 0xe3, 1, 1],
  [0xe4, 0xeb, 2, 1],
  [0xec, 0xed, 1, 1],
  [0xef, 0xef, 1, 1],
  [0xf0, 0xf7, 2, 1],
  [0xf8, 0xff, 1, 1],
  [0x100, 0x100, 2, 1],
  [0x101, 0x104, 1, 1],
  [0x105, 0x10c, 3, 1],
  [0x10d, 0x112, 2, 1],
  [0x113, 0x113, 3, 1],
]

const atomics: readonly Row[] = [
  [0x00, 0x00, 2, 1, 'memory'],
  [0x01, 0x02, 3, 1, 'memory'],
  [0x03, 0x03, 0, 0, 'byte'],
  [0x10, 0x16, 1, 1, 'memory'],
  [0x17, 0x1d, 2, 0, 'memory'],
  [0x1e, 0x47, 2, 1, 'memory'],
  [0x48, 0x4e, 3, 1, 'memory'],
]

interface Known {
  readonly immediate: Immediate
  readonly effect: Effect | undefined
}

/** By {@link opcode}. */
const known = new Map<number, Known>()
for (const [first, last, immediate = ''] of control)
  for (let code = first; code <= last; code++) known.set(code, { immediate, effect: undefined })
for (const [prefix, rows] of [
  [0, plain],
  [0xfc, bulk],
  [0xfd, vectors],
  [0xfe, atomics],
] as const)
  for (const [first, last, takes, leaves, immediate = ''] of rows)
    for (let sub = first; sub <= last; sub++) known.set(opcode(prefix, sub), { immediate, effect: { takes, leaves } })

/**
 * The instruction that a reader is at; leaves the reader behind it.
 *
 * @throws TypeError where it is none of those, or cut short
 */
export function readInstruction(reader: Reader): Instruction {
  const start = reader.at
  const first = reader.byte()
  const code = first >= 0xfc ? opcode(first, reader.u32()) : first
  const of = known.get(code)
  if (of === undefined) throw new TypeError(`the module has an unknown instruction, 0x${code.toString(16)}`)
  const index = skipImmediate(reader, of.immediate)
  return { start, end: reader.at, code, index, effect: of.effect }
}

/** @returns the number that stands there, where one does */
function skipImmediate(reader: Reader, immediate: Immediate): number {
  switch (immediate) {
    case 'number':
      return reader.number()
    case 'numbers':
    case 'memory':
      // Of memory: the alignment, and the offset.
      return [reader.number(), reader.number()][0]!
    case 'lane':
      reader.number()
      reader.number()
      return reader.byte()
    case 'table':
    case 'types':
      // A label behind those of the table, that of all other numbers.
      for (let count = reader.u32() + (immediate === 'table' ? 1 : 0); count > 0; count--) reader.number()
      return 0
    case 'byte':
      return reader.byte()
    case 'float':
    case 'double':
    case 'vector':
      reader.take({ float: 4, double: 8, vector: 16 }[immediate])
      return 0
    case '':
      return 0
  }
}

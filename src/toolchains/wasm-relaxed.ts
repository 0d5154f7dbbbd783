/**
 * The same module for engines with relaxed SIMD: products that are added to something become fused multiply-adds, one
 * instruction in place of two that wait for each other, rounded once where the machine can. That is what C means by a*b+c
 * under `-ffp-contract=fast`, and what native compilers make of our kernels; clang has no such instruction for wasm, or one of
 * a number that changed (before clang 16).
 *
 * The linked code is rewritten: in a stack machine's code a product that nothing else uses stands where it was made. What
 * every engine runs is the compiler's own module, and stays so to the byte.
 *
 * @see https://github.com/WebAssembly/relaxed-simd/blob/main/proposals/relaxed-simd/Overview.md
 */

import { type Instruction, opcode, readInstruction } from './wasm-code.ts'
import { Reader, readSections, type Section, section, u32, writeModule } from './wasm-format.ts'

const f32x4 = { add: opcode(0xfd, 0xe4), sub: opcode(0xfd, 0xe5), mul: opcode(0xfd, 0xe6) }
const local = { get: 0x20, set: 0x21, tee: 0x22 }
/** `a b c` → a*b + c, c - a*b. */
const relaxed = { madd: [0xfd, 0x85, 0x02], nmadd: [0xfd, 0x86, 0x02] }
const v128 = 0x7b

/**
 * @param module with code as clang makes it: any of the 2.0 specification, with atomics
 * @returns `undefined` where no product is added to anything
 * @throws TypeError where the module is cut short, or has an instruction that isn't known
 */
export function relaxedModule(module: Uint8Array): Uint8Array | undefined {
  const sections = readSections(module)
  const parameters = parameterCounts(sections)
  let isOther = false
  const rewritten = sections.map(({ id, content }) => {
    if (id !== section.code) return { id, content }
    const reader = new Reader(content)
    const count = reader.u32()
    const bodies = Array.from({ length: count }, (_, i) => {
      const body = reader.take(reader.u32())
      const fused = fusedBody(body, parameters[i] ?? 0)
      isOther ||= fused !== body
      return [u32(fused.length), fused]
    })
    return { id, content: Buffer.concat([u32(count), ...bodies.flat()]) }
  })
  return isOther ? writeModule(rewritten) : undefined
}

/** How many parameters each function of the code section has. */
function parameterCounts(sections: readonly Section[]): number[] {
  const readerOf = (wanted: number): Reader =>
    new Reader(sections.find(({ id }) => id === wanted)?.content ?? Uint8Array.of(0))
  const types = readerOf(section.type)
  const counts = Array.from({ length: types.u32() }, () => {
    if (types.byte() !== 0x60) throw new TypeError('a type of the module is not that of a function')
    const parameters = types.take(types.u32()).length
    types.take(types.u32())
    return parameters
  })
  const functions = readerOf(section.function)
  return Array.from({ length: functions.u32() }, () => counts[functions.u32()] ?? 0)
}

/** Bytes in place of others, which may be none. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly bytes: readonly number[]
}

/** A local of our own that has a summand until it is added. */
interface Kept {
  readonly to: number
  /** Of those of ours. */
  readonly which: number
}

/** The body of a function: the same one where there is nothing to fuse. */
function fusedBody(body: Uint8Array, parameters: number): Uint8Array {
  const reader = new Reader(body)
  const groups = reader.u32()
  const groupsAt = reader.at
  let locals = parameters
  for (let i = 0; i < groups; i++, reader.byte()) locals += reader.u32()
  const codeAt = reader.at
  const { edits, own } = fusions(reader, body.length, locals)
  if (edits.length === 0) return body
  const more = own > 0 ? [u32(own), Uint8Array.of(v128)] : []
  const head = [u32(groups + (own > 0 ? 1 : 0)), body.subarray(groupsAt, codeAt), ...more]
  return Buffer.concat([...head, edited(body, codeAt, edits)])
}

/**
 * Finds sums of a product by following the stack through code that runs from top to bottom; what lies on it where control
 * joins or parts is left alone.
 *
 * @param locals how many the function has
 * @returns how to change the code, and how many locals of ours that takes
 */
function fusions(reader: Reader, end: number, locals: number): { edits: Edit[]; own: number } {
  const edits: Edit[] = []
  const kept: Kept[] = []
  /** Where a local was written last. */
  const written = new Map<number, number>()
  /** What made the operands that are known, the topmost last. */
  let stack: Instruction[] = []
  const replace = ({ start, end: after }: Instruction, bytes: readonly number[] = []): void =>
    void edits.push({ start, end: after, bytes })

  while (reader.at < end) {
    const instruction = readInstruction(reader)
    const { code, effect, start, index } = instruction
    if (effect === undefined) {
      stack = []
      continue
    }
    if (code === local.set || code === local.tee) written.set(index, start)
    const operands = Array.from({ length: effect.takes }, () => stack.pop())
    if (effect.leaves > 0) stack.push(instruction)
    if (code !== f32x4.add && code !== f32x4.sub) continue

    const [right, left] = operands
    if (code === f32x4.add && left?.code === f32x4.mul) {
      // a b * c + → a b c madd
      replace(left)
      replace(instruction, relaxed.madd)
    } else if (left !== undefined && right?.code === f32x4.mul) {
      // c a b * + → a b c madd
      const fused = code === f32x4.add ? relaxed.madd : relaxed.nmadd
      replace(right)
      if (left.code === local.get && (written.get(left.index) ?? 0) < left.start) {
        replace(left)
        replace(instruction, [local.get, ...u32(left.index), ...fused])
        continue
      }
      const which = freeAmong(kept.filter(({ to }) => to > left.end))
      kept.push({ to: start, which })
      const own = u32(locals + which)
      edits.push({ start: left.end, end: left.end, bytes: [local.set, ...own] })
      replace(instruction, [local.get, ...own, ...fused])
    }
  }
  return { edits, own: Math.max(0, ...kept.map(({ which }) => which + 1)) }
}

function freeAmong(taken: readonly Kept[]): number {
  for (let which = 0; ; which++) if (taken.every((other) => other.which !== which)) return which
}

function edited(body: Uint8Array, from: number, edits: readonly Edit[]): Uint8Array {
  // What is put between two instructions comes before what is put in place of the second one.
  const inOrder = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  const parts: Uint8Array[] = []
  let at = from
  for (const { start, end, bytes } of inOrder) {
    parts.push(body.subarray(at, start), Uint8Array.from(bytes))
    at = end
  }
  return Buffer.concat([...parts, body.subarray(at)])
}

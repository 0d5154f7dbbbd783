import { Reader, readSections, s32, type Section, section, u32, writeModule } from './wasm-format.ts'

/**
 * Changes that are made to a WebAssembly module after it was linked: the assembler of no clang brings in a file for wasm
 * (`.incbin`), so weights become a data segment here.
 *
 * The format: WebAssembly Core Specification 2.0, chapter 5 "Binary Format".
 */

/** Kinds of exports (§5.5.10). */
const exportKind = { global: 3 } as const

export interface Finished {
  readonly module: Uint8Array
  /** Where the weights are or have to be copied to; `undefined` in a module without weights. */
  readonly weightsAddress: number | undefined
}

/**
 * Completes a linked module: drops custom sections (names, producers) and puts the weights in.
 *
 * @param linked exports the address of `om_weights` where there are weights
 * @param weights chunks of what stands there; without any the export stays, for whoever fills them in when loading
 * @throws TypeError when it is not a module that we link: imports, or no address for the weights
 */
export function finishModule(linked: Uint8Array, weights: readonly Uint8Array[] = []): Finished {
  const sections = readSections(linked).filter(({ id }) => id !== section.custom)
  if (sections.some(({ id }) => id === section.import)) throw new TypeError('the module imports something')
  const weightsAddress = addressOf('om_weights', sections)
  if (weights.every(({ length }) => length === 0)) return { module: writeModule(sections), weightsAddress }
  if (weightsAddress === undefined) throw new TypeError('the module has no address of its weights')
  const withData = appendData(sections, weightsAddress, weights)
  return { module: writeModule(withoutExport('om_weights', withData)), weightsAddress }
}

interface Export {
  readonly name: string
  readonly kind: number
  readonly index: number
  readonly bytes: Uint8Array
}

function readExports(content: Uint8Array): Export[] {
  const reader = new Reader(content)
  return Array.from({ length: reader.u32() }, () => {
    const start = reader.at
    const [name, kind, index] = [reader.name(), reader.byte(), reader.u32()]
    return { name, kind, index, bytes: content.subarray(start, reader.at) }
  })
}

function withoutExport(name: string, sections: readonly Section[]): Section[] {
  return sections.map(({ id, content }) => {
    if (id !== section.export) return { id, content }
    const kept = readExports(content).filter((entry) => entry.name !== name)
    return { id, content: Buffer.concat([u32(kept.length), ...kept.map(({ bytes }) => bytes)]) }
  })
}

/** The value of an exported global that a data symbol became: `i32.const address` (§5.4.9, §5.5.9). */
export function addressOf(name: string, sections: readonly Section[]): number | undefined {
  const exported = sections.flatMap(({ id, content }) => (id === section.export ? readExports(content) : []))
  const found = exported.find((entry) => entry.name === name && entry.kind === exportKind.global)
  const globals = sections.find(({ id }) => id === section.global)
  if (!found || !globals) return undefined
  const reader = new Reader(globals.content)
  const count = reader.u32()
  for (let index = 0; index < count; index++) {
    reader.take(2) // type, mutability
    if (reader.byte() !== 0x41) throw new TypeError('a global of the module is not an i32.const')
    const address = reader.s32()
    if (reader.byte() !== 0x0b) throw new TypeError('a global of the module is not a constant')
    if (index === found.index) return address >>> 0
  }
  return undefined
}

/** Adds an active data segment (§5.5.14), and counts it where segments are counted ahead of the code. */
function appendData(sections: readonly Section[], address: number, chunks: readonly Uint8Array[]): Section[] {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const segment = [Uint8Array.of(0, 0x41), s32(address), Uint8Array.of(0x0b), u32(length), ...chunks]
  const data = sections.find(({ id }) => id === section.data)
  const reader = new Reader(data?.content ?? Uint8Array.of(0))
  const count = reader.u32() + 1
  const others = data?.content.subarray(reader.at) ?? new Uint8Array()
  const extended = { id: section.data, content: Buffer.concat([u32(count), others, ...segment]) }
  const counted = sections
    .filter(({ id }) => id !== section.data)
    .map((other) => (other.id === section.dataCount ? { id: other.id, content: u32(count) } : other))
  return [...counted, extended]
}

import { addressOf } from './wasm-binary.ts'
import { Reader, readSections, type Section, section, u32, writeModule } from './wasm-format.ts'

/** What a module for threads is compiled with besides (native/wasm/threads.h): stack and variables are set per instance. */
export const threadFlags: readonly string[] = [
  '-DOM_THREADS',
  '-matomics',
  '-mmutable-globals',
  '-ftls-model=local-exec',
  '-Wl,--shared-memory',
  '-Wl,--import-memory',
  '-Wl,--export=__stack_pointer',
  '-Wl,--export=__wasm_init_tls',
  '-Wl,--export=__tls_size',
]

/**
 * As `finishModule`, of a module for threads, each of which has an instance of its own on the one memory that all of them
 * import as `env.memory`. No instance but the first may write data, which is the linker's care; of the weights it is the
 * loader's: those that come with the module are its custom section `om_weights`. Another one, `om_memory`, tells the pages
 * (four bytes, little-endian) that the memory has to have.
 *
 * @throws TypeError when it is not a module that we link
 */
export function finishThreaded(linked: Uint8Array, weights: readonly Uint8Array[] = []): Uint8Array {
  const sections = readSections(linked).filter(({ id }) => id !== section.custom)
  const pages = Buffer.alloc(4)
  pages.writeUInt32LE(importedPages(sections))
  const isInside = weights.some(({ length }) => length > 0)
  if (isInside && addressOf('om_weights', sections) === undefined)
    throw new TypeError('the module has no address of its weights')
  return writeModule([
    ...sections,
    customSection('om_memory', [pages]),
    ...(isInside ? [customSection('om_weights', weights)] : []),
  ])
}

function customSection(name: string, content: readonly Uint8Array[]): Section {
  return { id: section.custom, content: Buffer.concat([u32(name.length), Buffer.from(name), ...content]) }
}

/** The least that the one import, a shared memory, has to have (§5.5.5). */
function importedPages(sections: readonly Section[]): number {
  const imports = new Reader(sections.find(({ id }) => id === section.import)?.content ?? Uint8Array.of(0))
  const count = imports.u32()
  const name = count === 1 ? `${imports.name()}.${imports.name()}` : ''
  const [kind, limits] = count === 1 ? [imports.byte(), imports.byte()] : [-1, -1]
  if (name !== 'env.memory' || kind !== 2 || limits !== 3)
    throw new TypeError('the module imports something other than a shared memory')
  return imports.u32()
}

import type { WasmModule } from './api.ts'
import { expectContents, isA, type Source } from './files.ts'

/** A file that is in the program: its bytes or module, or a function that gives them. */
export const given: Source = async (file) => {
  const { source, what } = file
  const value = typeof source === 'function' ? await (source as () => unknown)() : source
  if (isModule(value)) return { module: value }
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value as ArrayBuffer)
  return { bytes: await expectContents(file, `its ${what}`, bytes) }
}

export const isModule = (value: unknown): value is WasmModule => isA('WebAssembly.Module', value)

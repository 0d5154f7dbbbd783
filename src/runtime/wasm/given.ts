import { type WasmModule } from './api.ts'
import { compileModule } from './compile.ts'
import type { LoadParts } from './load.ts'
import type { WebFiles } from './web-files.ts'
import { isA } from './files.ts'

/** A module that is in the program, as the build wrote it: a function that gives its bytes, or what edge hosts imported. */
export const given: LoadParts['load'] = async ({ name }, { module }) => ({
  module:
    typeof module === 'function' ? await compileModule((await module()) as Uint8Array, name) : (module as WasmModule),
})

/** A module that needs no load. */
export const imported = ({ module }: WebFiles): WasmModule | undefined => (isModule(module) ? module : undefined)

export const isModule = (value: unknown): value is WasmModule => isA('WebAssembly.Module', value)

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { CheckedInput } from '../inputs.ts'
import type { BoundModel } from '../model.ts'
import type { Result } from '../results.ts'
import type { ModelSession } from '../session.ts'
import type { Signature } from '../signature.ts'
import type { WasmModule } from './api.ts'
import { compileModule, compileModuleNow, newSessionNow } from './compile.ts'
import type { WasmSession } from './session.ts'

/** Paths of a module and its weights. Their contents are known to be those of the build. */
interface Files {
  readonly library: string
  readonly constants: string | undefined
}

type NamedModel = Signature & { readonly name: string }

/** A model that is a WebAssembly module in a file. */
export class WasmFile implements ModelSession {
  readonly #module: WasmModule
  readonly #weights: string | undefined
  readonly #model: NamedModel
  #session: WasmSession | undefined

  private constructor(module: WasmModule, weights: string | undefined, model: NamedModel) {
    this.#module = module
    this.#weights = weights
    this.#model = model
  }

  /** @throws ModelLoadError; and what the system throws */
  static open({ library, constants }: Files, model: NamedModel): WasmFile {
    return new WasmFile(compileModuleNow(readFileSync(library), model.name), constants, model)
  }

  /** The same, while the event loop goes on. */
  static async load({ library, constants }: Files, model: NamedModel): Promise<WasmFile> {
    return new WasmFile(await compileModule(await readFile(library), model.name), constants, model)
  }

  runSync(inputs: readonly CheckedInput[]): Record<string, Result> {
    return this.#here().runSync(inputs)
  }

  async run(inputs: readonly CheckedInput[]): Promise<Record<string, Result>> {
    return this.#here().runSync(inputs)
  }

  bind(): BoundModel {
    return this.#here().bind()
  }

  /** @returns false: modules have no files to write to */
  printProfile(): boolean {
    return false
  }

  dispose(): void {
    this.#session?.dispose()
    this.#session = undefined
  }

  /** An instance for this thread; after a trap a new one. */
  #here(): WasmSession {
    if (this.#session?.isBroken === false) return this.#session
    const weights = this.#weights === undefined ? undefined : readFileSync(this.#weights)
    return (this.#session = newSessionNow(this.#module, this.#model, weights))
  }
}

import type { CheckedInput } from '../input-port.ts'
import { contentsNow, contentsOf, type KnownFile } from '../integrity.ts'
import type { BoundModel } from '../model.ts'
import type { Result } from '../results.ts'
import type { ModelSession } from '../session.ts'
import type { NamedModel } from '../signature.ts'
import type { WasmModule } from './api.ts'
import { compileModule, compileModuleNow, isRefused, newSessionNow } from './compile.ts'
import { bindFixed } from './bound.ts'
import { sessionParts } from './every-part.ts'
import { nodeThread, nodeThreads } from './node-thread.ts'
import { ownInputs } from './own.ts'
import type { WasmSession } from './session.ts'
import { type Opened, RemoteModel } from './thread.ts'
import type { AskedThreads } from './thread-count.ts'
import type { Threads } from './threaded.ts'

/** A module and its weights. */
interface Files {
  readonly library: KnownFile
  /** The same for engines like this one. */
  readonly variant?: KnownFile | undefined
  readonly constants: KnownFile | undefined
  /** How many are to run the variant for threads. */
  readonly threads?: AskedThreads | undefined
}

/** A model that is a WebAssembly module in a file. */
export class WasmFile implements ModelSession {
  readonly #module: WasmModule
  readonly #weights: KnownFile | undefined
  readonly #model: NamedModel
  /** On this thread and its pool. */
  readonly #threads: Threads
  #remote: RemoteModel | undefined
  /** On this thread. */
  #session: WasmSession | undefined

  private constructor(module: WasmModule, { constants: weights, threads = 1 }: Files, model: NamedModel) {
    this.#module = module
    this.#threads = nodeThreads(threads)
    this.#weights = weights
    this.#model = model
    const opened = async (): Promise<Opened> => ({
      module,
      weights: weights === undefined ? undefined : await contentsOf(weights, model.name),
      isOwn: true,
      threads,
    })
    this.#remote = nodeThread && new RemoteModel(nodeThread, model, sessionParts, opened)
  }

  /** @throws ModelLoadError; and what the system throws */
  static open(files: Files, model: NamedModel): WasmFile {
    const { library, variant = library } = files
    try {
      return new WasmFile(compileModuleNow(contentsNow(variant, model.name), model.name), files, model)
    } catch (error) {
      if (variant === library || !isRefused(error)) throw error
      return WasmFile.open({ ...files, variant: library }, model)
    }
  }

  /** The same, while the event loop goes on. */
  static async load(files: Files, model: NamedModel): Promise<WasmFile> {
    const { library, variant = library } = files
    let module
    try {
      module = await compileModule(await contentsOf(variant, model.name), model.name)
    } catch (error) {
      if (variant === library || !isRefused(error)) throw error
      return WasmFile.load({ ...files, variant: library }, model)
    }
    const file = new WasmFile(module, files, model)
    try {
      await file.#ready()
    } catch (error) {
      file.dispose()
      throw error
    }
    return file
  }

  runSync(inputs: readonly CheckedInput[]): Record<string, Result> {
    return this.#here().runSync(inputs)
  }

  async run(inputs: readonly CheckedInput[], tell?: (milliseconds: number) => void): Promise<Record<string, Result>> {
    if (this.#remote === undefined) return this.#here().runSync(inputs)
    const own = ownInputs(inputs)
    try {
      const { results, took } = await this.#remote.run(own)
      // Large weights are not held twice, on this thread and the other.
      if (this.#weights === undefined) tell?.(took)
      return results
    } catch (error) {
      if (!this.#isAlone(error)) throw error
      return this.#here().runSync(own)
    }
  }

  bind(): BoundModel {
    if (sessionParts.reorder !== undefined)
      throw new TypeError(
        `${this.#model.name}: bind() gives arrays on WebAssembly's memory, whose byte order this machine's arrays don't have; take runSync(), or code for this machine`,
      )
    return bindFixed(this.#model, () => this.#here())
  }

  /** @returns false: modules have no files to write to */
  printProfile(): boolean {
    return false
  }

  dispose(): void {
    void this.#remote?.dispose()
    this.#session?.dispose()
    this.#session = undefined
  }

  /** Loads the model where it will run. */
  async #ready(): Promise<void> {
    try {
      if (this.#remote === undefined) this.#here()
      else await this.#remote.load()
    } catch (error) {
      if (!this.#isAlone(error)) throw error
      this.#here()
    }
  }

  /** Where no other thread can be started, models run on this one. */
  #isAlone(error: unknown): boolean {
    const isAlone = (error as { code?: unknown }).code === 'LOAD_WORKER'
    if (isAlone) this.#remote = undefined
    return isAlone
  }

  /** An instance for this thread; after a trap a new one. */
  #here(): WasmSession {
    if (this.#session?.isBroken === false) return this.#session
    const weights = this.#weights === undefined ? undefined : contentsNow(this.#weights, this.#model.name)
    return (this.#session = newSessionNow(this.#module, this.#model, sessionParts, weights, this.#threads))
  }
}

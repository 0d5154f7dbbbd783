import { ModelRunError } from './errors.ts'
import type { InputParts } from './input-port.ts'
import type { Model, ModelFacts } from './model.ts'
import { ModelShell } from './model-shell.ts'
import { asStated, type ResultParts } from './results.ts'
import type { Load } from './shared-load.ts'
import type { Tensor } from './tensor.ts'
import type { LoadParts } from './wasm/load.ts'
import type { WebFiles } from './wasm/web-files.ts'
import { ownInputs } from './wasm/own.ts'
import { RemoteModel } from './wasm/thread.ts'
import { webThread, type WorkerProgram } from './wasm/web-thread.ts'

/** The files of a model that runs in a Web Worker. */
export interface WorkerFiles extends WebFiles {
  /** The package's dist/runtime/worker.js, or a copy of it: its address, or its `text`. */
  readonly worker: WorkerProgram
}

/** The parts of the runtime that a page needs whose model runs in a worker. */
export type WorkerParts = InputParts & ResultParts & LoadParts

/** A model of the given parts that runs as WebAssembly in a Web Worker. */
export function composeWorkerModel(facts: ModelFacts, files: WorkerFiles, parts: WorkerParts): Model {
  return new WorkerModel(facts, files, parts)
}

class WorkerModel extends ModelShell implements Model {
  readonly #facts: ModelFacts
  readonly #files: WorkerFiles
  readonly #parts: WorkerParts
  #remote: RemoteModel | undefined
  /** The same once it has been loaded; after a trap it loads by itself. */
  #loaded: RemoteModel | undefined

  constructor(facts: ModelFacts, files: WorkerFiles, parts: WorkerParts) {
    super(facts, parts)
    this.#parts = parts
    this.#facts = facts
    this.#files = files
  }

  async run(inputs: Readonly<Record<string, unknown>>): Promise<Record<string, Tensor>> {
    const own = ownInputs(this.check(inputs))
    if (this.#loaded === undefined) await this.load()
    this.expectUse()
    const { results } = await this.#loaded!.run(own) // without a wait before it, so that dispose() knows of it
    return asStated(results)
  }

  runSync(): never {
    throw this.#elsewhere('runSync()')
  }

  bind(): never {
    throw this.#elsewhere('bind()')
  }

  profile(): never {
    throw this.#elsewhere('profile()')
  }

  protected async open(...way: Parameters<Load>): Promise<void> {
    const parts = this.#parts
    const thread = webThread(this.#files.worker)
    const remote = (this.#remote ??= new RemoteModel(thread, this, parts, async (...again) => {
      const { module, weights } = await parts.load(this.#facts, this.#files, parts, again)
      return { module, weights: weights?.bytes, isOwn: weights?.isOwn === true, threads: this.#files.threads?.count }
    }))
    await remote.load(...way)
    if (remote === this.#remote) this.#loaded = remote
  }

  protected close(): void {
    void this.#remote?.dispose()
    this.#remote = this.#loaded = undefined
  }

  #elsewhere(what: string): ModelRunError {
    return new ModelRunError(
      'RUN_WORKER',
      `${this.name}: it runs in a worker (worker=true): await run() instead of ${what}`,
    )
  }
}

import { ModelRunError } from './errors.ts'
import type { InputParts } from './input-port.ts'
import type { BoundModel, Model, ModelFacts } from './model.ts'
import { ModelShell } from './model-shell.ts'
import { asStated } from './results.ts'
import type { Load } from './shared-load.ts'
import type { NamedModel } from './signature.ts'
import type { Tensor } from './tensor.ts'
import type { WasmModule } from './wasm/api.ts'
import { newSession, newSessionNow } from './wasm/compile.ts'
import type { LoadParts } from './wasm/load.ts'
import type { WebFiles } from './wasm/web-files.ts'
import { ownInputs } from './wasm/own.ts'
import type { SessionParts, WasmSession } from './wasm/session.ts'
import type { Threads } from './wasm/threaded.ts'

/** The parts of the runtime that a model needs on the web. Its generated module names them, and bundles have no others. */
export type WebParts = InputParts &
  SessionParts &
  LoadParts & {
    /** Where the module may be there without a load. */
    readonly module?: (files: WebFiles) => WasmModule | undefined
    /** Where there is a module for threads. */
    readonly threads?: (asked: WebFiles['threads']) => Threads
    /** Makes bound buffers, or says why there are none for the model. */
    readonly bind: (model: NamedModel, open: () => WasmSession) => BoundModel | void
  }

/** A model of the given parts that runs as WebAssembly on the thread that calls it. */
export function composeWebModel(facts: ModelFacts, files: WebFiles, parts: WebParts): Model {
  return new WebModel(facts, files, parts)
}

class WebModel extends ModelShell implements Model {
  readonly #facts: ModelFacts
  readonly #files: WebFiles
  readonly #parts: WebParts
  #module: WasmModule | undefined
  #session: WasmSession | undefined

  constructor(facts: ModelFacts, files: WebFiles, parts: WebParts) {
    super(facts, parts)
    this.#facts = facts
    this.#files = files
    this.#parts = parts
  }

  runSync(inputs: Readonly<Record<string, unknown>>): Record<string, Tensor> {
    const checked = this.check(inputs)
    return asStated(this.#loaded().runSync(checked))
  }

  async run(inputs: Readonly<Record<string, unknown>>): Promise<Record<string, Tensor>> {
    let checked = this.check(inputs)
    if (!this.#isReady()) {
      checked = ownInputs(checked)
      await this.load()
    }
    return asStated(this.#loaded().runSync(checked))
  }

  bind(): BoundModel {
    return this.#parts.bind(this, () => this.#loaded()) as BoundModel
  }

  profile(): never {
    throw new TypeError(`${this.name}: WebAssembly measures no nodes; profile it with a native target`)
  }

  protected async open(...way: Parameters<Load>): Promise<void> {
    if (this.#isReady()) return
    // What is one file is not held once it is a module: weights are large, and fetched again after a trap.
    const { module, weights } = await this.#parts.load(this.#facts, this.#files, this.#parts, way, this.#module)
    this.expectUse()
    this.#module = module
    this.#session = await newSession(module, this, this.#parts, weights?.bytes, this.#threads())
  }

  protected close(): void {
    this.#session?.dispose()
    this.#session = this.#module = undefined
  }

  #threads(): Threads | undefined {
    return this.#parts.threads?.(this.#files.threads)
  }

  #isReady(): boolean {
    return this.#session?.isBroken === false
  }

  #loaded(): WasmSession {
    this.expectUse()
    if (this.#isReady()) return this.#session!
    this.#module ??= this.#parts.module?.(this.#files)
    if (this.#module !== undefined && this.#files.weights === undefined)
      return (this.#session = newSessionNow(this.#module, this, this.#parts, undefined, this.#threads()))
    throw new ModelRunError('RUN_UNLOADED', `${this.name}: it is not loaded: await load() before runSync() and bind()`)
  }
}

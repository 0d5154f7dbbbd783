import { expectBindable } from './bound.ts'
import { ModelRunError } from './errors.ts'
import type { BoundModel, Model, ModelFacts } from './model.ts'
import { ModelShell } from './model-shell.ts'
import { asStated } from './results.ts'
import type { Load } from './shared-load.ts'
import type { Tensor } from './tensor.ts'
import type { WasmModule } from './wasm/api.ts'
import { newSession, newSessionNow } from './wasm/compile.ts'
import { isModule } from './wasm/files.ts'
import { filesOf, type WebFiles } from './wasm/load.ts'
import { ownInputs } from './wasm/own.ts'
import type { WasmSession } from './wasm/session.ts'

export type { WebFiles, WebSource } from './wasm/load.ts'
export { createWorkerModel, type WorkerFiles } from './worker-model.ts'

/**
 * A model that runs as WebAssembly on the thread that calls it. Nothing is fetched before `load()` or the first `run()`; the
 * generated module calls this and states the exact type of the result.
 */
export function createWebModel(facts: ModelFacts, files: WebFiles): Model {
  return new WebModel(facts, files)
}

class WebModel extends ModelShell implements Model {
  readonly #facts: ModelFacts
  readonly #files: WebFiles
  #module: WasmModule | undefined
  #session: WasmSession | undefined

  constructor(facts: ModelFacts, files: WebFiles) {
    super(facts)
    this.#facts = facts
    this.#files = files
  }

  runSync(inputs: Readonly<Record<string, unknown>>): Record<string, Tensor> {
    const checked = this.checker.check(inputs)
    return asStated(this.#loaded().runSync(checked))
  }

  async run(inputs: Readonly<Record<string, unknown>>): Promise<Record<string, Tensor>> {
    let checked = this.checker.check(inputs)
    if (!this.#isReady()) {
      checked = ownInputs(checked)
      await this.load()
    }
    return asStated(this.#loaded().runSync(checked))
  }

  bind(): BoundModel {
    expectBindable(this.name, this)
    return this.#loaded().bind()
  }

  profile(): never {
    throw new TypeError(`${this.name}: WebAssembly measures no nodes; profile it with a native target`)
  }

  protected async open(...[signal, report]: Parameters<Load>): Promise<void> {
    if (this.#isReady()) return
    const fetched = filesOf(this.#facts, this.#files, signal, report)
    // What is one file is not held once it is a module: weights are large, and fetched again after a trap.
    const [module, weights] = await Promise.all([this.#module ?? fetched.module(), fetched.weights()])
    this.expectUse()
    this.#module = module
    this.#session = await newSession(module, this, weights?.bytes)
  }

  protected close(): void {
    this.#session?.dispose()
    this.#session = this.#module = undefined
  }

  #isReady(): boolean {
    return this.#session?.isBroken === false
  }

  #loaded(): WasmSession {
    this.expectUse()
    if (this.#isReady()) return this.#session!
    const { module, weights } = this.#files
    this.#module ??= isModule(module) ? module : undefined
    if (this.#module !== undefined && weights === undefined) return (this.#session = newSessionNow(this.#module, this))
    throw new ModelRunError('RUN_UNLOADED', `${this.name}: it is not loaded: await load() before runSync() and bind()`)
  }
}

import { asyncDisposeKey, disposeKey } from './dispose-keys.ts'
import { disposed } from './errors.ts'
import type { InputParts } from './input-port.ts'
import { type Check, newCheck } from './inputs.ts'
import type { Metadata } from './metadata.ts'
import type { LoadOptions, ModelFacts } from './model.ts'
import { type Load, type SharedLoad, sharedLoad } from './shared-load.ts'

/** What a model is wherever it runs: what is known of it, the check of its inputs, its load, and its end. */
export abstract class ModelShell {
  declare readonly name: string
  declare readonly inputs: ModelFacts['signature']['inputs']
  declare readonly outputs: ModelFacts['signature']['outputs']
  declare readonly target: string
  declare readonly compiler: ModelFacts['compiler']
  declare readonly report: unknown
  declare readonly metadata: Metadata
  /** Gives the inputs of a call in the signature's order, if they fit. */
  protected readonly check: Check
  readonly #load: SharedLoad
  #isDisposed = false

  constructor({ name, signature, target, compiler, report, metadata = {} }: ModelFacts, parts: InputParts) {
    const { inputs, outputs } = signature
    Object.assign(this, { name, inputs, outputs, target, compiler, report, metadata })
    this.check = newCheck(name, inputs, parts)
    this.#load = sharedLoad(async (...hows) => {
      this.expectUse()
      await this.open(...hows).finally(() => {
        if (this.#isDisposed) this.close() // of what came too late
        this.expectUse()
      })
    })
  }

  /** Makes the model ready to run, unless it is. */
  protected abstract open(...hows: Parameters<Load>): Promise<void>
  /** Frees what it holds. */
  protected abstract close(): void

  load(options?: LoadOptions): Promise<void> {
    return this.#load.join(options)
  }

  dispose(): void {
    this.#isDisposed = true
    this.#load.stop()
    this.close()
  }

  [disposeKey](): void {
    this.dispose()
  }

  async [asyncDisposeKey](): Promise<void> {
    this.dispose()
  }

  /** @throws ModelRunError after `dispose` */
  protected expectUse(): void {
    if (this.#isDisposed) throw disposed(`${this.name}: it`)
  }
}

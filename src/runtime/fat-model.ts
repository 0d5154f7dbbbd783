import { asyncDisposeKey, disposeKey } from './dispose-keys.ts'
import { ModelLoadError } from './errors.ts'
import type { Metadata } from './metadata.ts'
import type { BoundModel, LoadOptions, Model, ModelFacts } from './model.ts'
import { composeNodeModel, type ModelFiles, type NodeParts } from './node-model.ts'
import type { Profile } from './profile.ts'
import type { Tensor } from './tensor.ts'

/** A model for one kind of machine. */
export interface Alternative {
  readonly facts: ModelFacts
  readonly files: ModelFiles
}

/**
 * A model that was compiled for several kinds of machines: it is the first of them that fits the one that it is used on. Which
 * that is, is seen when anything is asked of it but its name, signature and metadata.
 *
 * @param alternatives best first; at least one
 */
export function composeFatModel(alternatives: readonly Alternative[], parts: NodeParts): Model {
  return new FatModel(alternatives, parts)
}

class FatModel implements Model {
  readonly name: string
  readonly inputs: ModelFacts['signature']['inputs']
  readonly outputs: ModelFacts['signature']['outputs']
  readonly metadata: Metadata
  readonly #alternatives: readonly Alternative[]
  readonly #parts: NodeParts
  #chosen: Model | undefined
  #isDisposed = false

  constructor(alternatives: readonly Alternative[], parts: NodeParts) {
    const { name, signature, metadata = {} } = alternatives[0]!.facts
    this.name = name
    this.inputs = signature.inputs
    this.outputs = signature.outputs
    this.metadata = metadata
    this.#alternatives = alternatives
    this.#parts = parts
  }

  get target(): string {
    return this.#told.target
  }

  get compiler(): ModelFacts['compiler'] {
    return this.#told.compiler
  }

  get report(): unknown {
    return this.#told.report
  }

  async load(options?: LoadOptions): Promise<void> {
    await this.#model.load(options)
  }

  async run(inputs: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, Tensor>>> {
    return this.#model.run(inputs)
  }

  runSync(inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, Tensor>> {
    return this.#model.runSync(inputs)
  }

  bind(): BoundModel {
    return this.#model.bind()
  }

  profile(inputs: Readonly<Record<string, unknown>>, runs?: number): Profile {
    return this.#model.profile(inputs, runs)
  }

  dispose(): void {
    this.#isDisposed = true
    this.#chosen?.dispose()
  }

  [disposeKey](): void {
    this.dispose()
  }

  async [asyncDisposeKey](): Promise<void> {
    this.dispose()
  }

  /** What a module exports of itself: where none fits, it can be imported all the same, and its first use says so. */
  get #told(): Pick<ModelFacts, 'target' | 'compiler' | 'report'> {
    try {
      return this.#model
    } catch (error) {
      if (error instanceof ModelLoadError) return this.#alternatives[0]!.facts
      throw error
    }
  }

  get #model(): Model {
    if (this.#chosen === undefined) {
      this.#chosen = this.#choose()
      if (this.#isDisposed) this.#chosen.dispose() // its runs say so
    }
    return this.#chosen
  }

  /**
   * Where the addon of a better one has to be compiled first and can't be, the process is warned of what it costs.
   *
   * @throws ModelLoadError `LOAD_MACHINE` where none fits, with what each is for; `LOAD_MISSING` where files are not there,
   * `LOAD_ADDON` where the addon can't be compiled
   */
  #choose(): Model {
    const misfits: string[] = []
    let failure: Error | undefined
    for (const { facts, files } of this.#alternatives) {
      try {
        const misfit = facts.requires && this.#parts.native!.misfit(facts.requires, files.addon, this.name)
        if (misfit) {
          misfits.push(`${facts.target}: ${misfit}`)
          continue
        }
        if (isOf(failure, 'LOAD_ADDON'))
          process.emitWarning(`${failure.message} Until then it runs as ${facts.target}.`)
        return composeNodeModel(facts, files, this.#parts)
      } catch (error) {
        if (!isOf(error, 'LOAD_ADDON') && !this.#isLeftBehind(files, error)) throw error
        failure ??= error as Error
      }
    }
    if (failure !== undefined) throw failure
    throw new ModelLoadError(
      'LOAD_MACHINE',
      `${this.name}: it is built for several kinds of machines, of which this is none; ` +
        `add a target to its import, or wasm, which runs everywhere. ${misfits.join('. ')}`,
    )
  }

  /** Whether all of a target's native code is missing: who deploys WebAssembly alone leaves the addon behind, too, which tells what fits. */
  #isLeftBehind({ library }: ModelFiles, error: unknown): boolean {
    return isOf(error, 'LOAD_MISSING') && !this.#parts.native!.isThere(library, this.name)
  }
}

function isOf(error: unknown, code: string): error is ModelLoadError {
  return error instanceof ModelLoadError && error.code === code
}

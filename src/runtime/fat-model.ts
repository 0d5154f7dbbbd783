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
    return this.#model.target
  }

  get compiler(): ModelFacts['compiler'] {
    return this.#model.compiler
  }

  get report(): unknown {
    return this.#model.report
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

  get #model(): Model {
    if (this.#chosen === undefined) {
      this.#chosen = this.#choose()
      if (this.#isDisposed) this.#chosen.dispose() // its runs say so
    }
    return this.#chosen
  }

  /** @throws ModelLoadError `LOAD_MACHINE` where none fits, with what each is for; `LOAD_MISSING` where files are not there */
  #choose(): Model {
    const misfits: string[] = []
    let missing: unknown
    for (const { facts, files } of this.#alternatives) {
      try {
        const misfit = facts.requires && this.#parts.native!.misfit(facts.requires, files.addon, this.name)
        if (!misfit) return composeNodeModel(facts, files, this.#parts)
        misfits.push(`${facts.target}: ${misfit}`)
      } catch (error) {
        if (!this.#isLeftBehind(files, error)) throw error
        missing ??= error
      }
    }
    if (missing !== undefined) throw missing
    throw new ModelLoadError(
      'LOAD_MACHINE',
      `${this.name}: it is built for several kinds of machines, of which this is none; ` +
        `add a target to its import, or wasm, which runs everywhere. ${misfits.join('. ')}`,
    )
  }

  /** Whether all of a target's native code is missing: who deploys WebAssembly alone leaves the addon behind, too, which tells what fits. */
  #isLeftBehind({ library }: ModelFiles, error: unknown): boolean {
    return (error as { code?: unknown }).code === 'LOAD_MISSING' && !this.#parts.native!.isThere(library, this.name)
  }
}

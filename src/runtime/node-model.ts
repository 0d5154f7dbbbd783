import { expectBindable, withEnd } from './bound.ts'
import { asStated } from './results.ts'
import { ModelLoadError, ModelRunError } from './errors.ts'
import { valueParts } from './every-part.ts'
import type { KnownFile } from './integrity.ts'
import { type FileAddress, locate } from './library-file.ts'
import type { BoundModel, Model, ModelFacts, Requirements } from './model.ts'
import { ModelShell } from './model-shell.ts'
import { QuickRuns } from './quick-runs.ts'
import type { ModelSession } from './session.ts'
import type { NamedModel } from './signature.ts'
import { measureProfile, newProfileFile, type Profile } from './profile.ts'
import type { Tensor } from './tensor.ts'
import type { Needing } from './wasm/features.ts'
import type { AskedThreads } from './wasm/thread-count.ts'

/** The files of a built model. */
export interface ModelFiles {
  /** Of a native library, or its source, which is compiled the first time. */
  readonly addon?: FileAddress
  /** Or a WebAssembly module (`.wasm`). */
  readonly library: FileAddress
  /** The same module for engines that can more, best first. */
  readonly variants?: readonly (Needing & { readonly library: FileAddress })[]
  /** onnx-mlir's file of large constants, under the name that the library asks for; a module's large weights. */
  readonly constants?: FileAddress
  /** How many threads run the model at most. Default: all that the process may use of native code, one of WebAssembly. */
  readonly threads?: AskedThreads
}

/** Files that were found, with what is known of their contents. */
export interface LocatedFiles {
  readonly library: KnownFile
  readonly constants: KnownFile | undefined
  readonly variant?: KnownFile | undefined
  readonly addon?: FileAddress | undefined
  readonly threads?: AskedThreads | undefined
}

/** What a native library is opened with. */
export interface NativeOptions {
  readonly requires: ModelFacts['requires']
  readonly profileFile: string | undefined
  readonly mailboxLimit: number | undefined
}

/** The parts of the runtime that run models in Node; bundles have those that a model's generated module names. */
export interface NodeParts {
  /** For libraries of native code. */
  readonly native?: {
    /** @throws ModelLoadError for a library that is not for this machine */
    expectFit(library: string, model: string, target: string, requires: ModelFacts['requires']): void
    /** Why a library that requires this does not run here; empty where it does. @throws ModelLoadError for the addon */
    misfit(requires: Requirements, addon: FileAddress | undefined, model: string): string
    /** Whether there is such a file. */
    isThere(file: FileAddress, model: string): boolean
    /** Reads the files, while the event loop goes on, so that to open them takes no time. */
    readAhead(files: LocatedFiles): Promise<void>
    open(files: LocatedFiles, model: NamedModel, options: NativeOptions): ModelSession
  }
  /** For modules of WebAssembly. */
  readonly wasm?: {
    open(files: LocatedFiles, model: NamedModel): ModelSession
    load(files: LocatedFiles, model: NamedModel): Promise<ModelSession>
    bestOf(variants: readonly Needing[]): number
  }
}

/** A model of the given parts. */
export function composeNodeModel(facts: ModelFacts, files: ModelFiles, parts: NodeParts): Model {
  return new NodeModel(facts, files, parts)
}

class NodeModel extends ModelShell implements Model {
  readonly #files: ModelFiles
  readonly #parts: NodeParts
  readonly #requires: ModelFacts['requires']
  readonly #sha256: NonNullable<ModelFacts['sha256']> | undefined
  readonly #profileFile: string | undefined
  /** Of a model whose runs may be quick. */
  readonly #quick: QuickRuns | undefined
  readonly #sessions = new Set<ModelSession>()
  #session: ModelSession | undefined

  constructor(facts: ModelFacts, files: ModelFiles, parts: NodeParts) {
    super(facts, valueParts)
    this.#parts = parts
    this.#files = files
    this.#requires = facts.requires
    this.#sha256 = facts.sha256
    this.#profileFile = facts.profiled ? newProfileFile() : undefined
    this.#quick = facts.steadiness && new QuickRuns(facts.steadiness)
  }

  protected async open(): Promise<void> {
    if (this.#session !== undefined) return
    let files
    try {
      files = this.#locate()
      if (isModule(files.library.path)) return await this.#loadModule(files)
      await this.#parts.native!.readAhead(files)
    } catch (error) {
      throw loadError(error, `${this.name}: its files can't be read`)
    }
    this.#session ??= this.#open()
  }

  async #loadModule(files: LocatedFiles): Promise<void> {
    const session = this.#opened(await this.#parts.wasm!.load(files, this))
    this.#session ??= session
  }

  runSync(inputs: Readonly<Record<string, unknown>>): Record<string, Tensor> {
    const checked = this.check(inputs)
    return asStated((this.#session ??= this.#open()).runSync(checked))
  }

  async run(inputs: Readonly<Record<string, unknown>>): Promise<Record<string, Tensor>> {
    const quick = this.#quick
    const asked = quick === undefined ? 0 : performance.now()
    const checked = this.check(inputs)
    const session = (this.#session ??= this.#open())
    return asStated(await (quick === undefined ? session.run(checked) : quick.run(session, checked, asked)))
  }

  bind(): BoundModel {
    expectBindable(this)
    // A library of native code is opened once more: its mailbox has room for small tensors only.
    const { library } = this.#files
    if (isModule(typeof library === 'object' ? library.href : String(library)))
      return (this.#session ??= this.#open()).bind()
    const session = this.#open(Number.MAX_SAFE_INTEGER)
    const bound = session.bind()
    return withEnd(bound, () => {
      this.#sessions.delete(session)
      bound.dispose()
    })
  }

  profile(inputs: Readonly<Record<string, unknown>>, runs = 10): Profile {
    const checked = this.check(inputs)
    const session = (this.#session ??= this.#open())
    return measureProfile(
      this.name,
      this.#profileFile,
      runs,
      () => session.runSync(checked),
      () => session.printProfile(),
    )
  }

  protected close(): void {
    for (const session of this.#sessions) session.dispose()
    this.#sessions.clear()
    this.#session = undefined
  }

  /** Where the library and its constants are, with what is known of their contents. A native library fits this machine. */
  #locate(): LocatedFiles {
    this.expectUse()
    const library = { path: locate(this.#files.library, this.name), sha256: this.#sha256?.library }
    const constants =
      this.#files.constants === undefined
        ? undefined
        : { path: locate(this.#files.constants, this.name), sha256: this.#sha256?.constants }
    if (isModule(library.path)) return { library, constants, variant: this.#variant(), threads: this.#files.threads }
    try {
      this.#parts.native!.expectFit(library.path, this.name, this.target, this.#requires)
    } catch (error) {
      throw loadError(error, `${this.name}: ${library.path} can't be loaded`)
    }
    return { library, constants, addon: this.#files.addon, threads: this.#files.threads }
  }

  /** The best module for this engine, where there is one beside that for all. */
  #variant(): KnownFile | undefined {
    const { variants = [] } = this.#files
    const best = this.#parts.wasm!.bestOf(variants)
    const variant = variants[best]
    return variant && { path: locate(variant.library, this.name), sha256: this.#sha256?.variants?.[best] }
  }

  #open(mailboxLimit?: number): ModelSession {
    const located = this.#locate()
    const { path } = located.library
    try {
      if (isModule(path)) return this.#opened(this.#parts.wasm!.open(located, this))
      const options = { requires: this.#requires, profileFile: this.#profileFile, mailboxLimit }
      return this.#opened(this.#parts.native!.open(located, this, options))
    } catch (error) {
      throw loadError(error, `${this.name}: ${path} can't be loaded`)
    }
  }

  /** A session that `dispose` closes. */
  #opened(session: ModelSession): ModelSession {
    this.#sessions.add(session)
    return session
  }
}

/** Whether a library is WebAssembly. */
function isModule(library: string): boolean {
  return library.endsWith('.wasm')
}

function loadError(error: unknown, what: string): ModelLoadError | ModelRunError {
  if (error instanceof ModelLoadError || error instanceof ModelRunError) return error
  const { code, message } = error as { code?: unknown; message?: unknown }
  const known = typeof code === 'string' && code.startsWith('LOAD_') ? code : 'LOAD_OPEN'
  return new ModelLoadError(known, `${what}: ${String(message)}`, { cause: error })
}

import { dirname } from 'node:path'
import { loadAddon } from './addon.ts'
import { expectBindable } from './bound.ts'
import { asStated } from './results.ts'
import { ModelLoadError, ModelRunError } from './errors.ts'
import { valueParts } from './every-part.ts'
import { expectContents, type KnownFile, readAhead } from './integrity.ts'
import { checkArch, checkLibrary, locate } from './library-file.ts'
import type { BoundModel, Model, ModelFacts } from './model.ts'
import { ModelShell } from './model-shell.ts'
import { NativeSession } from './native.ts'
import type { ModelSession } from './session.ts'
import { measureProfile, newProfileFile, type Profile } from './profile.ts'
import type { Tensor } from './tensor.ts'
import { bestOf, type Needing } from './wasm/features.ts'
import { WasmFile } from './wasm/file.ts'

/** A path, or a `file:` URL; of a `URL`, what there is without the types of Node. */
export type FileAddress = string | { readonly href: string }

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
}

/**
 * A model that runs in Node, natively or as WebAssembly. Nothing is loaded before the first run or `load()`, so that importing many models
 * costs nothing. The generated module calls this and states the exact type of the result.
 */
export function createNodeModel(facts: ModelFacts, files: ModelFiles): Model {
  return new NodeModel(facts, files)
}

class NodeModel extends ModelShell implements Model {
  readonly #files: ModelFiles
  readonly #requires: ModelFacts['requires']
  readonly #sha256: NonNullable<ModelFacts['sha256']> | undefined
  readonly #profileFile: string | undefined
  readonly #sessions: ModelSession[] = []
  #session: ModelSession | undefined

  constructor(facts: ModelFacts, files: ModelFiles) {
    super(facts, valueParts)
    this.#files = files
    this.#requires = facts.requires
    this.#sha256 = facts.sha256
    this.#profileFile = facts.profiled ? newProfileFile() : undefined
  }

  protected async open(): Promise<void> {
    if (this.#session !== undefined) return
    let files
    try {
      files = this.#locate()
      if (isModule(files.library.path)) return await this.#loadModule(files)
      for (const file of nativeFiles(files)) await readAhead(file)
    } catch (error) {
      throw loadError(error, `${this.name}: its files can't be read`)
    }
    this.#session ??= this.#open()
  }

  async #loadModule(files: LocatedFiles): Promise<void> {
    const session = await WasmFile.load(files, this)
    try {
      this.expectUse() // it may have been disposed meanwhile
    } catch (error) {
      session.dispose()
      throw error
    }
    this.#session ??= session
    this.#opened(session)
  }

  runSync(inputs: Readonly<Record<string, unknown>>): Record<string, Tensor> {
    const checked = this.check(inputs)
    return asStated((this.#session ??= this.#open()).runSync(checked))
  }

  async run(inputs: Readonly<Record<string, unknown>>): Promise<Record<string, Tensor>> {
    const checked = this.check(inputs)
    return asStated(await (this.#session ??= this.#open()).run(checked))
  }

  bind(): BoundModel {
    expectBindable(this)
    // A library of native code is opened once more: its mailbox has room for small tensors only.
    const session = isModule(String(this.#files.library))
      ? (this.#session ??= this.#open())
      : this.#open(Number.MAX_SAFE_INTEGER)
    return session.bind()
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
    this.#sessions.length = 0
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
    if (isModule(library.path)) return { library, constants, variant: this.#variant() }
    if (this.#requires !== undefined) checkArch(this.#requires.arch, this.name, this.target)
    try {
      checkLibrary(library.path, this.name, this.target)
    } catch (error) {
      throw loadError(error, `${this.name}: ${library.path} can't be loaded`)
    }
    return { library, constants }
  }

  /** The best module for this engine, where there is one beside that for all. */
  #variant(): KnownFile | undefined {
    const { variants = [] } = this.#files
    const best = bestOf(variants)
    const variant = variants[best]
    return variant && { path: locate(variant.library, this.name), sha256: this.#sha256?.variants?.[best] }
  }

  #open(mailboxLimit?: number): ModelSession {
    const located = this.#locate()
    const { path } = located.library
    try {
      if (isModule(path)) return this.#opened(WasmFile.open(located, this))
      for (const file of nativeFiles(located)) expectContents(file, this.name)
      const { addon: addonFile } = this.#files
      if (addonFile === undefined) throw new ModelLoadError('LOAD_FORMAT', `${this.name}: it has no addon`)
      const addon = loadAddon(locate(addonFile, this.name), this.name)
      const files = {
        library: path,
        constantsFolder: dirname((located.constants ?? located.library).path),
        requires: this.#requires,
        ...(this.#profileFile !== undefined && { profileFile: this.#profileFile }),
      }
      return this.#opened(new NativeSession(addon, files, this, mailboxLimit))
    } catch (error) {
      throw loadError(error, `${this.name}: ${path} can't be loaded`)
    }
  }

  /** A session that `dispose` closes. */
  #opened(session: ModelSession): ModelSession {
    this.#sessions.push(session)
    return session
  }
}

interface LocatedFiles {
  readonly library: KnownFile
  readonly constants: KnownFile | undefined
  readonly variant?: KnownFile | undefined
}

/** What the system's loader and the library read themselves, by path. */
function nativeFiles({ library, constants }: LocatedFiles): readonly KnownFile[] {
  return constants === undefined ? [library] : [library, constants]
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

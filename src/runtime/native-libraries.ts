import { dirname } from 'node:path'
import { loadAddon } from './addon.ts'
import { ModelLoadError } from './errors.ts'
import { expectContents, type KnownFile, readAhead } from './integrity.ts'
import { checkArch, checkLibrary, locate } from './library-file.ts'
import { NativeSession } from './native.ts'
import type { LocatedFiles, NodeParts } from './node-model.ts'
import { nativeThreads } from './processors.ts'

/** What models need in Node that are libraries of native code. */
export const nativeLibraries: NonNullable<NodeParts['native']> = {
  expectFit(library, model, target, requires) {
    if (requires !== undefined) checkArch(requires.arch, model, target)
    checkLibrary(library, model, target)
  },

  async readAhead(files) {
    for (const file of readBySystem(files)) await readAhead(file)
  },

  open(files, model, { requires, profileFile, mailboxLimit }) {
    const { name } = model
    for (const file of readBySystem(files)) expectContents(file, name)
    if (files.addon === undefined) throw new ModelLoadError('LOAD_FORMAT', `${name}: it has no addon`)
    const opened = {
      library: files.library.path,
      constantsFolder: dirname((files.constants ?? files.library).path),
      requires,
      threads: nativeThreads(files.threads),
      ...(profileFile !== undefined && { profileFile }),
    }
    return new NativeSession(loadAddon(locate(files.addon, name), name), opened, model, mailboxLimit)
  },
}

/** What the system's loader and the library read themselves, by path. */
function readBySystem({ library, constants }: LocatedFiles): readonly KnownFile[] {
  return constants === undefined ? [library] : [library, constants]
}

import { machine } from 'node:os'
import { dirname } from 'node:path'
import { loadAddon } from './addon.ts'
import { ModelLoadError } from './errors.ts'
import { expectContents, type KnownFile, readAhead } from './integrity.ts'
import {
  checkLibrary,
  checkMachine,
  type FileAddress,
  foreign,
  foreignFormat,
  isThere,
  locate,
} from './library-file.ts'
import { type NativeAddon, NativeSession } from './native.ts'
import type { LocatedFiles, NodeParts } from './node-model.ts'
import { nativeThreads } from './processors.ts'

/** What models need in Node that are libraries of native code. */
export const nativeLibraries: NonNullable<NodeParts['native']> = {
  expectFit(library, model, target, requires) {
    if (requires !== undefined) checkMachine(requires, model, target)
    checkLibrary(library, model, target)
  },

  misfit(requires, addon, model) {
    const other = foreign(requires)
    if (other !== undefined) return `it is for ${other.built}, and this is ${other.here}`
    // The addon is code for ARMv7, too, and would end the process instead of telling.
    if (requires.cpu === 'armv7' && machine() === 'armv6l') return 'it is for ARMv7, and this processor is an ARMv6'
    const system = addon && foreignFormat(locate(addon, model))
    if (system !== undefined) return `it is for ${system}, and this is not`
    return addonOf(addon, model).misfit(requires.cpu, requires.accelerator === 'NNPA')
  },

  isThere,

  async readAhead(files) {
    for (const file of readBySystem(files)) await readAhead(file)
  },

  open(files, model, { requires, profileFile, mailboxLimit }) {
    const { name } = model
    for (const file of readBySystem(files)) expectContents(file, name)
    const opened = {
      library: files.library.path,
      constantsFolder: dirname((files.constants ?? files.library).path),
      requires,
      threads: nativeThreads(files.threads),
      ...(profileFile !== undefined && { profileFile }),
    }
    return new NativeSession(addonOf(files.addon, name), opened, model, mailboxLimit)
  },
}

/** @throws ModelLoadError */
function addonOf(addon: FileAddress | undefined, model: string): NativeAddon {
  if (addon === undefined) throw new ModelLoadError('LOAD_FORMAT', `${model}: it has no addon`)
  return loadAddon(locate(addon, model), model)
}

/** What the system's loader and the library read themselves, by path. */
function readBySystem({ library, constants }: LocatedFiles): readonly KnownFile[] {
  return constants === undefined ? [library] : [library, constants]
}

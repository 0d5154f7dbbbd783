import { readFile } from 'node:fs/promises'
import { inlineFileText } from '../emit/inline-file.ts'
import type { ModuleOptions } from '../emit/module.ts'
import type { BuildResult } from '../pipeline/index.ts'
import { type EmittedFile, emittedFiles } from './files.ts'

/**
 * A model of native code whose files are in the JavaScript: the runtime writes them to disk when the model is loaded. The addon
 * is a module that all models import.
 */
export async function inlineModel(
  model: string,
  built: BuildResult,
): Promise<Pick<ModuleOptions, 'files' | 'imports' | 'isInside'>> {
  const { library, constants } = emittedFiles(model, built)
  const files = constants ? [library, constants] : [library]
  // A library finds its constants in its own folder, and the library of one network may have other constants.
  const folder = files.map(({ sha256 }) => sha256.slice(0, 16)).join('-')
  const text = async ({ name, sha256, source }: EmittedFile): Promise<string> =>
    `inlineFile(${inlineFileText({ path: `${folder}/${name}`, sha256 }, await readFile(source))})`
  return {
    isInside: true,
    imports: [{ clause: '{ addon }', from: built.addon!.module! }],
    files: {
      addon: 'inlineFile(addon)',
      library: await text(library),
      ...(constants && { constants: await text(constants) }),
    },
  }
}

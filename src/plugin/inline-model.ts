import { readFile } from 'node:fs/promises'
import { inlineFileText } from '../emit/inline-file.ts'
import type { ModuleOptions } from '../emit/module.ts'
import type { BuildResult } from '../pipeline/index.ts'
import { type EmittedFile, emittedFiles } from './files.ts'

/**
 * A model for Node whose files are in the JavaScript: the runtime writes them to disk when the model is loaded. The addon of native
 * code is a module that all models import.
 *
 * @param addon what it is called in the model's module
 */
export async function inlineModel(
  model: string,
  built: BuildResult,
  addon = 'addon',
): Promise<Pick<ModuleOptions, 'files' | 'imports' | 'isInside'>> {
  const { library, constants } = emittedFiles(model, built)
  const files = constants ? [library, constants] : [library]
  // A library finds its constants in its own folder, and the library of one network may have other constants.
  const folder = files.map(({ sha256 }) => sha256.slice(0, 16)).join('-')
  const text = async ({ name, sha256, source }: EmittedFile): Promise<string> =>
    `inlineFile(${inlineFileText({ path: `${folder}/${name}`, sha256 }, await readFile(source))})`
  const module = built.addon?.module
  return {
    isInside: true,
    imports:
      module === undefined ? [] : [{ clause: addon === 'addon' ? '{ addon }' : `{ addon as ${addon} }`, from: module }],
    files: {
      ...(module !== undefined && { addon: `inlineFile(${addon})` }),
      library: await text(library),
      ...(constants && { constants: await text(constants) }),
    },
  }
}

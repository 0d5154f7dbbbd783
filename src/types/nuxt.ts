import { join, relative, sep } from 'node:path'
import { layerFolder, modelsFile } from './layer.ts'

/** What of a configuration types have to do with, as Nuxt and Nitro write it. */
export interface WrittenConfig {
  compilerOptions?: { allowArbitraryExtensions?: boolean; rootDirs?: string[] }
  include?: string[]
}

/**
 * Adds to a configuration that a framework writes what lets TypeScript find the types of a project's models.
 *
 * @param folder that it is written to; absolute
 */
export function addTypes(config: WrittenConfig, root: string, folder: string): void {
  const text = (path: string): string => relative(folder, path).replaceAll(sep, '/') || '.'
  const layer = join(root, layerFolder)
  const { compilerOptions = {}, include = [] } = config
  const rootDirs = new Set([text(root), text(layer), ...(compilerOptions.rootDirs ?? [])])
  config.compilerOptions = { ...compilerOptions, allowArbitraryExtensions: true, rootDirs: [...rootDirs] }
  config.include = [...new Set([...include, text(join(layer, modelsFile))])]
}

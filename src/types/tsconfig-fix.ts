import { dirname, resolve } from 'node:path'
import { JsonEdit } from './json-edit.ts'
import { isBlank } from './jsonc.ts'
import { faultsOf, fromConfig, type LayerPlace, settings } from './tsconfig-check.ts'
import { excludes } from './tsconfig-include.ts'
import { resolveExtends, type TsConfig } from './tsconfig.ts'

/** What a project's configuration extends to find the generated types. */
export const baseConfig = 'unplugin-onnx-mlir/tsconfig'

/**
 * The text of a configuration that finds the generated types, with its comments and layout as they were.
 *
 * TypeScript replaces lists that a configuration inherits as a whole, and `include` of a base is inherited even by
 * `"files": []`. So ours is extended only where it replaces nothing; otherwise the configuration itself states what it has
 * of its bases, and what is ours beside it. What isn't in its `include` but in that of a base, which may be generated and
 * change, gets into the program by `files`, which adds to it.
 *
 * @param config what the file says with all that it extends
 * @throws SyntaxError for text that is neither an object nor blank
 */
export function fixedTsConfig(text: string, config: TsConfig, place: LayerPlace): string {
  const faults = faultsOf(config, place)
  if (faults === undefined) return text
  const edit = new JsonEdit(isBlank(text) ? emptyObject(text) : text)
  const { root } = edit
  const ownInclude = edit.get(root, 'include')
  const { entry, rootDirs } = settings(config, place)

  if (canExtend(config, place, ownInclude !== undefined)) {
    extendOurs(edit)
    if (ownInclude?.kind === 'array' && faults.leavesOutEntry) edit.append(ownInclude, [entry])
    return edit.toString()
  }

  const options = {
    ...(faults.hasNoArbitraryExtensions && { allowArbitraryExtensions: true }),
    ...(faults.missingRootDirs.length > 0 && { rootDirs }),
  }
  if (Object.keys(options).length > 0) stateOptions(edit, options)
  if (faults.leavesOutEntry) takeIn(edit, config, place, entry)
  return edit.toString()
}

/** What TypeScript takes a text for that has no more than comments. */
function emptyObject(text: string): string {
  return `${text}${/[^\s\uFEFF][^\n]*$/.test(text) ? '\n' : ''}{}\n`
}

function canExtend(config: TsConfig, { root, layer, entry }: LayerPlace, hasOwn: boolean): boolean {
  const { path, rootDirs, include, files } = config
  const isExcluded = excludes(config, entry)
  if (layer === undefined || dirname(path) !== root || rootDirs !== undefined || files !== undefined) return false
  return (include === undefined || hasOwn) && !isExcluded && resolveExtends(baseConfig, path) !== undefined
}

/** As the last of what is extended. */
function extendOurs(edit: JsonEdit): void {
  const extended = edit.get(edit.root, 'extends')
  if (extended === undefined) edit.addFirst(edit.root, 'extends', baseConfig)
  else if (extended.kind === 'array') edit.append(extended, [baseConfig])
  else if (extended.kind === 'leaf') edit.replace(extended, [extended.value, baseConfig])
}

function stateOptions(edit: JsonEdit, options: Readonly<Record<string, unknown>>): void {
  const own = edit.get(edit.root, 'compilerOptions')
  if (own?.kind !== 'object') return edit.addAll(edit.root, [['compilerOptions', options]])
  const added: [string, unknown][] = []
  for (const [name, value] of Object.entries(options)) {
    const stated = edit.get(own, name)
    if (stated === undefined) added.push([name, value])
    else edit.replace(stated, value)
  }
  edit.addAll(own, added)
}

/** Gets the file into the program without taking anything out of it. */
function takeIn(edit: JsonEdit, config: TsConfig, place: LayerPlace, entry: string): void {
  const { root } = edit
  const { include, files } = config
  const ownInclude = edit.get(root, 'include')
  const ownFiles = edit.get(root, 'files')
  if (ownInclude?.kind === 'array' && !excludes(config, place.entry)) edit.append(ownInclude, [entry])
  else if (ownFiles?.kind === 'array') edit.append(ownFiles, [entry])
  else if (include === undefined && files === undefined && !excludes(config, place.entry))
    edit.addAll(root, [['include', ['**/*', entry]]])
  else {
    edit.addAll(root, [
      ['files', [...(files ?? []).map((file) => fromConfig(config, resolve(file))), entry]],
      // With `files`, no `include` means none.
      ...(include === undefined && files === undefined ? [['include', ['**/*']] as const] : []),
    ])
  }
}

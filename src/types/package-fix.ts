import { JsonEdit } from './json-edit.ts'

const command = 'unplugin-onnx-mlir types'

/**
 * A package.json whose install script writes the types, so that a fresh clone is typed before its first build; it goes on
 * with what the script did before.
 *
 * `npm ci --omit=dev` runs the script, too: where this package is no dependency of production, its absence is no failure.
 *
 * @param isYarn2 Yarn from version 2 on runs `postinstall` of a project, and `prepare` not at all
 * @returns the text as it was, where a script of it runs the command already
 * @throws SyntaxError for text that isn't an object
 */
export function withTypesScript(text: string, isYarn2: boolean): string {
  const edit = new JsonEdit(text)
  const scripts = edit.get(edit.root, 'scripts')
  const name = isYarn2 ? 'postinstall' : 'prepare'
  if (scripts?.kind === 'object') {
    const runs = ({ value }: (typeof scripts.entries)[number]): boolean =>
      value.kind === 'leaf' && String(value.value).includes(command)
    if (scripts.entries.some(runs)) return text
  }
  const dependencies = edit.get(edit.root, 'dependencies')
  const isProduction = dependencies?.kind === 'object' && edit.get(dependencies, 'unplugin-onnx-mlir') !== undefined
  const ours = isProduction ? command : `(${command} || exit 0)`
  if (scripts?.kind !== 'object') edit.addAll(edit.root, [['scripts', { [name]: alone(ours) }]])
  else {
    const before = edit.get(scripts, name)
    if (before?.kind !== 'leaf') edit.addAll(scripts, [[name, alone(ours)]])
    else edit.replace(before, `${grouped(String(before.value))} && ${ours}`)
  }
  return edit.toString()
}

/** Both shells and `cmd` know parentheses; `&&` and `||` bind differently in them. */
function grouped(script: string): string {
  return /[|;&]/.test(script) ? `(${script})` : script
}

function alone(script: string): string {
  return script.replace(/^\((.*)\)$/, '$1')
}

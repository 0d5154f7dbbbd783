import MagicString from 'magic-string'

/** What a project's configuration extends to find the generated types. */
export const baseConfig = 'unplugin-onnx-mlir/tsconfig'

/**
 * A tsconfig's text that extends ours too, with its comments and layout as they were.
 *
 * @returns `undefined` where it extends ours already, or isn't an object
 */
export function extendTsConfig(text: string): string | undefined {
  const tokens = tokensOf(text)
  const [brace, first] = tokens
  if (brace?.text !== '{' || !first) return undefined
  const edited = new MagicString(text)
  const at = tokens.findIndex(
    ({ text: key, depth }, i) => depth === 1 && key === '"extends"' && tokens[i + 1]?.text === ':',
  )
  const value = tokens[at + 2]
  if (at < 0) {
    // As the first property, indented like the next one.
    const indent = /\n[ \t]*$/.exec(text.slice(brace.end, first.start))?.[0] ?? (first.text === '}' ? '\n  ' : ' ')
    const after = first.text === '}' ? '\n' : ','
    edited.appendRight(brace.end, `${indent}"extends": "${baseConfig}"${after}`)
  } else if (value?.text.startsWith('"')) {
    if (value.text === `"${baseConfig}"`) return undefined
    edited.overwrite(value.start, value.end, `[${value.text}, "${baseConfig}"]`)
  } else if (value?.text === '[') {
    const rest = tokens.slice(at + 3)
    const items = rest.slice(
      0,
      rest.findIndex((token) => token.text === ']'),
    )
    if (items.some((item) => item.text === `"${baseConfig}"`)) return undefined
    const last = items.findLast((item) => item.text.startsWith('"'))
    edited.appendRight(last?.end ?? value.end, `${last ? ', ' : ''}"${baseConfig}"`)
  } else return undefined
  return edited.toString()
}

interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
  /** How many braces and brackets it stands in. */
  readonly depth: number
}

/** Strings, punctuation and words of JSON with comments. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let depth = 0
  for (const match of text.matchAll(/\/\/.*|\/\*[^]*?\*\/|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"/\uFEFF]+/g)) {
    const [token] = match
    if (token.startsWith('/')) continue
    if (token === '}' || token === ']') depth--
    tokens.push({ text: token, start: match.index, end: match.index + token.length, depth })
    if (token === '{' || token === '[') depth++
  }
  return tokens
}

// Why not npm's jsonc-parser (Microsoft's, looked at as 3.3.1): what is needed beside a value is the place of each part, for
// json-edit.ts, whose head says why that isn't its `modify`. For the rest, some ninety lines, it would be 237 kB more in every
// project: it is UMD with an ESM build that Node can't load, takes a byte order mark, which TypeScript and Windows write, for an
// error, and tells errors as a code and an offset, of which lines and words would have to be made all the same.

/** JSON with comments and trailing commas, as in tsconfig.json, and where each part of it stands in the text. */
export type JsonNode = JsonObject | JsonArray | JsonLeaf

interface Place {
  readonly start: number
  readonly end: number
}

export interface JsonObject extends Place {
  readonly kind: 'object'
  readonly entries: readonly (Place & { readonly key: string; readonly value: JsonNode })[]
}

export interface JsonArray extends Place {
  readonly kind: 'array'
  readonly items: readonly JsonNode[]
}

interface JsonLeaf extends Place {
  readonly kind: 'leaf'
  readonly value: string | number | boolean | null
}

/** The value of JSON with comments and trailing commas. Throws a `SyntaxError` with line and column. */
export function parseJsonc(text: string): unknown {
  return valueOf(parseTree(text))
}

/** The same with places. */
export function parseTree(text: string): JsonNode {
  const tokens = [...tokensOf(text)]
  let at = 0
  const fail = (): never => {
    const { start } = tokens[at] ?? { start: text.length }
    const lines = text.slice(0, start).split('\n')
    throw new SyntaxError(
      `line ${lines.length}, column ${lines.at(-1)!.length + 1}: ${at < tokens.length ? `unexpected ${tokens[at]!.text}` : 'unexpected end'}`,
    )
  }
  const take = (expected: string): Place => {
    const token = tokens[at]
    if (token?.text !== expected) return fail()
    at++
    return token
  }
  const isNext = (expected: string): boolean => tokens[at]?.text === expected

  const listed = <T>(close: string, read: () => T): { items: T[]; end: number } => {
    at++
    const items: T[] = []
    while (!isNext(close)) {
      items.push(read())
      if (!isNext(close)) take(',')
    }
    return { items, end: take(close).end }
  }
  const read = (): JsonNode => {
    const token = tokens[at]
    if (token === undefined) return fail()
    const { start } = token
    if (token.text === '{') {
      const { items, end } = listed('}', () => {
        const key = read()
        if (key.kind !== 'leaf' || typeof key.value !== 'string') {
          at--
          return fail()
        }
        take(':')
        const value = read()
        return { key: key.value, value, start: key.start, end: value.end }
      })
      return { kind: 'object', entries: items, start, end }
    }
    if (token.text === '[') {
      const { items, end } = listed(']', read)
      return { kind: 'array', items, start, end }
    }
    try {
      const value = JSON.parse(token.text) as string | number | boolean | null
      at++
      return { kind: 'leaf', value, start, end: token.end }
    } catch {
      return fail()
    }
  }
  const node = read()
  if (at < tokens.length) fail()
  return node
}

/** Whether there is nothing but comments. */
export function isBlank(text: string): boolean {
  return tokensOf(text).next().done === true
}

export function valueOf(node: JsonNode): unknown {
  if (node.kind === 'leaf') return node.value
  if (node.kind === 'array') return node.items.map(valueOf)
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, valueOf(value)]))
}

interface Token extends Place {
  readonly text: string
}

function* tokensOf(text: string): Generator<Token> {
  for (const match of text.matchAll(
    /\/\/[^\r\n]*|\/\*[^]*?\*\/|"(?:[^"\\\r\n]|\\.)*"|[{}[\],:]|[^\s{}[\],:"\uFEFF]+|"/g,
  )) {
    const [token] = match
    if (/^\/[/*]/.test(token)) continue
    yield { text: token, start: match.index, end: match.index + token.length }
  }
}

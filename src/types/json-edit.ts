import MagicString from 'magic-string'
import { type JsonArray, type JsonNode, type JsonObject, parseTree } from './jsonc.ts'

// Why not `modify` of npm's jsonc-parser: of the cases in test/types/jsonc.test.ts it gives three of twelve as they are wanted. It
// lays out anew what stands around a change (`{ "a": 1 }` becomes three lines, tabs become spaces, `[1, 2]` a line each), puts
// what it adds before the comment of the line above, which then belongs to the wrong property, and of a key that is there twice
// changes the first, where TypeScript takes the last.

/** Changes JSON with comments and leaves all else as it stands. Each place may be changed once. */
export class JsonEdit {
  readonly #text: string
  readonly #edited: MagicString
  /** What is added behind the parts of an object or array. */
  readonly #added = new Map<JsonObject | JsonArray, readonly string[]>()
  readonly root: JsonObject

  /** Throws a `SyntaxError` for text that isn't an object. */
  constructor(text: string) {
    const root = parseTree(text)
    if (root.kind !== 'object') throw new SyntaxError('line 1, column 1: not an object')
    this.#text = text
    this.#edited = new MagicString(text)
    this.root = root
  }

  /** Of an object that has a key twice, the last counts. */
  get(object: JsonObject, key: string): JsonNode | undefined {
    return object.entries.findLast((entry) => entry.key === key)?.value
  }

  replace(node: JsonNode, value: unknown): void {
    this.#edited.overwrite(node.start, node.end, inline(value))
  }

  /** Adds properties behind those that are there. */
  addAll(object: JsonObject, entries: readonly (readonly [string, unknown])[]): void {
    this.#append(
      object,
      entries.map(([key, value]) => property(key, value)),
    )
  }

  /** Adds a property before those that are there. */
  addFirst(object: JsonObject, key: string, value: unknown): void {
    if (object.entries.length === 0) return this.addAll(object, [[key, value]])
    const inside = object.start + 1
    // Indented like the next one.
    const indent = /^\s*?(\r?\n[ \t]*)(?=\S)/.exec(this.#text.slice(inside))?.[1] ?? ' '
    this.#edited.appendRight(inside, `${indent}${property(key, value)},`)
  }

  append(array: JsonArray, values: readonly unknown[]): void {
    this.#append(array, values.map(inline))
  }

  toString(): string {
    const edited = this.#edited.clone()
    for (const [parent, texts] of this.#added) if (texts.length > 0) appendTo(edited, this.#text, parent, texts)
    return edited.toString()
  }

  #append(parent: JsonObject | JsonArray, texts: readonly string[]): void {
    this.#added.set(parent, [...(this.#added.get(parent) ?? []), ...texts])
  }
}

function appendTo(edited: MagicString, text: string, parent: JsonObject | JsonArray, texts: readonly string[]): void {
  const children = parent.kind === 'array' ? parent.items : parent.entries
  const last = children.at(-1)
  if (last === undefined) {
    const isOneLine = parent.kind === 'array'
    const isEmpty = !text.slice(parent.start, parent.end).includes('\n')
    const lines = isOneLine ? texts.join(', ') : texts.map((one) => `\n  ${one}`).join(',')
    edited.appendLeft(parent.start + 1, `${lines}${isOneLine || !isEmpty ? '' : '\n'}`)
    return
  }
  const indent = /(?:^|\n)([ \t]*)$/.exec(text.slice(0, last.start))?.[1]
  const rest = text.slice(last.end, parent.end - 1)
  const hasComma = withoutComments(rest).includes(',')
  if (!hasComma) edited.appendLeft(last.end, ',')
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const separator = indent === undefined ? ' ' : `${newline}${indent}`
  // Behind a comment on the last one's line.
  edited.appendLeft(last.end + rest.trimEnd().length, texts.map((one) => separator + one).join(','))
}

function property(key: string, value: unknown): string {
  return `${JSON.stringify(key)}: ${inline(value)}`
}

/** As people write short lists and objects in a configuration. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}: ${inline(field)}`)
  return `{ ${fields.join(', ')} }`
}

function withoutComments(text: string): string {
  return text.replace(/\/\/[^\r\n]*|\/\*[^]*?\*\//g, '')
}

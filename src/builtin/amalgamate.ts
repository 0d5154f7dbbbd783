import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * C with the headers of ours in the place of the directives that include them, so that it needs no folder to look in. A header with a guard
 * comes once, at its first mention; at each one where that is a choice of the preprocessor's, which may be left out.
 *
 * @param folders where they are looked for, in this order; what is in none of them stays as it is
 */
export async function amalgamate(text: string, folders: readonly string[]): Promise<string> {
  return (await new Amalgam(folders).expand(text, new Set(), 0)).join('\n')
}

class Amalgam {
  private readonly folders: readonly string[]
  private readonly texts = new Map<string, Promise<string | undefined>>()

  constructor(folders: readonly string[]) {
    this.folders = folders
  }

  /** `guards`: how many conditions are around all of the text, its guard. */
  async expand(text: string, seen: Set<string>, guards: number): Promise<string[]> {
    const lines: string[] = []
    let depth = 0
    for (const line of text.split('\n')) {
      if (/^\s*#\s*if/.test(line)) depth++
      if (/^\s*#\s*endif/.test(line)) depth--
      const name = /^\s*#\s*include\s*"([^"]+)"/.exec(line)?.[1]
      const included = name === undefined ? undefined : await this.read(name)
      if (included === undefined) lines.push(line)
      else if (!seen.has(name!))
        lines.push(...(await this.included(name!, included, depth > guards ? new Set(seen) : seen)))
    }
    return lines
  }

  private included(name: string, text: string, seen: Set<string>): Promise<string[]> {
    const isGuarded = /^(?:\s|\/\*[\s\S]*?\*\/)*#ifndef OM_\w+_H\n/.test(text)
    if (isGuarded) seen.add(name)
    return this.expand(text, seen, isGuarded ? 1 : 0)
  }

  /** The first of the folders that has it. */
  private read(name: string): Promise<string | undefined> {
    let text = this.texts.get(name)
    if (!text) {
      text = this.folders.reduce<Promise<string | undefined>>(
        async (found, folder) => (await found) ?? readFile(join(folder, name), 'utf8').catch(() => undefined),
        Promise.resolve(undefined),
      )
      this.texts.set(name, text)
    }
    return text
  }
}

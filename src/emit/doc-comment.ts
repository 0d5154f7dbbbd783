import { jsString } from './js.ts'

/** As much as a hover shows without scrolling for long; a model may hold megabytes. */
const MOST_LINES = 20
const MOST_CHARACTERS = 200

/**
 * A JSDoc comment of paragraphs whose texts come from a model and say what they like: they can't end the comment, open a
 * tag (`@deprecated` would strike the name through) or a directive of TypeScript, nor hide characters from a reader.
 * Empty paragraphs are left out.
 *
 * @param indent what the line of the comment itself begins with
 */
export function docComment(paragraphs: readonly string[], indent: string): string {
  const texts = paragraphs.map(linesOf).filter((lines) => lines.length > 0)
  const lines = texts.flatMap((text, index) => (index === 0 ? text : ['', ...text]))
  if (lines.length === 1) return `/** ${lines[0]} */`
  return `/**\n${lines.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}\n`).join('')}${indent} */`
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r\n?|\n/).map((line) => line.trim())
  const first = lines.findIndex((line) => line !== '')
  const last = lines.findLastIndex((line) => line !== '')
  if (first < 0) return []
  const kept = lines.slice(first, last + 1)
  return [...kept.slice(0, MOST_LINES), ...(kept.length > MOST_LINES ? ['…'] : [])].map(docLine)
}

function docLine(line: string): string {
  const short = line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1)}…` : line
  return (
    short
      // Invisible characters and halves of pairs become escapes; quotes and backslashes stay.
      .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => jsString(character).slice(1, -1))
      .replaceAll('*/', '*\\/')
      .replace(/(?<![\p{L}\p{N}])@/gu, '&#64;')
  )
}

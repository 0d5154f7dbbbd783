import { shorten } from '../runtime/shorten.ts'

/**
 * Text of a model or of another program for a terminal: one line without control characters and marks of direction,
 * which could rewrite the screen, and of at most `limit` characters.
 */
export function printable(text: string, limit = 200): string {
  const safe = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
  return shorten(safe, limit)
}

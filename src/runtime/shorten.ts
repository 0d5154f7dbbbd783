/** What a message says of one name: models have some of megabytes. */
const NAME_LENGTH = 120

/** A name or text for a message: of a long one its beginning and its end, by which people tell names apart. */
export function shorten(text: string, limit = NAME_LENGTH): string {
  if (text.length <= limit) return text
  const end = limit >> 2
  return `${text.slice(0, limit - end)}…${text.slice(-end)}`
}

/** A name in quotes, whatever it contains. */
export const quote = (name: string): string => JSON.stringify(shorten(name))

/** Longer than any name that people give, and than most paths. */
const WORD_LENGTH = 300
const MESSAGE_LENGTH = 5000

/**
 * A message without the length of the names in it, however they got there: long words are cut, and then the whole. In
 * time by its length, as names may have any.
 */
export function shortenNames(message: string): string {
  if (message.length <= WORD_LENGTH) return message
  const lines = message.split('\n').map((line) =>
    line
      .split(' ')
      .map((word) => shorten(word, WORD_LENGTH))
      .join(' '),
  )
  return shorten(lines.join('\n'), MESSAGE_LENGTH)
}

/** The first of many things, already as text: `"a", "b" and 98 more`. */
export function listed(texts: readonly string[], limit = 10): string {
  const more = texts.length - limit
  return more <= 0 ? texts.join(', ') : `${texts.slice(0, limit).join(', ')} and ${more} more`
}

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

/** The first of many things, already as text: `"a", "b" and 98 more`. */
export function listed(texts: readonly string[], limit = 10): string {
  const more = texts.length - limit
  return more <= 0 ? texts.join(', ') : `${texts.slice(0, limit).join(', ')} and ${more} more`
}

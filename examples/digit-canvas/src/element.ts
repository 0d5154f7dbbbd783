/** The page's element of an id, of a kind. Throws a `TypeError` where there is none. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string, kind?: new () => Kind): Kind {
  const found = document.getElementById(id)
  if (!(found instanceof (kind ?? HTMLElement)))
    throw new TypeError(`the page has no ${kind?.name ?? 'element'} #${id}`)
  return found as Kind
}

/**
 * A string as a JavaScript or TypeScript string literal.
 *
 * JSON is a subset of JavaScript since ES2019; beyond it, characters that a reader or a parser can mistake are escaped:
 * line separators, control and invisible format characters (bidirectional overrides among them), and `</script`, `<!--`
 * for code that ends up inside an HTML page.
 */
export function jsString(text: string): string {
  return JSON.stringify(text)
    .replace(/<(?=[/!])/g, '\\u003c')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => character.split('').map(unicodeEscape).join(''))
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * Plain data as a JavaScript expression. Like JSON, with two differences: bigints and non-finite numbers are kept,
 * and a key named `__proto__` stays a key (in an object literal it would set the prototype).
 * Throws a `TypeError` for what is not data.
 */
export function jsValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return jsString(value)
    case 'bigint':
      return `${value}n`
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? `[${value.map(jsValue).join(', ')}]` : jsObject(value)
    default:
      throw new TypeError(`A ${typeof value} can't be written into a module`)
  }
}

function jsObject(value: object): string {
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  if (fields.length === 0) return '{}'
  return `{ ${fields.map(([key, field]) => `${jsKey(key)}: ${jsValue(field)}`).join(', ')} }`
}

/** A name as the key of an object literal. */
function jsKey(key: string): string {
  if (key === '__proto__') return '["__proto__"]'
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : jsString(key)
}

import { UsageError } from '../errors/index.ts'
import { didYouMean } from './suggest.ts'

/** One `name=value` of a specifier's query. Values are written with `[A-Za-z0-9_,=-]` only; see `request.ts` for why. */
export interface Directive<Value> {
  readonly name: string
  /** For `--help`: how it is written, e.g. `O=0|1|2|3`, and one line on what it does. */
  readonly syntax: string
  readonly summary: string
  /** Values that client.d.ts has by their text, as it can't take any: all that there are, or the usual ones. */
  readonly listed: readonly string[]
  /** What the name alone means, `?name`. Without it, a name needs a value. */
  readonly bare?: Value
  /** What counts where neither specifier nor options say anything. */
  readonly fallback: Value
  /** @throws UsageError `USAGE_DIRECTIVE` or a more specific code */
  parse(text: string): Value
  /** Canonical text, which `parse` reads back to an equal value; empty where there is nothing to write. */
  format(value: Value): string
  /** The value of a specifier over that of the options. Default: the specifier's. */
  merge?(options: Value, specifier: Value): Value
}

/** A directive whose value is one of a few words. */
export function choice<const Word extends string>(
  facts: Pick<Directive<Word>, 'name' | 'summary' | 'fallback'> & { readonly words: readonly Word[] },
): Directive<Word> {
  const { words, ...rest } = facts
  return {
    ...rest,
    syntax: `${rest.name}=${words.join('|')}`,
    listed: words,
    parse(text) {
      const word = words.find((candidate) => candidate === text)
      if (word === undefined) throw invalidValue(rest.name, text, `one of ${words.join(', ')}`, didYouMean(text, words))
      return word
    },
    format: (word) => word,
  }
}

/** A directive that is on or off. */
export function flag({
  words: [on, off],
  ...facts
}: Pick<Directive<boolean>, 'name' | 'syntax' | 'summary' | 'merge'> & {
  readonly words: readonly [on: string, off: string]
}): Directive<boolean> {
  return {
    ...facts,
    listed: [on, off],
    fallback: false,
    parse(text) {
      if (text !== on && text !== off) throw invalidValue(facts.name, text, `${on} or ${off}`)
      return text === on
    },
    // Options may come from a file that nobody type-checked: what is no boolean is left to `parse`, which refuses it.
    format: (value: unknown) => (value === false ? '' : value === true ? on : String(value)),
  }
}

export function invalidValue(name: string, given: string, expected: string, advice = ''): UsageError {
  return new UsageError('USAGE_DIRECTIVE', `${name}="${given}" must be ${expected}.${advice}`, {
    name,
    given,
    expected,
  })
}

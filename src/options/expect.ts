import { inspect } from 'node:util'
import { UsageError } from '../errors/index.ts'
import { didYouMean } from '../request/suggest.ts'
import { isObject, type OptionKinds } from './kinds.ts'

/**
 * Options may come from a configuration file that nobody has type-checked, where a name with a mistake would count for nothing.
 *
 * @param place that they were given in, for the message
 * @param others names that are known, too, whose values others look at
 * @throws UsageError `USAGE_OPTION` for what is no object, or has a name that isn't known or a value of another kind, all the way down
 */
export function expectFields(
  options: unknown,
  place: string,
  fields: OptionKinds,
  others: readonly string[] = [],
): asserts options is object {
  if (!isObject(options)) throw new UsageError('USAGE_OPTION', `${place} must be an object`, { given: options })
  expectWithin(options, { place, within: '', fields, others })
}

interface Fields {
  readonly place: string
  /** Names on the way to these, each with a dot behind it. */
  readonly within: string
  readonly fields: OptionKinds
  readonly others: readonly string[]
}

function expectWithin(options: object, { place, within, fields, others }: Fields): void {
  const known = [...new Set([...others, ...Object.keys(fields)])]
  for (const [name, value] of Object.entries(options)) {
    const path = within + name
    if (!known.includes(name)) {
      const message = `${place} has an unknown option "${path}".${didYouMean(name, known)} Known: ${known.join(', ')}.`
      throw new UsageError('USAGE_OPTION', message, { given: path, expected: known })
    }
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (kind === undefined || value === undefined) continue
    if (!kind.isRight(value)) throw wrongOption(place, path, value, kind.expected)
    if (kind.fields && isObject(value))
      expectWithin(value, { place, within: `${path}.`, fields: kind.fields, others: [] })
  }
}

export function wrongOption(place: string, option: string, given: unknown, expected: string): UsageError {
  const isUrl = given instanceof URL
  const shown = isUrl ? `the URL ${given.href}` : inspect(given, { depth: 0, breakLength: Infinity, compact: true })
  const advice = isUrl && given.protocol === 'file:' ? ' fileURLToPath() of node:url makes a path of it.' : ''
  const message = `${place} has the option "${option}", which must be ${expected}, not ${shown}.${advice}`
  return new UsageError('USAGE_OPTION', message, { option, given, expected })
}

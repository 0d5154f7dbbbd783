import { parseArgs } from 'node:util'
import { UsageError } from '../errors/index.ts'
import { decimal } from '../request/decimal.ts'
import { stemOf } from '../request/extensions.ts'
import { didYouMean } from '../request/suggest.ts'
import { type Command, type Invocation, type Options, started } from './command.ts'

/** Options that every command has. */
const common: Options = {
  json: { type: 'string', value: 'FILE', help: 'write the result as JSON; - for standard output' },
  help: { type: 'boolean', short: 'h', help: 'show this' },
}

export function optionsOf(command: Command): Options {
  return { ...command.options, ...common }
}

/** The part of an invocation that the command line says. */
export type Arguments = Pick<Invocation, 'positionals' | 'values' | 'flags' | 'all' | 'usage'>

/** @throws UsageError `USAGE_ARGUMENTS` */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const options = optionsOf(command)
  const usage = (problem: string): UsageError => {
    const sentence = /[.?]$/.test(problem) ? problem : `${problem}.`
    return new UsageError('USAGE_ARGUMENTS', `${command.name}: ${sentence} See: ${started(command)} --help`)
  }
  // Not strict: its own messages neither suggest the option that was meant nor stay the same from one Node to the next.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const positionals: string[] = []
  const texts = new Map<string, string[]>()
  const flags = new Set<string>()
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option = options[token.name]
    if (option === undefined || !Object.hasOwn(options, token.name)) throw usage(unknownOption(token.rawName, options))
    if (option.bare !== undefined) {
      texts.set(token.name, [token.value ?? option.bare])
    } else if (option.type === 'boolean') {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value`)
      flags.add(token.name)
    } else {
      if (token.value === undefined || token.value === '')
        throw usage(`${token.rawName} needs a value (${option.value})`)
      // `types --json --check` would write where it is asked to check.
      if (!token.inlineValue && /^--?[a-z]/i.test(token.value))
        throw usage(
          `${token.rawName} needs a value (${option.value}), and ${token.value} looks like an option; if it is the value, write --${token.name}=${token.value}`,
        )
      texts.set(token.name, [...(texts.get(token.name) ?? []), token.value])
    }
  }
  const all = (option: string): readonly string[] => texts.get(option) ?? []
  const values = Object.fromEntries(Object.keys(options).map((option) => [option, all(option).at(-1)]))
  if (!flags.has('help')) checkCount(command, positionals, usage)
  return { positionals, values, flags, all, usage }
}

function unknownOption(given: string, options: Options): string {
  const known = Object.keys(options).map((option) => `--${option}`)
  return `there is no option ${given}.${didYouMean(given, known)}`
}

function checkCount(
  { positionals: expected = { usage: '', min: 0, max: 0 } }: Command,
  given: readonly string[],
  usage: (problem: string) => UsageError,
): void {
  if (given.length < expected.min) throw usage(`${expected.usage} is missing`)
  const extra = given[expected.max]
  if (extra !== undefined) throw usage(`there is one argument too many: ${JSON.stringify(extra)}`)
}

/** The number that an option gives. */
export function numberOption(
  { values, usage }: Arguments,
  option: string,
  {
    otherwise,
    min = 0,
    integer = true,
  }: { readonly otherwise: number; readonly min?: number; readonly integer?: boolean },
): number {
  const text = values[option]
  if (text === undefined) return otherwise
  const number = decimal(text)
  if (number >= min && Number.isFinite(number) && (!integer || Number.isSafeInteger(number))) return number
  throw usage(
    `--${option} must be ${integer ? 'a whole number' : 'a number'} of at least ${min}, not ${JSON.stringify(text)}`,
  )
}

/** The items of `a,b, c`. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)
}

/** The models that `--only` names. @throws UsageError for one that there is not */
export function onlyOption(text: string, known: readonly string[], usage: Invocation['usage']): string[] {
  const only = listOf(text).map(stemOf)
  const unknown = only.find((name) => !known.includes(name))
  if (unknown === undefined) return only
  throw usage(
    `there is no model ${JSON.stringify(unknown)}.${didYouMean(unknown, known)} There are ${known.join(', ')}`,
  )
}

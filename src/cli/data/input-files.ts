import { didYouMean } from '../../request/suggest.ts'
import type { SignatureEntry } from '../../runtime/signature.ts'
import type { Invocation } from '../command.ts'

/** `--input` of commands that take inputs from files. */
export const inputFlag = {
  type: 'string',
  short: 'i',
  multiple: true,
  value: 'NAME=FILE',
  help: 'an input, from a .npy, .pb or .json file',
} as const

/** Files by input. Names and paths may hold equals signs: the longest name that the model has is meant. */
export function inputFiles(
  { all, usage }: Pick<Invocation, 'all' | 'usage'>,
  entries: readonly SignatureEntry[],
): Map<string, string> {
  const names = entries.map(({ name }) => name).toSorted((a, b) => b.length - a.length)
  const files = new Map<string, string>()
  for (const text of all('input')) {
    if (!text.includes('=')) throw usage(`--input must be like NAME=FILE, not ${JSON.stringify(text)}`)
    const name = names.find((candidate) => text.startsWith(`${candidate}=`))
    if (name === undefined) {
      const given = text.slice(0, text.indexOf('='))
      throw usage(
        `the model has no input ${JSON.stringify(given)}; it has ${names.join(', ')}.${didYouMean(given, names)}`,
      )
    }
    if (files.has(name)) throw usage(`input ${JSON.stringify(name)} is given twice`)
    files.set(name, text.slice(name.length + 1))
  }
  return files
}

import { type Directive, invalidValue } from './directive.ts'

export type OptimizeLevel = 0 | 1 | 2 | 3

const levels: readonly OptimizeLevel[] = [0, 1, 2, 3]

/** Named as on a compiler's command line. */
export const O: Directive<OptimizeLevel> = {
  name: 'O',
  syntax: 'O=0|1|2|3',
  summary: 'optimisation level: 3 for the fastest model, 0 for the fastest build',
  listed: levels.map(String),
  fallback: 3,
  parse(text) {
    const level = levels.find((candidate) => String(candidate) === text)
    if (level === undefined) throw invalidValue('O', text, '0, 1, 2 or 3')
    return level
  },
  format: String,
}

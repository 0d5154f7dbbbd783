import { type Directive, invalidValue } from './directive.ts'

/** Seconds that tuning may take where nobody says how many: about ten variants of a model that compiles in a few seconds. */
const USUAL = 60
/** An hour. */
const MOST = 3600

/** Seconds that tuning may take, or `false`; of options also `true`, for the usual number. See src/compilers/tune. */
export const tune: Directive<number | boolean> = {
  name: 'tune',
  syntax: 'tune=SECONDS',
  summary: `builds variants, times them on this machine for so long (\`?tune\` alone: ${USUAL} s), and keeps the fastest; off: not`,
  listed: ['off', '10', '30', String(USUAL), '120', '300', '600'],
  bare: USUAL,
  fallback: false,
  parse(text) {
    if (text === 'off') return false
    const seconds = Number(text)
    if (/^\d{1,4}$/.test(text) && seconds >= 1 && seconds <= MOST) return seconds
    throw invalidValue('tune', text, `a whole number of seconds from 1 to ${MOST}, or off`)
  },
  // Options may come from a file that nobody type-checked: what is neither is left to `parse`, which refuses it.
  format: (value: unknown) => (value === false ? 'off' : String(value === true ? USUAL : value)),
}

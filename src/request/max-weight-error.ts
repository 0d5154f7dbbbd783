import { decimal } from './decimal.ts'
import { type Directive, invalidValue } from './directive.ts'

/**
 * The largest difference that `weights` may make to an output, as a share of the largest value of that output; a build of
 * a larger one fails. Written as 5e-2 in specifiers, whose grammar has no dot.
 */
export const maxWeightError: Directive<number> = {
  name: 'maxWeightError',
  syntax: 'maxWeightError=5e-2',
  summary: 'fails the build where weights=f16 or int8 changes an output by more than this share',
  listed: [1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((digit) => `${digit}e-${power}`)),
  fallback: Infinity,
  parse(text) {
    const share = decimal(text)
    if (!(share >= 0 && share < Infinity))
      throw invalidValue('maxWeightError', text, 'a share of at least 0, like 5e-2 for 5 %')
    return share
  },
  // Options may come from a file that nobody type-checked: what is no number is left to `parse`, which refuses it.
  format: (value: unknown) =>
    value === Infinity ? '' : typeof value === 'number' && value >= 0 ? withoutDot(value) : String(value),
}

/** `55e-3` */
function withoutDot(value: number): string {
  const [digits = '', exponent] = value.toExponential().split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  return `${whole}${fraction}e${Number(exponent) - fraction.length}`
}

import { type Directive, invalidValue } from './directive.ts'

/** More than engines start workers for, and than models of their size keep busy. */
const MOST = 64

/** Of one model, with the one that calls it. What is asked for is an upper bound, see `threadCount` of the runtime. */
export const threads: Directive<number | 'auto'> = {
  name: 'threads',
  syntax: 'threads=N|auto',
  summary: 'a run’s large products and convolutions have so many threads: in Node, and in isolated pages',
  listed: ['auto', ...Array.from({ length: MOST }, (_, i) => String(i + 1))],
  fallback: 1,
  parse(text) {
    if (text === 'auto') return text
    const count = Number(text)
    if (/^\d{1,2}$/.test(text) && count >= 1 && count <= MOST) return count
    throw invalidValue('threads', text, `auto, or a number from 1 to ${MOST}`)
  },
  format: (count) => (count === 1 ? '' : String(count)),
}

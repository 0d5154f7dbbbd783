import { type Directive, invalidValue } from './directive.ts'

/** More than engines start workers for, and than models of their size keep busy. */
const MOST = 64

/** Of one model, with the one that calls it. What is asked for is an upper bound, see `threadCount` of the runtime. */
export const threads: Directive<number | 'auto'> = {
  name: 'threads',
  syntax: 'threads=N|auto',
  summary: 'WebAssembly runs on so many threads where memory may be shared: in isolated pages, and in Node',
  fallback: 1,
  parse(text) {
    if (text === 'auto') return text
    const count = Number(text)
    if (/^\d{1,2}$/.test(text) && count >= 1 && count <= MOST) return count
    throw invalidValue('threads', text, `auto, or a number from 1 to ${MOST}`)
  },
  format: (count) => (count === 1 ? '' : String(count)),
}

import { type Directive, invalidValue } from './directive.ts'

/** More than engines start workers for, and than models of their size keep busy. */
const MOST = 64

/**
 * Of one model, with the one that calls it. What is asked for is an upper bound, see `threadCount` of the runtime. Where nothing
 * is: `auto` of native code, which is the same for any number, and one of WebAssembly, which is compiled once more for several.
 */
export const threads: Directive<number | 'auto' | undefined> = {
  name: 'threads',
  syntax: 'threads=N|auto',
  summary: 'threads of a run’s large products at most; usual: all it may have of native code, one of WebAssembly',
  listed: ['auto', ...Array.from({ length: MOST }, (_, i) => String(i + 1))],
  fallback: undefined,
  parse(text) {
    if (text === 'auto') return text
    const count = Number(text)
    if (/^\d{1,2}$/.test(text) && count >= 1 && count <= MOST) return count
    throw invalidValue('threads', text, `auto, or a number from 1 to ${MOST}`)
  },
  format: (count) => (count === undefined ? '' : String(count)),
}

/** Whether several are asked for: WebAssembly is compiled once more for these. */
export function asksForThreads({ threads: count = 1 }: { readonly threads: number | 'auto' | undefined }): boolean {
  return count !== 1
}

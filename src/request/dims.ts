import { UsageError } from '../errors/index.ts'
import { type Directive, invalidValue } from './directive.ts'

/**
 * Sizes given to symbolic dims, e.g. `{ batch: 1 }`: the model is compiled for exactly these. `x[1]` is axis 1 of input x
 * where that has no name, `rank(x)` the number of axes of an input that states none.
 */
export type Dims = Readonly<Record<string, number>>

/** Whether a dim can be given this size: a rank may be 0. */
export function isSize(symbol: string, size: number): boolean {
  return Number.isSafeInteger(size) && size >= (symbol.startsWith('rank(') ? 0 : 1)
}

const expected =
  'pairs like batch_1,seq_128, each a symbolic dim of the model (x[1] for axis 1 of input x where that has no name) and a size of at least 1; or rank(x)_N for an input without a rank'

export const dims: Directive<Dims> = {
  name: 'dims',
  syntax: 'dims=batch_1,seq_128',
  summary: 'fixes symbolic dims of the model to sizes',
  // What exporters call the dimension that most models leave open, and what docs/directives.md has for examples.
  listed: [
    ...['batch', 'batch_size', 'N'].flatMap((name) => [1, 2, 4, 8, 16, 32, 64].map((size) => `${name}_${size}`)),
    'batch_1,seq_128',
    'x=5b=1=5d=_512',
  ],
  fallback: {},
  parse(text) {
    const sizes = new Map<string, number>()
    for (const pair of text.split(',')) {
      const [, escaped = '', digits = ''] = /^(.+)_(\d+)$/.exec(pair) ?? []
      const size = Number(digits)
      const symbol = unescape(escaped)
      if (digits === '' || !isSize(symbol, size)) throw invalidValue('dims', text, expected)
      if (sizes.has(symbol)) throw new UsageError('USAGE_DUPLICATE', `dims names "${symbol}" twice.`, { symbol })
      sizes.set(symbol, size)
    }
    return Object.fromEntries(sizes)
  },
  format: (sizes) =>
    Object.entries(sizes)
      .map(([symbol, size]) => `${escape(symbol)}_${size}`)
      .sort()
      .join(','),
  merge: (options, specifier) => ({ ...options, ...specifier }),
}

/** ONNX lets a dim be called anything: what a specifier can't carry is written as its code point, `=2e=` for a dot. */
function escape(symbol: string): string {
  return symbol.replace(/[^A-Za-z0-9_-]/gu, (character) => `=${character.codePointAt(0)?.toString(16)}=`)
}

function unescape(text: string): string {
  return text.replace(/=([0-9a-f]{1,6})=/g, (_, hex: string) => {
    const codePoint = Number.parseInt(hex, 16)
    if (codePoint > 0x10ffff) throw invalidValue('dims', text, expected)
    return String.fromCodePoint(codePoint)
  })
}

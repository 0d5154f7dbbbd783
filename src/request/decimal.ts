/** The number of a text like `12`, `0.9` or `1e-3`; NaN for any other, so also for `0x1`, which JavaScript takes. */
export function decimal(text: string): number {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN
}

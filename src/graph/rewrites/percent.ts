/** `0.00123` → `0.12 %`: two significant digits. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

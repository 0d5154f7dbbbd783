/** Colours only where a person reads them: https://no-color.org, and terminals that can't. */
const isColored = process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'

/** SGR codes of ECMA-48 that switch a style on and off. */
const styled =
  (on: number, off: number) =>
  (text: string): string =>
    isColored ? `\u001b[${on}m${text}\u001b[${off}m` : text

export const bold = styled(1, 22)
export const dim = styled(2, 22)
export const red = styled(31, 39)
export const green = styled(32, 39)
export const yellow = styled(33, 39)

/** Columns of text, each as wide as its widest cell; columns of numbers, but for their heading, stand right. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, column) => {
    const cells = rows.map((row) => row[column] ?? '')
    return { width: Math.max(...cells.map(width)), isNumeric: rows.length > 1 && cells.slice(1).every(isNumber) }
  })
  return rows
    .map((row) =>
      row
        .map((cell, i) => aligned(cell, columns[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function aligned(cell: string, column: { readonly width: number; readonly isNumeric: boolean }): string {
  const padding = ' '.repeat(column.width - width(cell))
  return column.isNumeric ? padding + cell : cell + padding
}

function isNumber(cell: string): boolean {
  return /^(?:$|-$|[-+]?\d)/.test(plain(cell))
}

function width(text: string): number {
  return [...plain(text)].length
}

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- ESC begins the codes above
  return text.replace(/\u001b\[\d+m/g, '')
}

/** `1536` → `1.5 kB`; powers of 1024. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  return `${rounded(bytes / 1024 ** power)} ${units[power]}`
}

/** `8200000000` → `8.2 G`. */
export function countText(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T', ' P']
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3))
  return `${rounded(count / 1000 ** power)}${units[power]}`
}

/** Microseconds in the unit that reads best. */
export function durationText(us: number): string {
  if (us < 1) return `${rounded(us * 1000)} ns`
  if (us < 1000) return `${rounded(us)} µs`
  return us < 1e6 ? `${rounded(us / 1000)} ms` : `${rounded(us / 1e6)} s`
}

/** Three digits, or all of a larger number's. */
function rounded(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

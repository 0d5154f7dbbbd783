import { styleText } from 'node:util'

const colours = process.stdout.isTTY && !process.env.NO_COLOR

/** @param {Parameters<typeof styleText>[0]} format @param {string} text */
function paint(format, text) {
  return colours ? styleText(format, text) : text
}

let steps = 0

/** Announces what happens next. @param {string} text */
export function step(text) {
  console.log(`\n${paint('bold', `${++steps}. ${text}`)}`)
}

/** @param {string} text */
export function failure(text) {
  console.error(`\n${paint('red', 'failed:')} ${text}`)
}

/** Rows of cells under a line of heads; numbers, which is what columns with a head have after the first, are aligned to the right. @param {readonly (readonly string[])[]} rows */
export function table([heads = [], ...rows]) {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column].length)))
  /** @param {readonly string[]} row */
  const line = (row) => {
    const cells = row.map((cell, column) =>
      column && heads[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    )
    return `   ${cells.join('  ')}`.trimEnd()
  }
  console.log(paint('dim', line(heads)))
  for (const row of rows) console.log(line(row))
}

/** Names and their values, one per line. @param {Record<string, string>} entries */
export function facts(entries) {
  const width = Math.max(...Object.keys(entries).map((name) => name.length))
  for (const [name, value] of Object.entries(entries)) console.log(`   ${paint('dim', name.padEnd(width))}  ${value}`)
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(1)} %`
}

/** @param {number} ms */
export function duration(ms) {
  return ms < 1 ? `${(1000 * ms).toFixed(ms < 0.01 ? 1 : 0)} µs` : `${ms.toFixed(ms < 100 ? 2 : 0)} ms`
}

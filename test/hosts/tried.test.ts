import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tried } from './tried.ts'

const root = join(import.meta.dirname, '../..')
const rowsFile = join(root, '../shared/reference/hosts-tried.md')

const executed = Object.entries(tried).flatMap(([row, outcome]) => ('by' in outcome ? [{ row, by: outcome.by }] : []))
const left = Object.entries(tried).flatMap(([row, outcome]) => ('because' in outcome ? [{ row, ...outcome }] : []))

test.each(executed)('$row is executed', ({ by }) => {
  for (const [file, name] of by) {
    expect(existsSync(join(root, file)), file).toBe(true)
    expect(readFileSync(join(root, file), 'utf8'), file).toContain(name)
  }
})

test.each(left)('$row is not: $because', ({ because }) => {
  expect(because.length).toBeGreaterThan(20)
})

test.skipIf(!existsSync(rowsFile))('every row that strangers wrote is executed, or has its reason', () => {
  const rows = readFileSync(rowsFile, 'utf8')
    .split('\n')
    .filter((line) => /^\| (?!host |situation |tool |-)/.test(line))
    .map((line) => line.slice(2))
  expect(rows.length).toBeGreaterThan(70)
  const missing = rows.filter((row) => !Object.keys(tried).some((beginning) => row.startsWith(beginning)))
  expect(missing).toEqual([])
})

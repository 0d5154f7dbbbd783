import type { Reporter, TestCase, TestModule } from 'vitest/node'

// `npm run test:hosts`: host × situation, a cell for each test. Its tests are those of `npm test`.

const marks = { passed: '✓', failed: '✗', skipped: '·', pending: '?' } as const

interface Row {
  readonly host: string
  readonly tests: Map<string, TestCase>
}

/** Prints files whose suites are hosts with the same situations as tables, and others test by test. */
export default class MatrixReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of [...modules].toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1))) {
      const tests = [...module.children.allTests()]
      for (const test of tests) counts[test.result().state] += 1
      console.log(`\n${module.relativeModuleId}`)
      for (const error of module.errors()) console.log(`  ✗ ${error.message}`)
      const rows = rowsOf(tests)
      const table = rows.filter((row) => rows.some((other) => other !== row && sharesSituations(row, other)))
      if (table.length > 0) printTable(table)
      for (const row of rows.filter((one) => !table.includes(one)))
        for (const test of row.tests.values()) console.log(`  ${lineOf(test)}`)
    }
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped + counts.pending} skipped`)
  }
}

/** By host: what a suite is called, with those that it stands in. */
function rowsOf(tests: readonly TestCase[]): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const test of tests) {
    const host = test.parent.type === 'suite' ? test.parent.fullName : ''
    const row = rows.get(host) ?? { host, tests: new Map<string, TestCase>() }
    rows.set(host, row)
    row.tests.set(test.name, test)
  }
  return [...rows.values()]
}

function sharesSituations(row: Row, other: Row): boolean {
  return [...row.tests.keys()].some((name) => other.tests.has(name))
}

function printTable(rows: readonly Row[]): void {
  const situations = [...new Set(rows.flatMap((row) => [...row.tests.keys()]))]
  const width = Math.max(...rows.map(({ host }) => host.length))
  console.log(`  ${''.padEnd(width)} ${situations.map((_, i) => String(i + 1).padStart(3)).join('')}`)
  for (const { host, tests } of rows) {
    const cells = situations.map((name) => tests.get(name)?.result().state)
    console.log(`  ${host.padEnd(width)} ${cells.map((state) => (state ? marks[state] : ' ').padStart(3)).join('')}`)
  }
  for (const [i, name] of situations.entries()) console.log(`  ${String(i + 1).padStart(3)} ${name}`)
  for (const { tests } of rows)
    for (const test of tests.values()) if (test.result().state !== 'passed') console.log(`  ${lineOf(test)}`)
}

function lineOf(test: TestCase): string {
  return `${marks[test.result().state]} ${test.fullName}${reasonOf(test)}`
}

/** Of what failed, the first line of what was wrong; of what was skipped, what it says of that. */
function reasonOf(test: TestCase): string {
  const result = test.result()
  if (result.state === 'failed') return `: ${result.errors[0]?.message.split('\n', 1)[0] ?? ''}`
  return result.state === 'skipped' && result.note ? `: ${result.note}` : ''
}

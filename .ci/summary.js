// Adds up the results of vitest, of all runs of conformance and of the commands that count as one test each, names what
// should have passed, and ends with the counts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, testStatus] = process.argv.slice(2)
const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined)

const vitest = read(join(folder, 'vitest.json'))
const total = {
  passed: vitest?.numPassedTests ?? 0,
  failed: vitest ? vitest.numFailedTests : 1,
  skipped: (vitest?.numPendingTests ?? 0) + (vitest?.numTodoTests ?? 0),
}
// A file that can't even be loaded, or whose process dies, counts no test as failed.
if (vitest && (!vitest.success || testStatus !== '0') && total.failed === 0) {
  console.log('vitest failed, though no test did: see what it says above')
  for (const { name, assertionResults } of vitest.testResults)
    if (assertionResults.some(({ status }) => status === 'pending')) console.log(`${name} did not come to its end`)
  total.failed = 1
}

const known = new Map(Object.entries(read('test/conformance/known-failures.json')))
const [passing, failing] = [new Set(), new Set()]
for (const file of readdirSync(folder)) {
  const run = /^conformance-(.*)\.json$/.exec(file)?.[1]
  if (run === undefined) continue
  for (const [name, { status, reason }] of Object.entries(read(join(folder, file)).tests)) {
    if (status === 'pass') total.passed++
    else if (known.has(name)) total.skipped++
    else {
      total.failed++
      console.log(`conformance (${run}): ${name} should pass, but: ${reason}`)
    }
    if (known.has(name)) (status === 'pass' ? passing : failing).add(name)
  }
}
for (const name of passing)
  if (!failing.has(name)) console.log(`conformance: ${name} passes now: take it out of known-failures.json`)

const lines = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [])
const failures = lines(join(folder, 'failed.txt'))
for (const name of failures) console.log(`${name}: failed, see what it says above`)
total.failed += failures.length
total.passed += lines(join(folder, 'passed.txt')).length

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 ? 1 : 0

// Adds up the results of vitest and of the ONNX backend tests, names what should have passed, and ends with the counts.
import { existsSync, readFileSync } from 'node:fs'
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
  total.failed = 1
}

const conformance = read(join(folder, 'conformance.json'))
if (conformance) {
  const known = new Map(Object.entries(read('test/conformance/known-failures.json')))
  for (const [name, { status, reason }] of Object.entries(conformance.tests)) {
    if (status === 'pass') total.passed++
    else if (known.has(name)) total.skipped++
    else {
      total.failed++
      console.log(`conformance: ${name} should pass, but: ${reason}`)
    }
    if (status === 'pass' && known.has(name))
      console.log(`conformance: ${name} passes now: take it out of known-failures.json`)
  }
}

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 ? 1 : 0

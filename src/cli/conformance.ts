import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCache } from '../cache/index.ts'
import { runSuite } from '../conformance/suite.ts'
import { expectRunnable } from '../plugin/runnable.ts'
import { parseRequest } from '../request/index.ts'
import type { Command, Invocation } from './command.ts'
import { requestOptions } from './model-build.ts'
import { numberOption } from './parse.ts'

/** Of what earlier runs compiled, this much is kept. */
const keptBytes = 1 << 29

export const conformance: Command = {
  name: 'conformance',
  summary: 'Run an ONNX backend test folder and count what passes',
  options: {
    suite: { type: 'string', value: 'DIR', help: 'the test folder (required)' },
    filter: { type: 'string', value: 'RE', help: 'only tests whose names match this regular expression' },
    compiler: { type: 'string', short: 'c', value: 'C', help: 'builtin or onnx-mlir (default: builtin)' },
    target: { type: 'string', short: 't', value: 'T', help: 'target to compile for (default: host)' },
    jobs: { type: 'string', value: 'N', help: 'tests at once (default: one per core)' },
  },
  notes:
    'Prints what does not pass, and last how many passed, failed and were skipped. Failing tests are a result: the exit code is 0.',
  async run(invocation) {
    const { values, usage, print, progress, warn, signal } = invocation
    const { suite } = values
    if (!suite) throw usage('--suite DIR is required')
    const jobs = values['jobs'] === undefined ? undefined : numberOption(invocation, 'jobs', { otherwise: 1, min: 1 })
    // -O1: the speed of kernels is not at stake, and compiling takes a fraction of the time.
    const request = { compiler: 'builtin', O: 1, ...requestOptions(invocation) } as const
    expectRunnable(parseRequest('model.onnx', request).directives.target)
    const cache = join(tmpdir(), 'unplugin-onnx-mlir-conformance')
    const filter = filterOf(invocation)
    const results = await runSuite({
      suite,
      cache,
      request,
      signal,
      ...(filter && { filter }),
      ...(jobs && { jobs }),
      onResult: (name, { status, reason }, done, total) => {
        if (status !== 'pass') print(`${status} ${name}: ${reason?.split('\n')[0] ?? ''}`)
        progress(`${done}/${total}`)
      },
    })
    await openCache({ root: cache, warn }).store.prune(keptBytes)
    const counts = { pass: 0, fail: 0, skip: 0 }
    for (const { status } of results.values()) counts[status]++
    return {
      ok: true,
      text: `${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`,
      json: { tests: Object.fromEntries(results), ...counts },
    }
  },
}

function filterOf({ values, usage }: Invocation): RegExp | undefined {
  const text = values['filter']
  try {
    return text === undefined ? undefined : new RegExp(text)
  } catch (error) {
    throw usage(`--filter is no regular expression: ${(error as Error).message}`)
  }
}

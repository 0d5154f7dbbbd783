import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSuite } from '../conformance/suite.ts'
import type { Command } from './command.ts'

export const conformance: Command = {
  name: 'conformance',
  summary: 'Run an ONNX backend test folder and count what passes',
  options: {
    suite: { type: 'string', value: 'DIR', help: 'the test folder (required)' },
    filter: { type: 'string', value: 'RE', help: 'only tests whose names match' },
    target: { type: 'string', value: 'T', help: 'target to compile for (default: host)' },
    jobs: { type: 'string', value: 'N', help: 'tests at once (default: one per core)' },
    json: { type: 'string', value: 'FILE', help: 'write results as JSON' },
  },
  async run({ values, usage }) {
    if (!values.suite) throw usage('--suite DIR is required')
    const results = await runSuite({
      suite: values.suite,
      ...(values.filter && { filter: new RegExp(values.filter) }),
      ...(values.jobs && { jobs: Number(values.jobs) }),
      target: values.target ?? 'host',
      addonDir: join(tmpdir(), 'unplugin-onnx-mlir-conformance'),
      onResult: (name, { status, reason }, done, total) => {
        if (status !== 'pass') console.log(`${status} ${name}: ${reason?.split('\n')[0] ?? ''}`)
        if (process.stderr.isTTY) process.stderr.write(`\r${done}/${total} `)
      },
    })
    const counts = { pass: 0, fail: 0, skip: 0 }
    for (const { status } of results.values()) counts[status]++
    if (values.json)
      await writeFile(values.json, `${JSON.stringify({ tests: Object.fromEntries(results) }, null, 1)}\n`)
    console.log(`${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`)
    // A count is the result; failing tests are not a failure of the command.
    return 0
  },
}

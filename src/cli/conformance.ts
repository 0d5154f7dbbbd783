import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openCache } from '../cache/index.ts'
import type { Tolerances } from '../conformance/compare.ts'
import { isEmulated } from '../conformance/emulated.ts'
import { runSuite } from '../conformance/suite.ts'
import { runnableTarget } from '../plugin/runnable.ts'
import { parseRequest } from '../request/index.ts'
import { resolveTarget } from '../targets/index.ts'
import type { Command, Invocation } from './command.ts'
import { buildOptions, requestOptions } from './model-build.ts'
import { operatorsFlag, operatorsOption } from './operators.ts'
import { targetsFlag } from './targets.ts'
import { numberOption } from './parse.ts'
import { summaries } from './summaries.ts'

/** Of what earlier runs compiled, this much is kept. */
const keptBytes = 1 << 29

export const conformance: Command = {
  name: 'conformance',
  summary: summaries.conformance,
  options: {
    suite: { type: 'string', value: 'DIR', help: 'the test folder (required)' },
    filter: { type: 'string', value: 'RE', help: 'only tests whose names match this regular expression' },
    compiler: { type: 'string', short: 'c', value: 'C', help: 'builtin or onnx-mlir (default: builtin)' },
    target: {
      type: 'string',
      short: 't',
      value: 'T',
      help: 'target to compile for; other machines’ code is run by QEMU (default: host)',
    },
    O: buildOptions.O,
    rtol: { type: 'string', value: 'X', help: 'relative tolerance (default: 0.001)' },
    'atol-of-max': {
      type: 'string',
      value: 'X',
      help: 'absolute tolerance, as a share of the largest absolute value of each output (default: 1e-7, whatever its values)',
    },
    targets: targetsFlag,
    operators: operatorsFlag,
    sanitize: { type: 'boolean', help: 'compile and run with sanitizers; see below' },
    variants: {
      type: 'boolean',
      help: 'with target wasm: run the modules of engines with relaxed SIMD, not those of all engines',
    },
    jobs: { type: 'string', value: 'N', help: 'tests at once (default: one per core)' },
  },
  notes: `Prints what does not pass, and last how many passed, failed and were skipped. Failing tests are a result: the exit
code is 0. --json writes {"tests":{NAME:{"status":"pass|fail|skip","reason"}}}. CC selects the C compiler: gcc or clang.
The default tolerances are those of ONNX's own runner: a number passes within rtol of the expected one plus the absolute
tolerance; integers, bools and texts must be equal.

--sanitize makes a program of each model with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, at -O0
unless -O is given. Every input, output, constant and value between has memory of its own that ends where the value
does. What the sanitizers report is a failure, with their text as its reason.`,
  async run(invocation) {
    const { values, flags, usage, print, progress, warn, signal } = invocation
    const { suite } = values
    if (!suite) throw usage('--suite DIR is required')
    const jobs = values['jobs'] === undefined ? undefined : numberOption(invocation, 'jobs', { otherwise: 1, min: 1 })
    const request = { compiler: 'builtin', ...requestOptions(invocation) } as const
    const sanitize = flags.has('sanitize')
    if (sanitize && request.compiler !== 'builtin') throw usage('--sanitize is for the built-in compiler')
    const { target } = parseRequest('model.onnx', request).directives
    const byEmulator = request.compiler === 'builtin' && !sanitize && isEmulated(resolveTarget(target))
    if (!byEmulator) runnableTarget(target)
    const cache = join(tmpdir(), 'unplugin-onnx-mlir-conformance')
    const filter = filterOf(invocation)
    const operators = await operatorsOption(invocation)
    const results = await runSuite({
      suite,
      cache,
      request,
      tolerances: tolerances(invocation),
      sanitize,
      ...(values['targets'] !== undefined && { targets: resolve(values['targets']) }),
      variants: flags.has('variants'),
      ...(operators && { operators }),
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

function tolerances(invocation: Invocation): Tolerances {
  const { values } = invocation
  const number = (option: string): number => numberOption(invocation, option, { otherwise: 0, integer: false })
  return {
    ...(values['rtol'] !== undefined && { rtol: number('rtol') }),
    ...(values['atol-of-max'] !== undefined && { atolOfMax: number('atol-of-max') }),
  }
}

function filterOf({ values, usage }: Invocation): RegExp | undefined {
  const text = values['filter']
  try {
    return text === undefined ? undefined : new RegExp(text)
  } catch (error) {
    throw usage(`--filter is no regular expression: ${(error as Error).message}`)
  }
}

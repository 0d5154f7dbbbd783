import { mkdirSync } from 'node:fs'
import { describe, saveCase } from './save.js'
import { superviseBatches } from './supervisor.js'
import { Engine } from './worker.js'
import { kinds } from './kinds/index.js'
import { onnxruntime } from './onnxruntime.js'

/** What a case may be made of: names for `--only`. */
export const kindNames = Object.keys(kinds)

/**
 * Differential fuzz: random operators and small graphs, ours against onnxruntime.
 *
 * @param {{ root: string, seed: number, count: number, jobs: number, optimize: number, only?: readonly string[], graphs?: boolean, out: string }} options
 * @param {{ print: (line: string) => void, progress: (line: string) => void, signal: AbortSignal }} channels
 * @returns an outcome as commands of the CLI give it
 */
export async function fuzzOperators(options, { print, progress, signal }) {
  const { count, out, seed } = options
  onnxruntime(options.root)
  mkdirSync(out, { recursive: true })
  const operators = new Map()
  const reasons = new Map()
  const unexplained = []
  /** What onnxruntime refuses and we take. */
  const lenient = []
  const totals = { cases: 0, skipped: 0, explained: 0 }
  await superviseBatches({
    ...options,
    signal,
    onResult(result) {
      if (result.kind === 'lenient') return lenient.push({ op: result.ops.join(), what: result.what })
      totals.cases++
      for (const op of new Set(result.ops)) operators.set(op, (operators.get(op) ?? 0) + 1)
      if (result.kind === 'skipped') totals.skipped++
      else if (result.kind !== 'same' && result.why !== undefined) {
        totals.explained++
        reasons.set(result.why, (reasons.get(result.why) ?? 0) + 1)
      } else if (result.kind !== 'same') {
        unexplained.push(result)
        print(`case ${result.number}: ${result.kind}: ${result.what}\n  ${result.text ?? ''}`)
      }
      progress(`${totals.cases}/${count} cases, ${unexplained.length} differences`)
    },
  })
  for (const [why, times] of reasons) print(`${String(times).padStart(6)} explained: ${why}`)
  if (unexplained.length > 0) print(`\nModels with data are in ${out}; --ops --seed ${seed} --case N runs one alone.`)
  return {
    ok: unexplained.length === 0,
    text: `${totals.cases} cases, ${unexplained.length} unexplained differences, ${totals.explained} explained, ${lenient.length} lenient, ${totals.skipped} skipped`,
    json: {
      seed,
      ...totals,
      unexplained,
      lenient,
      explanations: Object.fromEntries(reasons),
      operators: Object.fromEntries(operators),
    },
  }
}

/** Runs one case in this process, and tells all of it. */
export async function runOneOperatorCase(options, number, { print }) {
  mkdirSync(options.out, { recursive: true })
  const engine = new Engine(options)
  const results = await engine.runBatch(number, number + 1, () => {})
  const result = results.find(({ kind }) => kind !== 'lenient')
  const made = result.made ?? (await engine.caseOf(number))
  if (made) print(`opset ${made.opset}: ${describe(made)}\nsaved in ${saveCase(made, options.out)}`)
  print(
    `${result.kind}: ${result.what ?? ''}${result.output ? ` (output ${result.output})` : ''}${result.why ? `\nexplained: ${result.why}` : ''}`,
  )
  const isDifference = !['same', 'skipped'].includes(result.kind) && result.why === undefined
  return {
    ok: !isDifference,
    text: `1 cases, ${isDifference ? 1 : 0} unexplained differences`,
    json: { seed: options.seed, case: number, kind: result.kind, what: result.what },
  }
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runStages } from './stages.js'
import { corpus } from './corpus.js'
import { Mutator } from './mutate.js'
import { superviseCases } from './supervisor.js'

/** Files that are kept per kind of failure. */
const KEPT = 3

/**
 * Front fuzz: mutants of models through everything between bytes and C.
 *
 * @param {{ root: string, seed: number, count: number, jobs: number, stage?: string, format?: string, out: string }} options
 * @param {{ print: (line: string) => void, progress: (line: string) => void, signal: AbortSignal }} channels
 * @returns an outcome as commands of the CLI give it
 */
export async function fuzzFront(options, { print, progress, signal }) {
  const { root, seed, count, format, out } = options
  const mutator = new Mutator(await corpus(root, format))
  /** By stage and cause. */
  const kinds = new Map()
  const totals = { cases: 0, crash: 0, hang: 0, raw: 0, refused: 0, slow: 0 }
  mkdirSync(out, { recursive: true })
  await superviseCases({
    ...options,
    signal,
    onCase(number, ends) {
      totals.cases++
      for (const kind of ['crash', 'hang', 'raw', 'refused', 'slow'])
        if (ends.some((end) => end.kind === kind)) totals[kind]++
      for (const { stage, kind, what } of ends) {
        if (kind === 'ok') continue
        const key = `${kind} ${stage}: ${what}`
        const known = kinds.get(key) ?? { kind, stage, what, count: 0, cases: [] }
        kinds.set(key, known)
        known.count++
        if (known.cases.length >= KEPT || kind === 'refused') continue
        known.cases.push(number)
        const { bytes, path } = mutator.mutant(seed, number)
        writeFileSync(join(out, `case-${number}.onnx`), bytes)
        if (known.cases.length === 1) print(`${key} (case ${number}, of ${path})`)
      }
      progress(
        `${totals.cases}/${count} cases, ${totals.crash} crashes, ${totals.hang} hangs, ${totals.raw} raw errors`,
      )
    },
  })
  const failures = [...kinds.values()].filter(({ kind }) => kind !== 'refused').sort((a, b) => b.count - a.count)
  if (failures.length > 0) {
    print(`\nBy kind, most frequent first (models in ${out}; --seed ${seed} --case N runs one alone):`)
    for (const { kind, stage, what, count: times, cases } of failures)
      print(`${String(times).padStart(7)}  ${kind} ${stage}: ${what}  [${cases.join(', ')}]`)
  }
  const { cases, crash, hang, raw, refused, slow } = totals
  return {
    ok: crash + hang + raw === 0,
    text: `${cases} cases, ${crash} crashes, ${hang} hangs, ${raw} raw errors`,
    json: { seed, cases, crashes: crash, hangs: hang, rawErrors: raw, refused, slow, kinds: [...kinds.values()] },
  }
}

/** Runs one case in this process, and tells all of it. */
export async function runOneCase({ root, seed, stage, format, out }, number, { print }) {
  const { bytes, path } = new Mutator(await corpus(root, format)).mutant(seed, number)
  const file = join(out, `case-${number}.onnx`)
  mkdirSync(out, { recursive: true })
  writeFileSync(file, bytes)
  print(`case ${number} of seed ${seed}: ${bytes.length} bytes, made of ${path}, saved as ${file}`)
  const ends = runStages(bytes, stage)
  for (const { stage: name, kind, what, error } of ends) {
    print(`${name}: ${kind} ${what}`)
    if (kind === 'refused') print(`  ${error.message.slice(0, 2000)}`)
    if (kind === 'raw')
      print(error instanceof Error ? `  ${error.stack}\n  ${error.cause?.stack ?? ''}` : String(error))
  }
  const raw = ends.filter(({ kind }) => kind === 'raw').length
  const facts = ends.map(({ stage: name, kind, what, error }) => ({ stage: name, kind, what, message: error?.message }))
  return {
    ok: raw === 0,
    text: `1 cases, 0 crashes, 0 hangs, ${raw > 0 ? 1 : 0} raw errors`,
    json: { seed, case: number, file, ends: facts },
  }
}

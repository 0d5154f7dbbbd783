import { OutputDifferences, type OutputDifference } from '../conformance/difference.ts'
import { readDataSet } from '../conformance/data-set.ts'
import { percent } from '../graph/rewrites/percent.ts'
import { modelFile } from '../request/request.ts'
import { printable } from '../errors/printable.ts'
import { canonicalQuery, type RequestOptions } from '../request/index.ts'
import type { Model } from '../runtime/model.ts'
import type { Invocation, Outcome } from './command.ts'
import { inputFiles } from './data/input-files.ts'
import { type Inputs, randomInputs, runArgument, runChecked } from './data/inputs.ts'
import { readValueFile } from './data/tensor-file.ts'
import { dimsOption, expectDims } from './dims.ts'
import { buildRunnable } from './model-build.ts'
import { numberOption } from './parse.ts'
import { readNamed } from './read-named.ts'
import { bytesText, green, red, table } from './style.ts'

/** Random inputs that builds are compared on where nobody says how many. */
const USUAL_RUNS = 8

/** One output of the small build, on one kind of inputs. */
interface Row extends OutputDifference {
  readonly inputs: string
}

/**
 * `verify --weights f16|int8`: the model with small weights and with those it has, side by side on the same inputs: random
 * ones, those of files, those of data sets.
 */
export async function verifyWeights(
  invocation: Invocation,
  id: string,
  directives: RequestOptions,
  sets: readonly string[],
): Promise<Outcome> {
  const { weights } = directives
  const most = numberOption(invocation, 'max-difference', { otherwise: Infinity, integer: false })
  const build = (own: RequestOptions): ReturnType<typeof buildRunnable> => {
    const query = canonicalQuery({ ...directives, ...own, maxWeightError: Infinity })
    return buildRunnable(invocation, `${modelFile(id)}?${query}`)
  }
  // Only the built-in has small weights; both come from it, so that nothing else differs.
  const [small, usual] = [await build({}), await build({ weights: 'f32', compiler: 'builtin' })]
  const rows: Row[] = []
  for (const { name, inputs } of await sampleInputs(invocation, id, small.model, sets)) {
    const differences = new OutputDifferences(small.model.outputs)
    for (const given of inputs) {
      invocation.signal.throwIfAborted()
      const argument = runArgument(given)
      differences.add(runChecked(small.model, argument), runChecked(usual.model, argument))
    }
    rows.push(...differences.all.map((difference) => ({ inputs: name, ...difference })))
  }
  const [bytes, usualBytes] = [small, usual].map(({ built: { artifact } }) => artifact.bytes) as [number, number]
  const bad = rows.filter(({ largest }) => largest > most).length
  return {
    ok: bad === 0,
    text: `${tableOf(rows)}\n${verdict(bad, rows, most)} (weights=${weights}: ${bytesText(usualBytes)} → ${bytesText(bytes)}, ${small.built.artifact.target})`,
    json: {
      ok: bad === 0,
      weights,
      target: small.built.artifact.target,
      bytes: { f32: usualBytes, small: bytes },
      maxDifference: most === Infinity ? null : most,
      differences: rows,
    },
  }
}

interface Sample {
  readonly name: string
  readonly inputs: readonly Inputs[]
}

async function sampleInputs(
  invocation: Invocation,
  id: string,
  { inputs: entries }: Model,
  sets: readonly string[],
): Promise<Sample[]> {
  const { progress, usage } = invocation
  const files = inputFiles(invocation, entries)
  const sizes = dimsOption(invocation)
  expectDims(sizes, entries, usage)
  const runs = numberOption(invocation, 'runs', { otherwise: USUAL_RUNS })
  const seed = numberOption(invocation, 'seed', { otherwise: 0 })
  const samples: Sample[] = []
  if (runs > 0) {
    progress(`comparing on ${runs} random inputs`)
    const inputs = Array.from({ length: runs }, (_, i) => randomInputs(entries, sizes, seed + i))
    samples.push({ name: `${runs} random, seed ${seed}`, inputs })
  }
  if (files.size > 0) {
    const given = new Map(randomInputs(entries, sizes, seed))
    for (const entry of entries) {
      const file = files.get(entry.name)
      if (file !== undefined) given.set(entry.name, await readValueFile(file, entry))
    }
    samples.push({ name: [...files.values()].join(', '), inputs: [given] })
  }
  const source = sets.length > 0 ? await readNamed(id, invocation) : undefined
  for (const set of source ? sets : []) samples.push({ name: set, inputs: [(await readDataSet(set, source!)).inputs] })
  if (samples.length === 0) throw usage('there is nothing to run: --runs is 0, and no --input and no --data is given')
  return samples
}

function verdict(bad: number, rows: readonly Row[], most: number): string {
  if (bad > 0) return red(`${bad} of ${rows.length} outputs differ by more than ${shareText(most)}`)
  const largest = Math.max(0, ...rows.map((row) => row.largest))
  return green(`the largest difference is ${shareText(largest)}`)
}

function tableOf(rows: readonly Row[]): string {
  return table([
    ['inputs', 'output', 'largest', 'mean', 'elements', ''],
    ...rows.map(({ inputs, output, largest, mean, elements, problem }) => [
      printable(inputs),
      printable(output),
      shareText(largest),
      shareText(mean),
      String(elements),
      problem === undefined ? '' : red(printable(problem)),
    ]),
  ])
}

function shareText(share: number): string {
  return Number.isFinite(share) ? percent(share) : '∞'
}

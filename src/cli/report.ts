import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { UsageError } from '../errors/index.ts'
import { nnpaReport, type NnpaReportOptions, readPlacement } from '../pipeline/nnpa-report.ts'
import type { Model } from '../onnx/model.ts'
import { decimal } from '../request/decimal.ts'
import { stemOf } from '../request/extensions.ts'
import { modelFile } from '../request/request.ts'
import { reportHtml } from '../report/html/page.ts'
import { isNnpaLevel, type NnpaLevel, nnpaLevels } from '../report/nnpa-level.ts'
import { placementOf } from '../report/placement.ts'
import { checkMinimum, type Report } from '../report/report.ts'
import { movesText, reportText } from '../report/text.ts'
import { type Move, movesBetween } from '../report/what-if.ts'
import type { Command, Invocation } from './command.ts'
import { dimsFlag, dimsOption, type Sizes } from './dims.ts'
import { expectSymbols } from './expect-symbols.ts'
import { modelArgument } from './model-build.ts'
import { operatorsFlag } from './operators.ts'
import { pythonFlag } from './reading.ts'
import { readNamed } from './read-named.ts'
import { writeText } from './output.ts'
import { red } from './style.ts'
import { type Change, parseWhatIf } from './what-if-option.ts'
import { summaries } from './summaries.ts'

export const report: Command = {
  name: 'report',
  summary: summaries.report,
  positionals: modelArgument,
  options: {
    target: { type: 'string', short: 't', value: 'T', help: 'z16 or z17 (default: z16)' },
    predicted: { type: 'boolean', help: 'by rules alone, even where an onnx-mlir is found' },
    dims: dimsFlag('sizes of symbolic dimensions'),
    operators: operatorsFlag,
    python: pythonFlag,
    html: { type: 'string', value: 'FILE', help: 'write a page that shows the graph' },
    placement: { type: 'string', value: 'FILE', help: 'where nodes should run (default: MODEL.placement.json)' },
    'save-placement': { type: 'string', value: 'FILE', help: 'write where nodes run, to edit' },
    dialect: { type: 'string', value: 'D', help: 'of --save-placement: config-file (default) or device-placement' },
    'what-if': { type: 'string', value: 'CHANGES', help: 'what would move, e.g. dims=batch:32,target=z17' },
    'min-nnpa': { type: 'string', value: 'SHARE', help: 'fail below this share of FLOPs on NNPA, e.g. 0.9' },
  },
  notes: `An onnx-mlir that is found (ONNX_MLIR_HOME, PATH, ONNX_MLIR_IMAGE) and has NNPA is asked; otherwise the report is predicted.
A placement names nodes with regular expressions over their whole names; the first that matches counts.
--min-nnpa: exit code 1 below the share, and where there is none: no FLOPs at all, or nodes on the CPU whose FLOPs are
unknown. 0 asks for nothing.`,
  async run(invocation) {
    const { values, usage } = invocation
    const path = modelFile(invocation.positionals[0] ?? '')
    const target = levelOf(values['target'] ?? 'z16', usage)
    const minimum = shareOf(values['min-nnpa'], usage)
    const dialect = dialectOf(values['dialect'], usage)
    const change = values['what-if'] === undefined ? undefined : parseWhatIf(values['what-if'], usage)
    checkOutputs(invocation, path)
    const dims = dimsOption(invocation)
    invocation.progress(`reading ${path}`)
    const model = await readNamed(invocation.positionals[0] ?? '', invocation)
    expectSymbols({ ...dims, ...change?.dims }, model, usage)
    const options = await reportOptions(invocation, path, dims)
    const result = await nnpaReport(model, target, options)
    const moves = change && (await movesAfter(change, result, model, options))

    if (values['html']) await writeText(values['html'], reportHtml(result))
    if (values['save-placement']) {
      await writeText(values['save-placement'], placementOf(result, model, dialect))
      warnOfNameless(model, invocation)
    }
    const problem = minimum === undefined ? undefined : checkMinimum(result, minimum)
    const text = [
      reportText(result),
      ...(moves ? [movesText(moves.moves, moves.report.target)] : []),
      ...(problem ? [red(problem.text)] : []),
    ]
    return {
      ok: problem === undefined,
      text: text.join('\n\n'),
      json: { ...result, ...(moves && { moves: moves.moves }) },
    }
  },
}

async function reportOptions(invocation: Invocation, path: string, dims: Sizes): Promise<NnpaReportOptions> {
  const { values, flags, signal, progress, warn } = invocation
  const sidecar = `${stemOf(path)}.placement.json`
  const file = values['placement'] ?? (existsSync(sidecar) ? sidecar : undefined)
  return {
    dims,
    predicted: flags.has('predicted'),
    ...(file !== undefined && { placement: await readPlacement(file) }),
    signal,
    onProgress: progress,
    onWarning: warn,
  }
}

async function movesAfter(
  change: Change,
  before: Report,
  model: Model,
  options: NnpaReportOptions,
): Promise<{ readonly report: Report; readonly moves: readonly Move[] }> {
  const placement = change.placement === undefined ? options.placement : await readPlacement(change.placement)
  const changed = { ...options, dims: { ...options.dims, ...change.dims }, ...(placement && { placement }) }
  const after = await nnpaReport(model, change.target ?? before.target, changed)
  return { report: after, moves: movesBetween(before, after) }
}

function levelOf(name: string, usage: (problem: string) => UsageError): NnpaLevel {
  if (isNnpaLevel(name)) return name
  throw usage(`only ${nnpaLevels.join(' and ')} have NNPA, not ${JSON.stringify(name)}`)
}

function shareOf(text: string | undefined, usage: (problem: string) => UsageError): number | undefined {
  if (text === undefined) return undefined
  const share = decimal(text)
  if (share >= 0 && share <= 1) return share
  throw usage(`--min-nnpa must be a share from 0 to 1, like 0.9, not ${JSON.stringify(text)}`)
}

/** A slip in the arguments must not cost the user the model, nor one output another. */
function checkOutputs({ values, usage }: Invocation, model: string): void {
  const taken = new Map([[resolve(model), 'the model']])
  for (const option of ['html', 'save-placement']) {
    const file = values[option]
    if (!file) continue
    const other = taken.get(resolve(file))
    if (other) throw usage(`--${option} ${file} would overwrite ${other}`)
    taken.set(resolve(file), `what --${option} writes`)
  }
}

function dialectOf(
  text: string | undefined,
  usage: (problem: string) => UsageError,
): 'config-file' | 'device-placement' {
  if (text === undefined || text === 'config-file') return 'config-file'
  if (text === 'device-placement') return text
  throw usage(`--dialect must be config-file or device-placement, not ${JSON.stringify(text)}`)
}

function warnOfNameless({ graph }: Model, { warn }: Invocation): void {
  const count = graph.nodes.filter(({ name }) => name === '').length
  const subject = count === 1 ? '1 node has no name' : `${count} nodes have no names`
  if (count > 0) warn(`${subject}, so no placement can tell them from others; they were left out.`)
}

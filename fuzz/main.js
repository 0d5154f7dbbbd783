// `npm run fuzz`: models that nobody wrote, through everything between bytes and C; with `--ops`, random operators against onnxruntime.
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { numberOption } from '../dist/cli/parse.js'
import { runCommand } from '../dist/cli/run-cli.js'
import { fuzzFront, runOneCase } from './front/run.js'
import { stageNames } from './front/stages.js'
import { fuzzOperators, kindNames, runOneOperatorCase } from './ops/run.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const command = {
  name: 'fuzz',
  summary:
    'Mutate models and take them through everything between bytes and C: nothing may crash, hang or throw what is not an error of ours',
  options: {
    count: { type: 'string', value: 'N', help: 'cases (default: 10000)' },
    seed: { type: 'string', value: 'S', help: 'repeats a run (default: a fresh one, which is printed)' },
    case: { type: 'string', value: 'N', help: 'run one case alone, and print how it ends' },
    stage: { type: 'string', value: 'NAME', help: `only one of ${stageNames.slice(1).join(', ')}` },
    format: { type: 'string', value: 'NAME', help: 'only models of this format: onnx, pt2, tflite or tfjs' },
    ops: {
      type: 'boolean',
      help: 'instead: random operators and small graphs, and their results against those of onnxruntime',
    },
    graphs: { type: 'boolean', help: 'with --ops: graphs of 2 to 12 nodes only, all sizes unknown' },
    only: { type: 'string', value: 'NAME,…', help: 'with --ops: only these operators' },
    optimize: { type: 'string', short: 'O', value: 'N', help: 'with --ops: level of the C compiler (default: 1)' },
    jobs: { type: 'string', value: 'N', help: 'processes at once (default: one per core)' },
    out: { type: 'string', value: 'DIR', help: 'where failing cases are saved (default: a temporary folder)' },
  },
  notes: `A case is a function of seed, number and the models there are: those of ../shared, where that is, and this repository's.
A hang is 30 s of processor time; more than 1.5 GiB of memory count as a crash. Exit code 1 where anything was found.
With --ops, a difference that is understood stands in fuzz/ops/explained.js and does not count. It needs onnxruntime-node:
npm ci --ignore-scripts --prefix bench. What differs is saved as an ONNX backend test.`,
  async run(invocation) {
    const { values, flags, usage } = invocation
    const stage = values['stage']
    if (stage !== undefined && !stageNames.slice(1).includes(stage))
      throw usage(`there is no stage ${JSON.stringify(stage)}`)
    const seed = numberOption(invocation, 'seed', { otherwise: Math.floor(Math.random() * 2 ** 31) })
    const format = values['format']
    if (format !== undefined && !['onnx', 'pt2', 'tflite', 'tfjs'].includes(format))
      throw usage(`there is no format ${JSON.stringify(format)}`)
    const options = {
      root,
      seed,
      stage,
      format,
      count: numberOption(invocation, 'count', { otherwise: 10_000, min: 1 }),
      jobs: numberOption(invocation, 'jobs', { otherwise: availableParallelism(), min: 1 }),
      out: resolve(values['out'] ?? join(tmpdir(), `unplugin-onnx-mlir-fuzz-${seed}`)),
    }
    const number = values['case'] === undefined ? undefined : numberOption(invocation, 'case', { otherwise: 0 })
    if (number === undefined) invocation.print(`seed ${seed}`)
    if (flags.has('ops')) {
      const optimize = numberOption(invocation, 'optimize', { otherwise: 1 })
      if (optimize > 3) throw usage('-O must be 0, 1, 2 or 3')
      const operators = { ...options, optimize, only: onlyOf(invocation), graphs: flags.has('graphs') }
      return number === undefined
        ? fuzzOperators(operators, invocation)
        : runOneOperatorCase(operators, number, invocation)
    }
    if (values['only'] !== undefined || values['optimize'] !== undefined || flags.has('graphs'))
      throw usage('--only, --graphs and -O are for --ops')
    return number === undefined ? fuzzFront(options, invocation) : runOneCase(options, number, invocation)
  },
}

function onlyOf({ values, usage }) {
  if (values['only'] === undefined) return undefined
  const names = values['only'].split(',').filter(Boolean)
  const unknown = names.find((name) => !kindNames.includes(name))
  if (names.length > 0 && unknown === undefined) return names
  throw usage(`there is no operator ${JSON.stringify(unknown ?? '')}. There are ${kindNames.join(', ')}`)
}

process.exitCode = await runCommand(command, process.argv.slice(2))

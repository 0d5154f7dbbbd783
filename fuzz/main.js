// `npm run fuzz`: models that nobody wrote, through everything between bytes and C; with `--ops`, random operators against onnxruntime.
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { numberOption } from '../dist/cli/parse.js'
import { runCommand } from '../dist/cli/run-cli.js'
import { fuzzFront, runOneCase } from './front/run.js'
import { stageNames } from './front/stages.js'

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
    jobs: { type: 'string', value: 'N', help: 'processes at once (default: one per core)' },
    out: { type: 'string', value: 'DIR', help: 'where failing cases are saved (default: a temporary folder)' },
  },
  notes: `A case is a function of seed, number and the models there are: those of ../shared, where that is, and this repository's.
A hang is 30 s of processor time; more than 1.5 GiB of memory count as a crash. Exit code 1 where anything was found.`,
  async run(invocation) {
    const { values, usage } = invocation
    const stage = values['stage']
    if (stage !== undefined && !stageNames.slice(1).includes(stage))
      throw usage(`there is no stage ${JSON.stringify(stage)}`)
    const seed = numberOption(invocation, 'seed', { otherwise: Math.floor(Math.random() * 2 ** 31) })
    const options = {
      root,
      seed,
      stage,
      count: numberOption(invocation, 'count', { otherwise: 10_000, min: 1 }),
      jobs: numberOption(invocation, 'jobs', { otherwise: availableParallelism(), min: 1 }),
      out: resolve(values['out'] ?? join(tmpdir(), `unplugin-onnx-mlir-fuzz-${seed}`)),
    }
    if (values['case'] !== undefined)
      return runOneCase(options, numberOption(invocation, 'case', { otherwise: 0 }), invocation)
    invocation.print(`seed ${seed}`)
    return fuzzFront(options, invocation)
  },
}

process.exitCode = await runCommand(command, process.argv.slice(2))

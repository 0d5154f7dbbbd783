// `npm run bench`: the command `bench` of the CLI with the other engines that are installed in this folder; `kernels` instead of a
// model: the C kernels alone.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createBench } from '../dist/cli/bench.js'
import { runCommand } from '../dist/cli/run-cli.js'
import { here, installEngines, sizes } from './engines.js'
import { benchKernels } from './kernels.js'
import { here as scripts, made, makeMissing } from './models/scripts.js'

const root = dirname(here)

/** Real models beside the repository where there are any, else those of the examples. */
function defaultModels() {
  const shared = join(root, '..', 'shared', 'models')
  const [folder, recursive] = existsSync(shared) ? [shared, false] : [join(root, 'examples'), true]
  return readdirSync(folder, { recursive })
    .filter((name) => name.endsWith('.onnx') && !name.includes('node_modules'))
    .sort()
    .map((name) => join(folder, name))
}

/** Whether these arguments ask for an engine that stands in this folder. */
function needsEngines(args) {
  if (args.includes('--help') || args.includes('-h')) return false
  const engines = /--engines[= ](\S*)/.exec(args.join(' '))
  return engines === null || engines[1].includes('onnxruntime')
}

/** bench/models holds scripts: what they make is made where it is missing, and measured in their place. */
async function withMadeModels(args) {
  const options = { models: { type: 'string' }, only: { type: 'string' } }
  const { values } = parseArgs({ args, options, strict: false })
  if (typeof values.models !== 'string' || resolve(values.models) !== scripts) return args
  await makeMissing(values.only?.split(','), (line) => console.error(line))
  return args.map((arg, i) => {
    if (args[i - 1] === '--models') return made
    return arg.startsWith('--models=') ? `--models=${made}` : arg
  })
}

async function benchModels(given) {
  const args = await withMadeModels(given)
  if (needsEngines(args)) installEngines()
  return runCommand(createBench({ packages: here, models: defaultModels(), sizes }), args)
}

const [first, ...others] = process.argv.slice(2)
process.exitCode = await (first === 'kernels' ? runCommand(benchKernels, others) : benchModels(process.argv.slice(2)))

// `npm run bench`: the command `bench` of the CLI with the other engines that are installed in this folder.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createBench } from '../dist/cli/bench.js'
import { runCommand } from '../dist/cli/run-cli.js'
import { here, installEngines, sizes } from './engines.js'

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

const args = process.argv.slice(2)
if (needsEngines(args)) installEngines()
process.exitCode = await runCommand(createBench({ packages: here, models: defaultModels(), sizes }), args)

// `npm run bench`: the command `bench` of the CLI with the other engines that are installed in this folder.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBench } from '../dist/cli/bench.js'
import { runCommand } from '../dist/cli/run-cli.js'

const here = dirname(fileURLToPath(import.meta.url))
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

/** Without install scripts: onnxruntime-node's would download what its package has already for the platforms we measure on. */
function installEngines() {
  const install = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', here]
  console.error(`Installing onnxruntime-node in ${here} (npm ${install.join(' ')})`)
  const npm = process.env.npm_execpath
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...install], { stdio: ['ignore', 2, 2] })
    : spawnSync('npm', install, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (status !== 0) console.error('It could not be installed; it is reported as not available.')
}

/** Whether these arguments ask for an engine that stands in this folder. */
function needsEngines(args) {
  if (args.includes('--help') || args.includes('-h')) return false
  const engines = /--engines[= ](\S*)/.exec(args.join(' '))
  return engines === null || engines[1].includes('onnxruntime')
}

const args = process.argv.slice(2)
if (needsEngines(args) && !existsSync(join(here, 'node_modules', 'onnxruntime-node'))) installEngines()
const sizes = { 'silero-vad': { 'input[1]': 288 } }
process.exitCode = await runCommand(createBench({ packages: here, models: defaultModels(), sizes }), args)

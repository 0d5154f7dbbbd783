// onnxruntime is no dependency of the package: what compares with it is installed in this folder.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder whose `node_modules` has the engines. */
export const here = dirname(fileURLToPath(import.meta.url))

/** Without install scripts: onnxruntime-node's would download what its package has already for the platforms we measure on. */
export function installEngines() {
  const isThere = (name) => existsSync(join(here, 'node_modules', name))
  if (isThere('onnxruntime-node') && isThere('onnxruntime-web')) return
  const install = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', here]
  console.error(`Installing onnxruntime in ${here} (npm ${install.join(' ')})`)
  const npm = process.env.npm_execpath
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...install], { stdio: ['ignore', 2, 2] })
    : spawnSync('npm', install, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (status !== 0) console.error('It could not be installed; it is reported as not available.')
}

/** Sizes of dynamic dimensions, for models that can't run on 1. */
export const sizes = { 'silero-vad': { 'input[1]': 288 } }

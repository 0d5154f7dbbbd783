import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * A new project with the package installed as a registry would, this machine's addon included: without a compiler for it, builds
 * compile the addon themselves.
 *
 * @param {readonly string[]} packages of the repository that it has besides
 * @returns {string} its folder, which is the caller's to remove
 */
export function projectWithPackage(packages) {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-mlir-bench-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'unplugin-onnx-mlir')
  for (const name of ['dist', 'native', 'loaders', 'package.json'])
    cpSync(join(root, name), join(installed, name), { recursive: true })
  const platform = `${process.platform}-${process.arch}`
  const prebuild = ['scripts/prebuild.js', '--only', platform, '--out', join(installed, 'native/addon/prebuilds')]
  execFileSync(process.execPath, prebuild, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), ...packages]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n')
  return folder
}

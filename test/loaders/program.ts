import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { temporaryFolder, writeFiles } from '../hosts/app.ts'

// Programs that run in place, with the built package, as users have it.

const repository = resolve('.')

/** A folder below `test/loaders/installed`; says how to get it where it is not there. */
export function installed(name: string): { readonly folder: string; readonly isThere: boolean } {
  const folder = resolve('test/loaders/installed', name)
  const isThere = existsSync(join(folder, 'node_modules'))
  const hint = `npm ci --ignore-scripts --prefix test/loaders/installed/${name}`
  if (!isThere) console.log(`skipped: what test/loaders/installed/${name} lists is not installed; run ${hint}`)
  return { folder, isThere }
}

export interface Program {
  readonly root: string
  /** Runs a command in the program's folder. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string | undefined>>): Promise<Ended>
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  /** Without Node's own warnings. */
  readonly stderr: string
}

/**
 * A program in a folder of its own, which finds this package, and others, as if they were installed.
 *
 * @param packages paths of packages by name
 * @param folder below a temporary one
 */
export async function program(
  files: Readonly<Record<string, string | Uint8Array>>,
  { packages = {}, folder = '.' }: { packages?: Readonly<Record<string, string>>; folder?: string } = {},
): Promise<Program> {
  const temporary = await temporaryFolder()
  const root = join(temporary, folder)
  await writeFiles(root, files)
  for (const [name, path] of Object.entries({ 'unplugin-onnx-mlir': repository, ...packages })) {
    const link = join(root, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(path, link)
  }
  // The cache of all tests: the same small models need not be compiled for each program.
  const cache = resolve('node_modules/.cache/unplugin-onnx-mlir')
  return {
    root,
    run: (command, args, env = {}) =>
      new Promise((done, failed) => {
        const unset = { NODE_ENV: undefined, VITEST: undefined, FORCE_COLOR: undefined }
        const variables = { ...process.env, ...unset, NO_COLOR: '1', ONNX_MLIR_CACHE_DIR: cache, ...env }
        execFile(
          command,
          args,
          { cwd: root, env: variables, maxBuffer: 64 << 20, timeout: 100_000 },
          (error, stdout, stderr) => {
            const code = error === null ? 0 : error.code
            if (typeof code !== 'number') return failed(error ?? new Error('no exit code'))
            done({ code, stdout, stderr: withoutWarnings(stderr) })
          },
        )
      }),
  }
}

function withoutWarnings(text: string): string {
  return text.replace(/^\(node:\d+\).*\n|^--import 'data:.*\n|^\(Use `node --trace.*\n/gm, '')
}

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { writeWorkers } from '../../scripts/worker.js'
import type { Result } from './cli.ts'

const repository = resolve(import.meta.dirname, '../..')

/** Where a program is started. */
export interface StartOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** The CLI as it is published, of the sources as they are now. */
export interface Program {
  run(args: readonly string[], options?: StartOptions): Promise<Result>
  /** For a program that doesn't end by itself. */
  start(args: readonly string[], options?: StartOptions): ChildProcess
  remove(): Promise<void>
}

export async function buildProgram(): Promise<Program> {
  const root = await mkdtemp(join(tmpdir(), 'onnx-mlir-program-'))
  for (const name of ['native', 'node_modules', 'package.json', 'loaders'])
    await symlink(join(repository, name), join(root, name))
  const dist = join(root, 'dist')
  // `npm test` has just compiled it, which takes 5 s of a processor.
  if (isBuilt()) await symlink(join(repository, 'dist'), dist)
  else await compile(dist)
  const main = join(dist, 'cli/main.js')

  const start: Program['start'] = (args, options) => spawn(process.execPath, [main, ...args], { ...options })
  return {
    start,
    async run(args, options) {
      const child = start(args, options)
      const [out, err] = [textOf(child.stdout), textOf(child.stderr)]
      const code = await exitOf(child)
      return { code, out: await out, err: await err }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

/** Whether the repository's own program is of its sources: folders are newer, too, where a file of theirs came or went. */
function isBuilt(): boolean {
  const main = join(repository, 'dist/cli/main.js')
  if (!existsSync(main)) return false
  const sources = readdirSync(join(repository, 'src'), { recursive: true, withFileTypes: true })
  const built = statSync(main).mtimeMs
  return sources.every((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs < built)
}

async function compile(dist: string): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  // What is type-checked elsewhere need not stop these tests: tsc writes its output all the same.
  await promisify(execFile)(process.execPath, [
    tsc,
    '-p',
    join(repository, 'tsconfig.build.json'),
    '--outDir',
    dist,
  ]).catch(() => {})
  await mkdir(join(dist, 'onnx'), { recursive: true })
  await cp(join(repository, 'src/onnx/generated'), join(dist, 'onnx/generated'), { recursive: true })
  await writeWorkers(join(dist, 'runtime'))
}

/** The exit code, or -1 where a signal ended it. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((done) => child.once('exit', (code) => done(code ?? -1)))
}

export async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

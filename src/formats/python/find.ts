import { closeSync, openSync, readSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rememberByStats } from '../../cache/file-memo.ts'
import { EnvironmentError } from '../../errors/index.ts'
import { runProcess } from '../../process/spawn.ts'
import { isProgram, which } from '../../toolchains/programs.ts'
import type { Package } from './options.ts'

/** The script that finds packages and converts. */
export const script = fileURLToPath(new URL('convert.py', import.meta.url))

/** A Python that has a package. */
export interface Python {
  readonly path: string
  /** Of Python, and of the package. */
  readonly python: string
  readonly version: string
}

export interface FindOptions {
  /** The one to take; others are not looked at. */
  readonly interpreter?: string | undefined
  /** What takes it, for the message. */
  readonly what: string
  /** The model's folder. */
  readonly from: string
  /** Folder of the cache, where answers are remembered. */
  readonly memoFolder?: string | undefined
  readonly env?: Readonly<NodeJS.ProcessEnv>
  readonly signal?: AbortSignal | undefined
}

interface Answer {
  readonly python: string
  readonly folders: readonly string[]
  readonly packages: Readonly<Record<Package, string | null>>
}

/** A place where a Python may be: what named it, and its path where there is one. */
interface Candidate {
  readonly by: string
  readonly path: string | undefined
}

const oldest: Readonly<Record<Package, string>> = { torch: '1.13', keras: '3.0', tf2onnx: '1.9' }

/** What is to be installed for a package: with what it writes ONNX by, and what it computes with. */
export const installs: Readonly<Record<Package, string>> = {
  torch: 'torch onnx',
  keras: 'keras tensorflow tf2onnx',
  tf2onnx: 'tensorflow tf2onnx',
}

/**
 * The first Python that has a package: that of `interpreter`, and no other; else `PYTHON`, `VIRTUAL_ENV`, `.venv` and `venv` from
 * the model's folder upwards, `CONDA_PREFIX`, `python3` and `python` on PATH, /usr/bin/python3.
 *
 * @throws EnvironmentError `ENVIRONMENT_NO_PYTHON`, with all that was tried and why each does not do
 */
export async function findPython(needs: Package, options: FindOptions): Promise<Python> {
  const { interpreter, env = process.env, signal } = options
  const candidates =
    interpreter === undefined
      ? placesOf(options.from, env)
      : [{ by: 'option python', path: which(interpreter, env) ?? resolve(interpreter) }]
  const tried: { readonly by: string; readonly path: string | undefined; readonly why: string }[] = []
  const seen = new Set<string>()
  for (const { by, path } of candidates) {
    if (path !== undefined && seen.has(path)) continue
    if (path !== undefined) seen.add(path)
    const found = path === undefined ? 'is not there' : await pythonAt(path, needs, options)
    signal?.throwIfAborted()
    if (typeof found !== 'string') return found
    tried.push({ by, path, why: found })
  }
  const lines = tried.map(({ by, path, why }) => `\n  ${path ?? by}${path ? ` (${by})` : ''} ${why}`)
  const advice = `Install it: python3 -m pip install ${installs[needs]}${needs === 'torch' ? ' (Debian, Ubuntu: apt-get install python3-torch python3-onnx)' : ''}; or say which Python has it by the option python, --python or PYTHON.`
  throw new EnvironmentError(
    'ENVIRONMENT_NO_PYTHON',
    `${options.what} takes Python with ${needs}, but none was found. Tried:${lines.join('')}\n${advice}`,
    { needs, tried },
  )
}

function placesOf(from: string, env: Readonly<NodeJS.ProcessEnv>): Candidate[] {
  const isWindows = process.platform === 'win32'
  const inEnvironment = (folder: string): string =>
    join(folder, ...(isWindows ? ['Scripts', 'python.exe'] : ['bin', 'python']))
  const { PYTHON, VIRTUAL_ENV, CONDA_PREFIX } = env
  return [
    ...(PYTHON ? [{ by: 'PYTHON', path: which(PYTHON, env) ?? resolve(PYTHON) }] : []),
    ...(VIRTUAL_ENV ? [{ by: 'VIRTUAL_ENV', path: inEnvironment(VIRTUAL_ENV) }] : []),
    ...upwards(from).flatMap((folder) =>
      ['.venv', 'venv'].flatMap((name) => {
        const path = inEnvironment(join(folder, name))
        return isProgram(path) ? [{ by: name, path }] : []
      }),
    ),
    ...(CONDA_PREFIX
      ? [{ by: 'CONDA_PREFIX', path: isWindows ? join(CONDA_PREFIX, 'python.exe') : inEnvironment(CONDA_PREFIX) }]
      : []),
    ...['python3', 'python'].map((name) => ({ by: `${name} on PATH`, path: which(name, env) })),
    ...(isWindows ? [] : [{ by: 'the system’s', path: '/usr/bin/python3' }]),
  ]
}

function upwards(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...upwards(above)]
}

/** The Python at a path, or why it does not do. */
async function pythonAt(path: string, needs: Package, options: FindOptions): Promise<Python | string> {
  if (!isProgram(path)) return 'is not there'
  try {
    const { python, packages } = await answerOf(path, needs, options)
    const version = packages[needs]
    if (version === null) return `(Python ${python}) has no ${needs}`
    if (isOlder(version, oldest[needs]))
      return `has ${needs} ${version}, which is too old: it takes ${oldest[needs]} or newer`
    return { path, python, version }
  } catch (error) {
    options.signal?.throwIfAborted()
    return `does not answer: ${error instanceof Error ? error.message : String(error)}`
  }
}

function isOlder(version: string, than: string): boolean {
  const [major = NaN, minor = NaN] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = than.split('.').map(Number)
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}

/**
 * What a Python says of its packages, remembered where it has the one that is asked for: until the program, the settings of its
 * virtual environment or a folder of packages changes. What a script starts (a shim of pyenv) nothing tells.
 */
async function answerOf(path: string, needs: Package, options: FindOptions): Promise<Answer> {
  const { memoFolder, env = process.env } = options
  let asked: Promise<Answer> | undefined
  const ask = (): Promise<Answer> => (asked ??= probe(path, options))
  if (isScript(realpathSync(path))) return ask()
  const itself = [path, join(dirname(path), '..', 'pyvenv.cfg')]
  const about = JSON.stringify([needs, env['PYTHONPATH'] ?? '', env['PYTHONHOME'] ?? ''])
  const textIfThere = async (part: (answer: Answer) => unknown): Promise<string | undefined> => {
    const answer = await ask()
    return answer.packages[needs] === null ? undefined : JSON.stringify(part(answer))
  }
  const folders = await rememberByStats(memoFolder, `python folders ${about}`, itself, () =>
    textIfThere((answer) => answer.folders),
  )
  if (folders === undefined) return ask()
  const files = [...itself, ...(JSON.parse(folders) as string[])]
  const text = await rememberByStats(memoFolder, `python packages ${about}`, files, () =>
    textIfThere((answer) => answer),
  )
  return text === undefined ? ask() : (JSON.parse(text) as Answer)
}

function isScript(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const begin = Buffer.alloc(2)
    readSync(file, begin, 0, 2, 0)
    return begin.toString('latin1') === '#!'
  } finally {
    closeSync(file)
  }
}

async function probe(path: string, { from, env = process.env, signal }: FindOptions): Promise<Answer> {
  const result = await runProcess(path, [script, 'probe'], {
    cwd: from,
    env: environmentOf(env),
    timeoutMs: 30_000,
    maxOutputBytes: 1 << 20,
    ...(signal && { signal }),
  })
  const lines = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '')
  if (result.stopped === 'timeout') throw new Error('it takes longer than 30 s')
  if (result.exitCode !== 0)
    throw new Error(lines(result.stderr).at(-1) ?? `it ends with ${result.exitSignal ?? result.exitCode}`)
  const answer: unknown = JSON.parse(lines(result.stdout).at(-1) ?? '')
  if (typeof answer !== 'object' || answer === null || !('packages' in answer)) throw new Error('it is no Python')
  return answer as Answer
}

/** What Python is run with: texts are UTF-8, and nothing is written beside the user's files. */
export function environmentOf(env: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const defined = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return { ...Object.fromEntries(defined), PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' }
}

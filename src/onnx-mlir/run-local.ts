import { dirname, join, resolve } from 'node:path'
import { EnvironmentError } from '../errors/index.ts'
import { type SpawnResult, runProcess } from '../process/spawn.ts'
import { readElfIdentity } from './elf.ts'
import type { LocalInstallation } from './installation.ts'
import type { Limits, RunOptions } from './run-options.ts'

/** Runs the binary in the staging folder. */
export async function runLocally(
  { path }: LocalInstallation,
  args: readonly string[],
  { work, memoryBytes }: RunOptions,
  limits: Limits,
): Promise<SpawnResult> {
  await requireThisMachine(path)
  try {
    return await runProcess(path, args, { ...limits, cwd: work, env: cleanEnvironment(work, path), memoryBytes })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason =
      code === 'ENOENT'
        ? 'it is not there, or the loader that it asks for isn’t'
        : code === 'EACCES'
          ? 'it is not executable (chmod +x)'
          : (cause as Error).message
    throw new EnvironmentError('ENVIRONMENT_ONNX_MLIR', `Can’t start ${path}: ${reason}.`, { path }, { cause })
  }
}

/** Variables that a program needs to start. All others could change what is compiled behind the cache's back: `ONNX_MLIR_FLAGS`, `IMPORTER_FORCE_DYNAMIC`, `OM_…`. */
const kept = [
  'PATH',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'ONNX_MLIR_LIBRARY_PATH',
  'SystemRoot',
  'ComSpec',
  'PATHEXT',
]

function cleanEnvironment(work: string, binary: string): Record<string, string> {
  const tmp = join(resolve(work), 'tmp')
  const env: Record<string, string> = { HOME: tmp, TMPDIR: tmp, TEMP: tmp, TMP: tmp, LC_ALL: 'C' }
  for (const name of kept) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  // The driver links with the C++ compiler it was built with, and looks for opt and llc beside itself.
  env['PATH'] = [dirname(resolve(binary)), env['PATH'] ?? '']
    .filter(Boolean)
    .join(process.platform === 'win32' ? ';' : ':')
  return env
}

/** What `readElfIdentity` calls the machine that each Node runs on. */
const machineOfNode: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x86-64',
  arm64: 'arm64',
  s390x: 's390x',
  ppc64: 'ppc64',
  ia32: 'x86',
}

/** Started for another machine, a binary fails as a shell script full of nonsense, which explains nothing. */
async function requireThisMachine(path: string): Promise<void> {
  const identity = await readElfIdentity(path).catch(() => undefined)
  const machine = machineOfNode[process.arch]
  if (identity === undefined || machine === undefined || identity.machine === machine) return
  throw new EnvironmentError(
    'ENVIRONMENT_WRONG_MACHINE',
    `${path} is built for ${identity.machine}, but this machine is ${machine}. Install an onnx-mlir for ${machine}, or use a container image (ONNX_MLIR_IMAGE).`,
    { path, machine: identity.machine, expected: machine },
  )
}

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EnvironmentError } from '../errors/index.ts'
import { type SpawnResult, runProcess } from '../process/spawn.ts'
import type { ContainerInstallation, Engine } from './installation.ts'
import type { Limits, RunOptions } from './run-options.ts'

/**
 * Runs the driver in a container that sees nothing but the staging folder and no network.
 * The container isn't a child of ours, so limits and aborts go through the engine.
 */
export async function runInContainer(
  installation: ContainerInstallation,
  args: readonly string[],
  options: RunOptions,
  limits: Limits,
): Promise<SpawnResult> {
  const { engine } = installation
  const cidFile = join(options.root, `container-${++runs}.id`)
  const engineArgs = containerArguments(installation, options.work, cidFile, options.memoryBytes)
  let removal: Promise<void> | undefined
  const result = await runProcess(engine.command, [...engineArgs, ...args], {
    ...limits,
    // Podman's monitor leaves a file `oom` where it was started when a container ran out of memory.
    cwd: options.root,
    onStop: () => {
      removal = removeContainer(engine, cidFile)
    },
  })
  // The staging folder is removed next: not while a container still writes to it.
  await removal
  if (result.stopped === undefined) throwIfEngineFailed(installation, result)
  // A process that the kernel ended for want of memory: the engine's way to enforce the limit.
  const outOfMemory = result.stopped === undefined && result.exitCode === 137 && options.memoryBytes !== undefined
  return outOfMemory ? { ...result, stopped: 'memory' } : result
}

let runs = 0

/** The engine's arguments up to those of the driver. Exported for its test. */
export function containerArguments(
  { engine, digest, platform, entryPoint, runFlags }: ContainerInstallation,
  work: string,
  cidFile: string,
  memoryBytes: number | undefined,
): readonly string[] {
  // `--volume` alone can relabel for SELinux, and it separates its parts by colons.
  if (process.platform !== 'win32' && work.includes(':')) {
    const message = `${work} can’t be given to a container: its path has a colon. Set TMPDIR to a folder without.`
    throw new EnvironmentError('ENVIRONMENT_STAGING', message, { folder: work })
  }
  const relabel = selinuxEnforcing() ? ':z' : ''
  return [
    'run',
    '--rm',
    '--network=none',
    // What isn't here is an error with advice, not a download.
    '--pull=never',
    `--platform=${platform}`,
    `--cidfile=${cidFile}`,
    ...userFlags(engine.kind, engine.rootless),
    ...(memoryBytes === undefined ? [] : [`--memory=${Math.round(memoryBytes)}`]),
    ...runFlags,
    `--volume=${work}:/stage${relabel}`,
    '--workdir=/stage',
    '--env=HOME=/stage/tmp',
    '--env=TMPDIR=/stage/tmp',
    ...(entryPoint ? [] : ['--entrypoint=onnx-mlir']),
    digest,
  ]
}

/** What the container writes must belong to us. Rootless podman maps our user to root inside unless told to keep it. */
function userFlags(kind: 'docker' | 'podman', rootless: boolean): readonly string[] {
  const uid = process.getuid?.()
  const gid = process.getgid?.()
  if (uid === undefined || gid === undefined) return []
  return kind === 'podman' && rootless ? ['--userns=keep-id'] : [`--user=${uid}:${gid}`]
}

function selinuxEnforcing(): boolean {
  try {
    return readFileSync('/sys/fs/selinux/enforce', 'utf8').trim() === '1'
  } catch {
    return false
  }
}

/** Ending the engine's client leaves the container running. Must also work while this process is exiting, hence no promise before `spawn`. */
function removeContainer({ kind, command }: Engine, cidFile: string): Promise<void> {
  if (!existsSync(cidFile)) return Promise.resolve()
  const id = readFileSync(cidFile, 'utf8').trim()
  // Podman would first wait ten seconds for it to end by itself.
  const args = ['rm', '--force', ...(kind === 'podman' ? ['--time=0'] : []), id]
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true, windowsHide: true })
    child.on('error', () => resolve())
    child.on('close', () => resolve())
  })
}

/** Engines exit with 125 for their own failures, 126 and 127 if the program inside can't be started. */
function throwIfEngineFailed({ engine, image }: ContainerInstallation, { exitCode, stderr }: SpawnResult): void {
  if (exitCode !== 125 && exitCode !== 126 && exitCode !== 127) return
  const detail = stderr.trim().split('\n').at(-1)?.slice(0, 400) ?? ''
  const reason = /exec format error/i.test(stderr)
    ? 'the image is for another machine, and this one has no emulation for it (install qemu-user-static)'
    : exitCode === 127 || /executable file .* not found/i.test(stderr)
      ? 'it holds no program onnx-mlir'
      : detail
  throw new EnvironmentError('ENVIRONMENT_CONTAINER', `${engine.command} can’t run ${image}: ${reason}.`, {
    image,
    exitCode,
    stderr,
  })
}

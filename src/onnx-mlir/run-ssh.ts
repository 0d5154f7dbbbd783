import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EnvironmentError, UsageError } from '../errors/index.ts'
import { type SpawnResult, runProcess } from '../process/spawn.ts'
import type { SshInstallation } from './installation.ts'
import type { Limits, RunOptions } from './run-options.ts'

/**
 * `ssh://[user@]host[:port][/path/to/onnx-mlir]`; without a path, `onnx-mlir` is looked for on the host's PATH.
 * @throws UsageError `USAGE_BUILDER`
 */
export function parseSshBuilder(builder: string): SshInstallation {
  // No part may begin with a dash (ssh would take it for an option) or hold anything that a shell reads.
  const match = /^ssh:\/\/((?:[\w.][\w.-]*@)?(?:[\w][\w.-]*|\[[0-9a-fA-F:]+\]))(?::(\d{1,5}))?(\/[\w./+-]+)?\/?$/.exec(
    builder,
  )
  if (!match?.[1]) {
    const message = `builder: ${JSON.stringify(builder)} is not understood; write ssh://host, ssh://user@host:2222 or ssh://host/usr/local/bin/onnx-mlir.`
    throw new UsageError('USAGE_BUILDER', message, { builder })
  }
  return {
    kind: 'ssh',
    host: match[1],
    port: match[2] === undefined ? undefined : Number(match[2]),
    path: match[3] ?? 'onnx-mlir',
  }
}

/**
 * Copies the staging folder to the host, runs the driver there, and copies back what it made.
 * Memory isn't watched there; time is.
 */
export async function runOverSsh(
  installation: SshInstallation,
  args: readonly string[],
  { work }: RunOptions,
  limits: Limits,
): Promise<SpawnResult> {
  const { host } = installation
  const inputs = await readdir(work)
  if (inputs.length === 0) return question(installation, args, limits)
  const made = await ssh(installation, 'mktemp -d "${TMPDIR:-/tmp}/onnx-mlir-XXXXXXXX"', limits)
  if (made.stopped !== undefined) return made
  const folder = made.stdout.trim()
  // It goes into commands that a remote shell reads.
  if (made.exitCode !== 0 || !/^\/[\w./-]+$/.test(folder)) throw unreachable(host, made)
  try {
    const sent = await scp(
      installation,
      inputs.map((name) => join(work, name)),
      `${host}:${folder}/`,
      limits,
    )
    if (sent.stopped !== undefined) return sent
    if (sent.exitCode !== 0) throw unreachable(host, sent)
    const result = await ssh(installation, remoteCommand(installation.path, args, folder, inputs), limits)
    if (result.exitCode === 255 && result.stopped === undefined) throw unreachable(host, result)
    if (result.exitCode !== 0) return result
    const fetched = await scp(installation, [`${host}:${folder}/*`], `${work}/`, limits)
    if (fetched.stopped !== undefined) return fetched
    // A driver that made nothing is the caller's to explain.
    const nothing = /no such file|no match|not found/i.test(fetched.stderr)
    if (fetched.exitCode !== 0 && !nothing) throw unreachable(host, fetched)
    return result
  } finally {
    await ssh(installation, `rm -rf ${quote(folder)}`, { timeoutMs: 30_000 })
  }
}

/** A run without files, e.g. `--help`. */
async function question(installation: SshInstallation, args: readonly string[], limits: Limits): Promise<SpawnResult> {
  const result = await ssh(installation, [installation.path, ...args].map(quote).join(' '), limits)
  if (result.exitCode === 255) throw unreachable(installation.host, result)
  return result
}

/**
 * The driver runs as leader of its own process group (where the host has `setsid`) beside a `cat` that waits for the
 * connection to close, so that it ends when we do. What was sent is removed after the run: only products travel back.
 */
function remoteCommand(path: string, args: readonly string[], folder: string, inputs: readonly string[]): string {
  const tmp = quote(`${folder}/tmp`)
  const compile = `env -u ONNX_MLIR_FLAGS -u IMPORTER_FORCE_DYNAMIC HOME=${tmp} TMPDIR=${tmp} LC_ALL=C ${[path, ...args].map(quote).join(' ')}`
  return [
    `cd ${quote(folder)} || exit 255`,
    `exec 3<&0`,
    `$(command -v setsid) ${compile} </dev/null 3<&- & compiler=$!`,
    `stop() { kill -"$1" -- -"$compiler" || kill -"$1" "$compiler"; }`,
    `{ cat <&3; stop TERM; sleep 2; stop KILL; } >/dev/null 2>&1 & watcher=$!`,
    `wait $compiler; status=$?`,
    `kill -KILL $watcher`,
    `rm -rf -- ${inputs.map(quote).join(' ')}`,
    `exit $status`,
  ].join('\n')
}

function ssh({ host, port }: SshInstallation, command: string, limits: Limits): Promise<SpawnResult> {
  const args = [
    ...sshOptions,
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    host.replace(/[[\]]/g, ''),
    command,
  ]
  return start('ssh', args, { ...limits, stdin: 'open' })
}

function scp({ port }: SshInstallation, from: readonly string[], to: string, limits: Limits): Promise<SpawnResult> {
  const args = ['-r', '-q', ...sshOptions, ...(port === undefined ? [] : ['-P', String(port)]), '--', ...from, to]
  return start('scp', args, { signal: limits.signal, timeoutMs: limits.timeoutMs })
}

/** Never ask for a password: nobody could answer in a build. */
const sshOptions = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=20']

async function start(
  program: string,
  args: readonly string[],
  options: Parameters<typeof runProcess>[2],
): Promise<SpawnResult> {
  try {
    return await runProcess(program, args, options)
  } catch (cause) {
    throw new EnvironmentError(
      'ENVIRONMENT_SSH',
      `Can’t start ${program}: ${(cause as Error).message}. Install an OpenSSH client.`,
      {},
      { cause },
    )
  }
}

function unreachable(host: string, { stderr, exitCode }: SpawnResult): EnvironmentError {
  const detail = stderr.trim().split('\n').at(-1) || `exit ${exitCode}`
  return new EnvironmentError(
    'ENVIRONMENT_SSH',
    `The builder ${host} can’t be used: ${detail}. "ssh ${host} true" must work without a password (ssh-copy-id ${host}).`,
    { host, stderr },
  )
}

/** For a POSIX shell: everything but the quote itself stands for itself between single quotes. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** One way to run the driver for each kind of installation; arguments name files relative to the working directory, so they are the same. */
import type { SpawnResult } from '../process/spawn.ts'
import type { Installation } from './installation.ts'
import { type Progress, parseProgress } from './progress.ts'
import { runInContainer } from './run-container.ts'
import { runLocally } from './run-local.ts'
import type { Limits, RunOptions } from './run-options.ts'
import { runOverSsh } from './run-ssh.ts'

/**
 * Runs the driver and waits for it. Any exit is a result.
 * @throws EnvironmentError if it can't be started at all
 */
export function runOnnxMlir(
  installation: Installation,
  args: readonly string[],
  options: RunOptions,
): Promise<SpawnResult> {
  const { onProgress } = options
  const limits: Limits = {
    signal: options.signal,
    timeoutMs: options.timeoutMs,
    onLine: onProgress && ((line) => report(line, onProgress)),
  }
  switch (installation.kind) {
    case 'local':
      return runLocally(installation, args, options, limits)
    case 'container':
      return runInContainer(installation, args, options, limits)
    case 'ssh':
      return runOverSsh(installation, args, options, limits)
  }
}

function report(line: string, onProgress: (progress: Progress) => void): void {
  const progress = parseProgress(line)
  if (progress) onProgress(progress)
}

import { EnvironmentError, UsageError } from '../errors.ts'
import { didYouMean } from '../request/suggest.ts'
import { type Machine, thisMachine } from './machine.ts'
import { targets } from './table.ts'
import type { Target } from './target.ts'

/** All names that `resolveTarget` takes. */
export const targetNames: readonly string[] = ['host', ...targets.map((target) => target.name)]

/**
 * What a target name means. `host` becomes the highest level that this machine can run (`x86-64-v3`, …) and never
 * "native", so that a build is the same on, and runs on, all machines of that level.
 *
 * @throws UsageError `USAGE_TARGET` for an unknown name
 * @throws EnvironmentError `ENVIRONMENT_MACHINE` for `host` on a machine that is no target
 */
export function resolveTarget(name: string, machine: Machine | null = thisMachine()): Target {
  if (name === 'host') return hostTarget(machine)
  const target = targets.find((candidate) => candidate.name === name)
  if (target !== undefined) return target
  const known = targetNames.join(', ')
  throw new UsageError('USAGE_TARGET', `Unknown target "${name}".${didYouMean(name, targetNames)} Known: ${known}.`, {
    given: name,
    expected: targetNames,
  })
}

/** Whether a library made for `target` can be loaded here. WebAssembly runs in every Node. */
export function canRun(target: Target, machine: Machine | null = thisMachine()): boolean {
  if (target.arch === 'wasm32') return true
  return machine !== null && target.arch === machine.arch && target.level <= machine.level
}

function hostTarget(machine: Machine | null): Target {
  const host = targets.findLast((target) => target.arch !== 'wasm32' && canRun(target, machine))
  if (host !== undefined) return host
  throw new EnvironmentError(
    'ENVIRONMENT_MACHINE',
    `This machine (${process.platform} ${process.arch}) is no target. Use target=wasm, or name another machine's target.`,
    { platform: process.platform, arch: process.arch },
  )
}

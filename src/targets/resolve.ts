import { UsageError } from '../errors/index.ts'
import { didYouMean } from '../request/suggest.ts'
import { type Machine, thisMachine } from './machine.ts'
import { targets } from './table.ts'
import type { Target } from './target.ts'

/** All names that `resolveTarget` takes. */
export const targetNames: readonly string[] = ['host', ...targets.map((target) => target.name)]

/**
 * What a target name means. `host` becomes the highest level that this machine can run (`x86-64-v3`, …) and never
 * "native", so that a build is the same on, and runs on, all machines of that level. Where we make no native code (Windows,
 * other processors) it is WebAssembly, which runs in every Node.
 *
 * @throws UsageError `USAGE_TARGET` for an unknown name
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
  return targets.findLast((target) => target.arch !== 'wasm32' && canRun(target, machine)) ?? wasm
}

const wasm = targets.find(({ arch }) => arch === 'wasm32')!

import { UsageError } from '../errors/index.ts'
import { didYouMean } from '../request/suggest.ts'
import { type Machine, thisMachine } from './machine.ts'
import { targets } from './table.ts'
import type { Target } from './target.ts'

/** All names that `resolveTarget` takes. */
export const targetNames: readonly string[] = ['host', ...targets.map((target) => target.name)]

/**
 * What a target name means. `host` becomes the highest level that this machine can run and gcc makes (`x86-64-v3`, …) and never
 * "native", so that a build is the same on, and runs on, all machines of that level. On Windows, where a C compiler is seldom,
 * and for other processors it is WebAssembly, which runs in every Node.
 *
 * @throws UsageError `USAGE_TARGET` for an unknown name
 */
export function resolveTarget(name: string, machine: Machine | null = thisMachine()): Target {
  if (name === 'host') return hostTarget(machine)
  const target = targets.find((candidate) => candidate.name === name) ?? registered.get(name)
  if (target !== undefined) return target
  if (name.includes(','))
    throw new UsageError('USAGE_TARGET', `One target is taken here, not several: "${name}".`, { given: name })
  const known = [...targetNames, ...registered.keys()]
  const message = `Unknown target "${name}".${didYouMean(name, known)} Known: ${known.join(', ')}.`
  throw new UsageError('USAGE_TARGET', message, { given: name, expected: known })
}

/** Where all copies of this package in a process find what users register: a project's own, that of `npx`. */
const shared = globalThis as { [key: symbol]: Map<string, Target> | undefined }

/** Targets that users register, see `registerTarget`, by name. */
const registered = (shared[Symbol.for('unplugin-onnx-mlir targets')] ??= new Map<string, Target>())

/** Has `resolveTarget` know a target, in the place of one that was registered by that name before. */
export function addTarget(target: Target): void {
  registered.set(target.name, target)
}

/** Whether a library made for `target` can be loaded here. WebAssembly runs in every Node. */
export function canRun(target: Target, machine: Machine | null = thisMachine()): boolean {
  if (target.arch === 'wasm32') return true
  if (target.own) return target.own.runner?.length === 0
  return isOfMachine(target, machine) && target.level <= machine!.level
}

/** Whether it is for this kind of machine, whatever the level: compilers that make code for this one make its. */
export function isOfMachine(target: Target, machine: Machine | null = thisMachine()): boolean {
  return target.arch === machine?.arch && target.platform === machine.platform
}

function hostTarget(machine: Machine | null): Target {
  if (machine?.platform === 'win32') return wasm
  // Of those that every compiler makes: where gcc is all that is installed, `host` must be more than an error.
  return targets.findLast((target) => target.flags.gcc.length > 0 && canRun(target, machine)) ?? wasm
}

const wasm = targets.find(({ arch }) => arch === 'wasm32')!

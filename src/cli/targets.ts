import type { Option } from './command.ts'
import { loadModule } from './load-module.ts'

/** The option `--targets` of commands that compile. */
export const targetsFlag: Option = { type: 'string', value: 'FILE', help: 'a module that calls registerTarget(…)' }

/** Loads the module of `--targets`. @throws UsageError `USAGE_TARGET` where that fails */
export async function registerTargets(file: string): Promise<void> {
  await loadModule('--targets', file, 'USAGE_TARGET')
}

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from '../errors/index.ts'
import type { Option } from './command.ts'

/** The option `--targets` of commands that compile. */
export const targetsFlag: Option = { type: 'string', value: 'FILE', help: 'a module that calls registerTarget(…)' }

/** Loads the module of `--targets`. @throws UsageError `USAGE_TARGET` where that fails */
export async function registerTargets(file: string): Promise<void> {
  await import(pathToFileURL(resolve(file)).href).catch((cause: unknown) => {
    if (cause instanceof UsageError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError('USAGE_TARGET', `--targets ${file}: it can't be loaded: ${why}`, {}, { cause })
  })
}

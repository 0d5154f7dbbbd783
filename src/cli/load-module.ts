import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from '../errors/index.ts'

/**
 * Loads a module that an option names.
 *
 * @throws UsageError with `code` where that fails; or the one that the module throws itself
 */
export async function loadModule(option: string, file: string, code: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as { readonly default?: unknown }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(code, `${option} ${file}: it can't be loaded: ${why}`, {}, { cause })
  }
}

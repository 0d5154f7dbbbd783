import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { nearestPackage } from '../cache/nearest-package.ts'
import type { PluginOptions } from '../pipeline/index.ts'
import { expectOptions } from '../pipeline/options.ts'

/** The field of package.json that holds options for programs, which have no configuration file of a bundler. */
const field = 'unplugin-onnx-mlir'

/**
 * Options of the package.json that is nearest to a folder, from there up.
 *
 * @throws UsageError `USAGE_OPTION` where the field has something else than options
 */
export function projectOptions(start = process.cwd()): PluginOptions {
  const found = packageOf(start)
  const options = found?.content[field]
  if (found === undefined || options === undefined) return {}
  const { path } = found
  expectOptions(options, `${path}: "${field}"`)
  const { cache }: { readonly cache?: unknown } = options
  return { ...options, ...(typeof cache === 'string' && { cache: resolve(dirname(path), cache) }) }
}

function packageOf(start: string): { path: string; content: Readonly<Record<string, unknown>> } | undefined {
  const folder = nearestPackage(start)
  if (folder === undefined) return undefined
  const path = join(folder, 'package.json')
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isRecord(content) ? { path, content } : undefined
  } catch {
    // One that can't be parsed is npm's and Node's to report.
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

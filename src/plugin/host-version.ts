import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { UsageError } from '../errors/index.ts'

/** The oldest version of each host that models are built with: what package.json says of peers, which a test compares. */
export const oldest = {
  'Next.js': ['next', '16.2'],
  Rolldown: ['rolldown', '1.0.0'],
  Rollup: ['rollup', '4.0.0'],
  Rsbuild: ['@rsbuild/core', '1'],
  Rspack: ['@rspack/core', '1'],
  Vite: ['vite', '6'],
  esbuild: ['esbuild', '0.25'],
  webpack: ['webpack', '5.61.0'],
} as const satisfies Readonly<Record<string, readonly [packageName: string, version: string]>>

export type VersionedHost = keyof typeof oldest

/**
 * @param version as the host tells it; one that it does not tell is let through
 * @throws UsageError `USAGE_HOST` for a host that is too old
 */
export function expectHostVersion(host: VersionedHost, version: string | undefined): void {
  if (version !== undefined && isOlder(version, oldest[host][1])) throw tooOld(host, version)
}

/** @param version what is known of it: a version, or `5 or older` */
export function tooOld(host: VersionedHost, version: string): UsageError {
  const [packageName, wanted] = oldest[host]
  return new UsageError(
    'USAGE_HOST',
    `This is ${host} ${version}: models are imported by ${host} ${wanted} and newer. Update it: npm install ${packageName}@latest`,
    { host, given: version, expected: `>=${wanted}` },
  )
}

/** The version of a package that a project has installed, if it has. */
export function installedVersion(packageName: string, root = process.cwd()): string | undefined {
  try {
    const path = createRequire(join(root, 'package.json')).resolve(`${packageName}/package.json`)
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version?: unknown }
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}

/** By numbers alone: a first version for trial is as good as what it leads to. */
function isOlder(version: string, than: string): boolean {
  const [given, wanted] = [version, than].map((text) => /^\d+(?:\.\d+)*/.exec(text)?.[0].split('.').map(Number))
  if (!given || !wanted) return false
  const at = wanted.findIndex((part, i) => part !== (given[i] ?? 0))
  return at >= 0 && (given[at] ?? 0) < wanted[at]!
}

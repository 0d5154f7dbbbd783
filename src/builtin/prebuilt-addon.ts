import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Target } from '../targets/index.ts'
import { requirementsOf, thisMachine } from '../targets/index.ts'

const native = fileURLToPath(new URL('../../native/', import.meta.url))
export const addonMain = join(native, 'addon', 'addon.cc')
const prebuilds = join(native, 'addon', 'prebuilds')

/** The npm packages with the headers that the addon includes. */
export const headerPackageNames = ['node-api-headers', 'node-addon-api'] as const

/** What `scripts/prebuild.js` writes beside the addons that it makes. */
export interface PrebuildsManifest {
  /** `addonSourcesHash()` of what they were made of. */
  readonly sources: string
  /** Versions of the packages with Node-API's headers that they were made with. */
  readonly headers: Readonly<Record<(typeof headerPackageNames)[number], string>>
  /** By platform, e.g. `linux-x64`. */
  readonly addons: Readonly<
    Record<string, { readonly compiler: string; readonly sha256: string; readonly bytes: number }>
  >
}

/**
 * The addon for this machine that came with the package, if there is one. One for Linux serves glibc and musl.
 *
 * @returns absolute path of the `.node` file
 */
export function prebuiltAddon(): string | undefined {
  const { platform, arch } = process
  const machine = thisMachine()
  return machine?.arch === 'arm' && machine.level < 7 ? undefined : prebuiltFor(`${platform}-${arch}`)
}

/** The same for the system of a target. */
export function prebuiltAddonFor(target: Target): string | undefined {
  const { arch, platform = 'linux' } = requirementsOf({ target: target.name }) ?? {}
  return arch === undefined || target.name === 'armv6' ? undefined : prebuiltFor(`${platform}-${arch}`)
}

function prebuiltFor(platform: string): string | undefined {
  // Those who take no binaries of others compile it.
  if (process.env['ONNX_MLIR_ADDON'] === 'source') return undefined
  const made = manifest()
  // Where somebody works on the addon, what was built before the last edit must not be taken for it.
  if (made === undefined || made.sources !== (ownSources ??= addonSourcesHash())) return undefined
  const file = join(prebuilds, `${platform}.node`)
  const sha256 = made.addons[platform]?.sha256
  return sha256 !== undefined && sha256 === sha256Of(file) ? file : undefined
}

/** Read once by a process: it is asked for with every model. */
let ownSources: string | undefined

/** `undefined` where nothing was prebuilt, or what says so is damaged. */
function manifest(): PrebuildsManifest | undefined {
  try {
    return JSON.parse(readFileSync(join(prebuilds, 'prebuilds.json'), 'utf8')) as PrebuildsManifest
  } catch {
    return undefined
  }
}

function sha256Of(file: string): string | undefined {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined
}

/**
 * SHA-256 of all that the addon is compiled from. Of the packages with headers it covers the versions that this package asks
 * for, not the ones installed: an app that has a newer one in that range takes the prebuilt addon all the same.
 */
export function addonSourcesHash(): string {
  const hash = createHash('sha256')
  for (const folder of ['addon', 'abi'])
    for (const name of readdirSync(join(native, folder)).toSorted())
      if (/\.(?:cc|h)$/.test(name)) hash.update(name).update(readFileSync(join(native, folder, name)))
  const { dependencies } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of headerPackageNames) hash.update(`${name} ${dependencies[name]}\n`)
  return hash.digest('hex')
}

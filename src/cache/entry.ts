import { createHash } from 'node:crypto'

/** A file in the store: named by its content, never changed. */
export interface StoredFile {
  /** Absolute path. */
  readonly path: string
  /** Hex. */
  readonly sha256: string
  readonly bytes: number
}

/** What stands under a key: files by their role, and JSON facts about them. */
export interface Entry {
  readonly files: Readonly<Record<string, StoredFile>>
  readonly meta: unknown
}

/** An entry as written down: its files by name within the folder. */
export interface Manifest {
  readonly key: string
  readonly files: Readonly<Record<string, { readonly name: string; readonly sha256: string; readonly bytes: number }>>
  readonly meta: unknown
}

/** Names that the store gives; nothing else in its folder is ever read or removed. */
export const fileName = /^[0-9a-f]{64}\.(?!json$|lock$|memo$)[a-z0-9]{1,8}$/
export const manifestName = /^([0-9a-f]{64})\.json$/

/** Text of a manifest, with a hash over itself: a damaged one must not describe a sound library wrongly. */
export function writeManifest(manifest: Manifest): string {
  return JSON.stringify({ check: checksum(manifest), ...manifest })
}

/** `undefined` for anything that `writeManifest` didn't write for this key. */
export function readManifest(text: string, key: string): Manifest | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('check' in value)) return undefined
  const { check, ...rest } = value
  const manifest = rest as Manifest // as the checksum says
  const isOurs = typeof manifest.files === 'object' && manifest.files !== null && manifest.key === key
  return isOurs && check === checksum(manifest) ? manifest : undefined
}

function checksum({ key, files, meta }: Manifest): string {
  return createHash('sha256')
    .update(JSON.stringify([key, files, meta]))
    .digest('hex')
}

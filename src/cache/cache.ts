import { resolve } from 'node:path'
import type { Artifact, ArtifactVariant } from './artifact.ts'
import type { Entry, StoredFile } from './entry.ts'
import { defaultFolder, type FolderOptions } from './folder.ts'
import { type GetOrMakeOptions, Store } from './store.ts'

export interface CacheOptions extends FolderOptions {
  /** Folder of the cache; `false` for none beyond this process. Default: see `defaultFolder`. */
  readonly root?: string | false
  /** Takes the one line that is said when the folder can't be written. Default: `console.warn`. */
  readonly warn?: (line: string) => void
}

/** Compiled models by key; see `artifactKey`. */
export interface Cache {
  /** What is below: for other things that are compiled once, and for `list`, `clear`, `prune` and `hashFile`. */
  readonly store: Store
  /** The artifact under a key, its files checked. */
  get(key: string): Promise<Artifact | undefined>
  /** @throws EnvironmentError `ENVIRONMENT_DISK` when it can be written nowhere */
  put(key: string, made: MadeArtifact): Promise<Artifact>
  /**
   * The artifact under a key, made if it is missing; once, however many ask at the same time, here and in other processes.
   *
   * @param make is given a folder to make its staging folders in; called again with another one when that is full
   */
  getOrMake(
    key: string,
    make: (stagingRoot: string) => Promise<MadeArtifact>,
    options?: GetOrMakeOptions,
  ): Promise<{ artifact: Artifact; cached: boolean }>
}

/** An artifact before it is stored. */
export interface MadeArtifact {
  readonly library: string
  /** The name is what the library asks for; the store keeps the file under another one. */
  readonly constants?: { readonly path: string; readonly name: string }
  /** Best first. */
  readonly variants?: readonly Pick<ArtifactVariant, 'needs' | 'library'>[]
  readonly facts: ArtifactFacts
  /** Folder to remove when the files have been copied. */
  readonly staging?: string
}

export type ArtifactFacts = Omit<Artifact, 'library' | 'sha256' | 'bytes' | 'constants' | 'variants'>

/** Opens a cache. Nothing is read or written yet but what it takes to choose a folder. */
export function openCache(options: CacheOptions = {}): Cache {
  const { root, warn = console.warn } = options
  const folder = root === false ? undefined : root === undefined ? defaultFolder(options) : resolve(root)
  const store = new Store(folder, warn)
  return {
    store,
    async get(key) {
      const entry = await store.get(key)
      return entry && artifactOf(entry)
    },
    async put(key, made) {
      return artifactOf(await store.put(key, stored(made)))
    },
    async getOrMake(key, make, limits) {
      const { entry, cached } = await store.getOrMake(
        key,
        async (stagingRoot) => stored(await make(stagingRoot)),
        limits,
      )
      return { artifact: artifactOf(entry), cached }
    },
  }
}

interface Meta {
  readonly facts: ArtifactFacts
  readonly constantsName?: string
  /** What each variant needs. */
  readonly needs?: readonly ArtifactVariant['needs'][]
}

function stored({ library, constants, variants, facts, staging }: MadeArtifact) {
  const meta: Meta = { facts, constantsName: constants?.name, needs: variants?.map(({ needs }) => needs) }
  const files = variants?.map((variant, i) => [variantRole(i), variant.library] as const) ?? []
  return {
    files: { library, ...(constants && { constants: constants.path }), ...Object.fromEntries(files) },
    meta,
    staging,
  }
}

function variantRole(index: number): string {
  return `variant ${index}`
}

function artifactOf({ files, meta }: Entry): Artifact {
  const { library, constants } = files
  if (library === undefined) throw new TypeError('cache: entry is no artifact')
  const { facts, constantsName, needs } = meta as Meta // keys of artifacts are only ever given what `stored` makes
  return {
    library: library.path,
    sha256: library.sha256,
    bytes: library.bytes,
    ...(constants &&
      constantsName && { constants: { path: constants.path, name: constantsName, sha256: constants.sha256 } }),
    ...(needs && { variants: needs.map((of, i) => variantOf(of, files[variantRole(i)]!)) }),
    ...facts,
  }
}

function variantOf(needs: ArtifactVariant['needs'], { path, sha256, bytes }: StoredFile): ArtifactVariant {
  return { needs, library: path, sha256, bytes }
}

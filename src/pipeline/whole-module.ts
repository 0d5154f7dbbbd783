import { createHash } from 'node:crypto'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact } from '../cache/artifact.ts'
import type { Cache } from '../cache/index.ts'

/**
 * A WebAssembly artifact as one file, for every engine: weights that are beside its module become part of it. What was compiled stays the
 * same for all ways of delivery; this is stored under a key of its own.
 */
export async function wholeModule(compiled: Artifact, cache: Cache): Promise<Artifact> {
  const { variants: _, ...base } = compiled
  const { library, constants, sha256, bytes: __, ...facts } = base
  if (constants === undefined) return base
  const parts = ['whole module', sha256, constants.sha256]
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  const { artifact } = await cache.getOrMake(key, async (stagingRoot) => {
    const { finishModule } = await import('../toolchains/wasm-binary.ts') // which a cache hit does without
    const staging = await mkdtemp(join(stagingRoot, 'module-'))
    const whole = join(staging, 'model.wasm')
    const { module } = finishModule(await readFile(library), [await readFile(constants.path)])
    await writeFile(whole, module)
    return { library: whole, facts, staging }
  })
  return artifact
}

/** Hosts at the edge take no larger files. What they take of a whole program is less, and depends on the plan. */
const EDGE_BYTES = 25 * 2 ** 20

/** What is known at build time to be too large for Cloudflare and hosts like it; nothing otherwise. */
export function edgeNote(model: string, { bytes }: Artifact): string | undefined {
  if (bytes <= EDGE_BYTES) return undefined
  const size = (bytes / 2 ** 20).toFixed(1)
  return `${model}: its module has ${size} MiB with all weights inside, and hosts at the edge take files up to 25 MiB: weights=f16 or weights=int8 makes it smaller`
}

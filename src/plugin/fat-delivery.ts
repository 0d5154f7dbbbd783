import { createHash } from 'node:crypto'
import { basename, dirname, extname, join } from 'node:path'
import { keepText } from '../cache/kept-text.ts'
import type { FatModuleOptions, FatPart } from '../emit/fat-module.ts'
import { manifestText } from '../emit/manifest.ts'
import type { Import } from '../emit/module.ts'
import { isModule } from '../pipeline/facts.ts'
import type { BuildResult } from '../pipeline/index.ts'
import { stemOf } from '../request/extensions.ts'
import { deliver } from './delivery.ts'
import { baseOf, type EmittedFile, emittedFiles } from './files.ts'
import type { Host } from './host.ts'

/**
 * Brings the files of a model for several kinds of machines to a program for Node, with a list of them (`NAME-….targets.json`)
 * where they are files.
 */
export async function deliverAll(
  model: string,
  built: readonly BuildResult[],
  host: Host,
): Promise<Pick<FatModuleOptions, 'alternatives' | 'imports' | 'isInside'>> {
  const alternatives: FatPart[] = []
  const imports: Import[] = []
  const isInside = built.every(({ files }) => files === 'inline')
  for (const [i, one] of built.entries()) {
    if (isInside) {
      const { inlineModel } = await import('./inline-model.ts')
      const { files, imports: more = [] } = await inlineModel(namedFor(model, one), one, `addon${i + 1}`)
      const threads = one.threads !== undefined && { threads: { count: one.threads } }
      alternatives.push({ facts: one.facts, files, ...threads })
      imports.push(...more)
    } else {
      const { files, threads } = await deliver(namedFor(model, one), one, host)
      alternatives.push({ facts: one.facts, files, ...(threads && { threads }) })
    }
  }
  if (!isInside) await host.place(await manifestFile(model, built))
  return { alternatives, imports, isInside }
}

/** What files of native code are named after: `fraud-z16.onnx`. */
function namedFor(model: string, { artifact }: BuildResult): string {
  return isModule(artifact) ? model : `${stemOf(model)}-${artifact.target}${extname(model)}`
}

/** The list, kept beside the libraries in the cache. */
async function manifestFile(model: string, built: readonly BuildResult[]): Promise<EmittedFile> {
  const targets = built.map((one) => {
    const { addon, library, constants, variants = [] } = emittedFiles(namedFor(model, one), one)
    const files = [addon, library, ...variants.map(({ file }) => file), constants].filter((file) => file !== undefined)
    return {
      facts: one.facts,
      files: files.map(({ role, name, sha256 }) => ({ role, name, sha256 })),
    }
  })
  const text = manifestText(basename(model), targets)
  const sha256 = createHash('sha256').update(text).digest('hex')
  const source = join(dirname(built[0]!.artifact.library), 'manifests', `${sha256}.json`)
  await keepText(source, () => text)
  const base = baseOf(model)
  return {
    role: 'manifest',
    source,
    sha256,
    name: `${base}.targets.json`,
    fileName: `${base}-${sha256.slice(0, 8)}.targets.json`,
  }
}

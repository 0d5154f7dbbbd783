import type { ModelFacts } from '../runtime/model.ts'

/** A file of a model, as it stands in the output. */
export interface ManifestFile {
  readonly role: string
  /** Without the hash that bundlers put into it. */
  readonly name: string
  readonly sha256: string
}

/**
 * The list of what an output folder holds of one model for several kinds of machines (JSON): whoever deploys to one kind alone
 * may leave behind the files of the others, which their hashes tell, but for those that they share.
 */
export function manifestText(
  model: string,
  targets: readonly { readonly facts: ModelFacts; readonly files: readonly ManifestFile[] }[],
): string {
  const listed = targets.map(({ facts: { target, compiler, requires }, files }) => ({
    target,
    compiler,
    ...(requires && { requires }),
    files,
  }))
  return `${JSON.stringify({ model, targets: listed }, null, 2)}\n`
}

import { basename, extname } from 'node:path'
import type { BuildResult } from '../pipeline.ts'

/** A file of a compiled model that must stand on disk where the bundled program runs. */
export interface EmittedFile {
  readonly role: 'addon' | 'library' | 'constants'
  /** Where it is now: absolute, in the cache, immutable. */
  readonly source: string
  readonly sha256: string
  /** Readable name for hosts that hash names themselves, e.g. `fraud.so`; for constants the name they must keep. */
  readonly name: string
  /** Content-hashed name below the host's assets folder, with `/` on every system, e.g. `fraud-1a2b3c4d.so`. */
  readonly fileName: string
}

export interface EmittedFiles {
  readonly library: EmittedFile
  readonly addon: EmittedFile
  readonly constants?: EmittedFile
}

/**
 * Names the files of a model.
 *
 * onnx-mlir bakes the name of its constants file into the library, which looks for it in its own folder. So the two share
 * a folder of their own, hashed by the library: constants of two models that want one name can't meet.
 */
export function emittedFiles(model: string, { artifact, addon }: BuildResult): EmittedFiles {
  const base = basename(model, '.onnx').replace(/[^\w.-]/g, '_')
  const extension = extname(artifact.library)
  const stem = `${base}-${artifact.sha256.slice(0, 8)}`
  const addonExtension = extname(addon.path)
  const folder = artifact.constants ? `${stem}/` : ''

  return {
    library: {
      role: 'library',
      source: artifact.library,
      sha256: artifact.sha256,
      name: base + extension,
      fileName: `${folder}${stem}${extension}`,
    },
    addon: {
      role: 'addon',
      source: addon.path,
      sha256: addon.sha256,
      name: `onnx-mlir${addonExtension}`,
      fileName: `onnx-mlir-${addon.sha256.slice(0, 8)}${addonExtension}`,
    },
    constants: artifact.constants && {
      role: 'constants',
      source: artifact.constants.path,
      sha256: artifact.constants.sha256,
      name: artifact.constants.name,
      fileName: `${folder}${artifact.constants.name}`,
    },
  }
}

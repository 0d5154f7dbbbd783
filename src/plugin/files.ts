import { basename, extname } from 'node:path'
import type { ArtifactVariant } from '../cache/artifact.ts'
import { isModule } from '../pipeline/facts.ts'
import type { BuildResult } from '../pipeline/index.ts'
import { stemOf } from '../request/extensions.ts'

/** A file of a compiled model that must stand on disk where the bundled program runs. */
export interface EmittedFile {
  /** `constants` belong to a native library, `weights` to a WebAssembly module, of which a `variant` is for some engines. */
  readonly role: 'addon' | 'library' | 'variant' | 'constants' | 'weights' | 'worker' | 'manifest'
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
  /** Of native libraries. */
  readonly addon?: EmittedFile
  /** Constants or weights. */
  readonly constants?: EmittedFile
  /** As the artifact has them. */
  readonly variants?: readonly { readonly needs: ArtifactVariant['needs']; readonly file: EmittedFile }[]
}

/**
 * Names the files of a model. The weights of a WebAssembly module have a name of their own, hashed by what is in them: a
 * model that was trained no further keeps them in the caches of browsers when its code changes.
 *
 * onnx-mlir bakes the name of its constants file into the library, which looks for it in its own folder. So the two share
 * a folder of their own, hashed by the library: constants of two models that want one name can't meet.
 */
export function emittedFiles(model: string, { artifact, addon }: BuildResult): EmittedFiles {
  const base = baseOf(model)
  const extension = extname(artifact.library)
  const stem = `${base}-${artifact.sha256.slice(0, 8)}`
  const isWasm = isModule(artifact)
  const folder = artifact.constants && !isWasm ? `${stem}/` : ''
  const constantsName = isWasm ? `${base}.bin` : (artifact.constants?.name ?? '')

  return {
    library: {
      role: 'library',
      source: artifact.library,
      sha256: artifact.sha256,
      name: base + extension,
      fileName: `${folder}${stem}${extension}`,
    },
    ...(addon && { addon: addonFile(addon) }),
    ...(artifact.constants && {
      constants: {
        role: isWasm ? 'weights' : 'constants',
        source: artifact.constants.path,
        sha256: artifact.constants.sha256,
        name: constantsName,
        fileName: isWasm ? `${base}-${artifact.constants.sha256.slice(0, 8)}.bin` : `${folder}${constantsName}`,
      },
    }),
    ...(artifact.variants && {
      variants: artifact.variants.map((variant) => ({ needs: variant.needs, file: variantFile(base, variant) })),
    }),
  }
}

/** What names of a model's files begin with. */
export function baseOf(model: string): string {
  return basename(stemOf(model)).replace(/[^\w.-]/g, '_')
}

function variantFile(model: string, { needs, library, sha256 }: ArtifactVariant): EmittedFile {
  const base = [model, ...needs].join('-')
  return {
    role: 'variant',
    source: library,
    sha256,
    name: `${base}.wasm`,
    fileName: `${base}-${sha256.slice(0, 8)}.wasm`,
  }
}

function addonFile({ path, sha256 }: NonNullable<BuildResult['addon']>): EmittedFile {
  const extension = extname(path)
  return {
    role: 'addon',
    source: path,
    sha256,
    name: `onnx-mlir${extension}`,
    fileName: `onnx-mlir-${sha256.slice(0, 8)}${extension}`,
  }
}

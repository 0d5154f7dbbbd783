import { statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import type { Artifact } from '../cache/artifact.ts'
import type { Request } from '../request/index.ts'
import type { ModelFacts } from '../runtime/model.ts'
import { requirementsOf } from '../targets/index.ts'

/** Whether it is WebAssembly. */
export function isModule({ library }: Pick<Artifact, 'library'>): boolean {
  return extname(library) === '.wasm'
}

/** What a generated module knows of its model. */
export function factsOf({ path, directives }: Request, artifact: Artifact, report?: unknown): ModelFacts {
  const requires = requirementsOf(artifact)
  const { constants, variants, metadata } = artifact
  return {
    name: basename(path),
    signature: artifact.signature,
    target: artifact.target,
    compiler: artifact.compiler,
    ...(metadata && { metadata }),
    ...(requires && { requires }),
    sha256: {
      library: artifact.sha256,
      ...(constants && { constants: constants.sha256 }),
      ...(variants && { variants: variants.map(({ sha256 }) => sha256) }),
    },
    ...(isModule(artifact) && { bytes: sizesOf(artifact) }),
    ...(report !== undefined && { report }),
    ...(directives.profile === 'onnx' && { profiled: true }),
    ...(artifact.steadiness && { steadiness: artifact.steadiness }),
  }
}

/** What whoever downloads the files is to expect. */
function sizesOf({ bytes, constants, variants }: Artifact): NonNullable<ModelFacts['bytes']> {
  return {
    library: bytes,
    ...(constants && { constants: statSync(constants.path).size }),
    ...(variants && { variants: variants.map((variant) => variant.bytes) }),
  }
}

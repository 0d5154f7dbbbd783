import type { Store } from '../../cache/store.ts'

/** How a model is read that only Python can read. */
export interface PythonOptions {
  /** The interpreter; `false`: none is run. Default: it is looked for, see `find.ts`. */
  readonly interpreter?: string | false
  /** As the directives `signature`, `inputs` and `export` say; empty for nothing. */
  readonly signature?: string
  readonly inputs?: string
  readonly export?: string
  /** Whether the model comes from somebody whom nobody vouches for: then none is run either. */
  readonly isUntrusted?: boolean
  /** Where conversions are kept. Default: nowhere beyond this process. */
  readonly store?: Store
  readonly log?: (line: string) => void
  readonly warn?: (line: string) => void
}

/** What Python makes ONNX of, and the package that does so. */
export const kinds = {
  torchscript: { format: 'PyTorch (TorchScript)', needs: 'torch' },
  module: { format: 'PyTorch (Python module)', needs: 'torch' },
  keras: { format: 'Keras', needs: 'keras' },
  savedmodel: { format: 'TensorFlow (SavedModel)', needs: 'tf2onnx' },
} as const

export type Kind = keyof typeof kinds
export type Package = (typeof kinds)[Kind]['needs']

/** The kind whose models say that they are of this format. */
export function kindOfFormat(format: string | undefined): Kind | undefined {
  return (Object.keys(kinds) as Kind[]).find((kind) => kinds[kind].format === format)
}

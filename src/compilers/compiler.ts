import type { Model } from '../onnx/model.ts'
import type { MadeArtifact } from '../cache/index.ts'
import type { Request } from '../request/index.ts'

/** What a compiler is told while it works. */
export interface CompileContext {
  /** Folder for its staging folders. */
  readonly stagingRoot: string
  readonly signal?: AbortSignal
  log(line: string): void
}

/** Something that makes an artifact from a request and a model. */
export interface Compiler {
  readonly name: 'builtin' | 'onnx-mlir'
  /** All that decides what it makes beside model and request, for the cache key. */
  readonly identity: string
  /** OM_BUILTIN_ABI of its libraries; 0 for onnx-mlir's plain ABI. */
  readonly abi: number
  compile(request: Request, model: Model, context: CompileContext): Promise<MadeArtifact>
}

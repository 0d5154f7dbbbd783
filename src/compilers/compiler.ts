import type { Model } from '../onnx/model.ts'
import type { MadeArtifact } from '../cache/index.ts'
import type { Request } from '../request/index.ts'

/** How far a compilation is. */
export interface CompileProgress {
  /** File name. */
  readonly model: string
  /** What is being done, or waited for. */
  readonly text: string
  /** Of so many steps, which: from 1. Absent where a compiler doesn't tell. */
  readonly step?: number
  readonly steps?: number
}

/** What a compiler is told while it works. */
export interface CompileContext {
  /** Folder for its staging folders. */
  readonly stagingRoot: string
  readonly signal?: AbortSignal
  readonly progress?: (progress: CompileProgress) => void
  /** Takes lines for the build log. */
  readonly log?: (line: string) => void
  /** The addon of this machine, for compilers that run what they made. */
  readonly addon?: () => Promise<string>
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

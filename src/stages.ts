import { basename, extname } from 'node:path'
import { expectStorable } from './compilers/choose.ts'
import { expectHardened } from './compilers/hardening.ts'
import { askedOf, limitsOf, type OnnxMlirSettings } from './compilers/onnx-mlir.ts'
import { emitStage, type EmittedStage } from './onnx-mlir/compile.ts'
import { findOnnxMlir, missingOnnxMlir } from './onnx-mlir/find.ts'
import type { Stage } from './onnx-mlir/options.ts'
import type { Progress } from './onnx-mlir/progress.ts'
import type { ReadOptions } from './onnx/limits.ts'
import { readModel } from './onnx/read.ts'
import { parseRequest, type RequestOptions } from './request/index.ts'

export interface StageOptions extends RequestOptions, ReadOptions {
  /** Folder that the product is written to. */
  readonly outDir: string
  /** Where onnx-mlir is and what it is asked for beside what directives say. Default: environment and PATH. */
  readonly onnxMlir?: OnnxMlirSettings
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Makes what onnx-mlir makes on the way to a library (`onnx-basic`, `onnx-ir`, `zhigh`, `zlow`, `mlir`, `llvm-ir`, `obj`,
 * `lib`, `jni`), for a model path with directives as query. Nothing is cached.
 *
 * @throws EnvironmentError that says how to get an onnx-mlir, ModelError, CompileError if onnx-mlir fails
 */
export async function compileToStage(
  id: string,
  stage: Stage,
  { outDir, onnxMlir = {}, signal, onProgress, limits, ...defaults }: StageOptions,
): Promise<EmittedStage> {
  const request = parseRequest(id, defaults)
  const { path, directives } = request
  const pinned = { ...request, directives: { ...directives, compiler: 'onnx-mlir' } } as const
  expectHardened(pinned, () => {})
  expectStorable(pinned)
  const asked = askedOf(directives, onnxMlir.options)
  const installation = await findOnnxMlir({ ...onnxMlir, signal })
  if (!installation) throw missingOnnxMlir(asked.target.name)
  const model = await readModel(path, limits ? { limits } : {})
  const context = { outDir, signal, onProgress, ...limitsOf(onnxMlir) }
  return emitStage(installation, model, stage, basename(path, extname(path)), asked, context)
}

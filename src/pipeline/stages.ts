import { basename } from 'node:path'
import { expectStorable } from '../compilers/choose.ts'
import { expectHardened } from '../compilers/hardening.ts'
import { askedOf, limitsOf } from '../compilers/onnx-mlir.ts'
import type { OnnxMlirSettings } from '../compilers/look-for-onnx-mlir.ts'
import { emitStage, type EmittedStage } from '../onnx-mlir/compile.ts'
import { UsageError } from '../errors/index.ts'
import { findOnnxMlir, missingOnnxMlir } from '../onnx-mlir/find.ts'
import { type Stage, stages } from '../onnx-mlir/options.ts'
import type { Progress } from '../onnx-mlir/progress.ts'
import type { ReadOptions } from '../onnx/limits.ts'
import { readModel } from '../formats/read.ts'
import { kinds, type KindsOf } from '../options/kinds.ts'
import { onnxMlirKind } from './onnx-mlir-kinds.ts'
import { expectDirectivesAnd, limitsKind } from './options.ts'
import { stemOf } from '../request/extensions.ts'
import { parseRequest, type RequestOptions } from '../request/index.ts'
import { didYouMean } from '../request/suggest.ts'

export interface StageOptions extends RequestOptions, Omit<ReadOptions, 'operators'> {
  /** Folder that the product is written to. */
  readonly outDir: string
  /** Where onnx-mlir is and what it is asked for beside what directives say. Default: environment and PATH. */
  readonly onnxMlir?: OnnxMlirSettings
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

const fields: KindsOf<Omit<StageOptions, keyof RequestOptions>> = {
  outDir: kinds.folder,
  onnxMlir: onnxMlirKind,
  externalData: kinds.boolean,
  limits: limitsKind,
  signal: kinds.signal,
  onProgress: kinds.function,
}

/**
 * Makes what onnx-mlir makes on the way to a library (`onnx-basic`, `onnx-ir`, `zhigh`, `zlow`, `mlir`, `llvm-ir`, `obj`,
 * `lib`, `jni`), for a model path with directives as query. Nothing is cached.
 *
 * @throws UsageError for arguments that are none, EnvironmentError that says how to get an onnx-mlir, ModelError, CompileError if onnx-mlir fails
 */
export async function compileToStage(id: string, stage: Stage, options: StageOptions): Promise<EmittedStage> {
  expectDirectivesAnd(fields, options, 'What compileToStage() is given')
  if (typeof id !== 'string')
    throw new UsageError('USAGE_OPTION', "compileToStage()'s first argument must be the path of a model", { given: id })
  if (!stages.includes(stage)) {
    const message = `compileToStage()'s second argument must be one of ${stages.join(', ')}.${didYouMean(String(stage), stages)}`
    throw new UsageError('USAGE_OPTION', message, { given: stage, expected: stages })
  }
  const { outDir, onnxMlir = {}, signal, onProgress, limits, externalData, ...defaults } = options
  const request = parseRequest(id, defaults)
  const { path, directives } = request
  const pinned = { ...request, directives: { ...directives, compiler: 'onnx-mlir' } } as const
  expectHardened(pinned, () => {})
  expectStorable(pinned)
  const asked = askedOf(directives, onnxMlir.options)
  const installation = await findOnnxMlir({ ...onnxMlir, signal })
  if (!installation) throw missingOnnxMlir(asked.target.name)
  const model = await readModel(path, { ...(limits && { limits }), ...(externalData === false && { externalData }) })
  const context = { outDir, signal, onProgress, ...limitsOf(onnxMlir) }
  return emitStage(installation, model, stage, basename(stemOf(path)), asked, context)
}

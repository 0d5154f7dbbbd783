import esbuild from './esbuild.ts'
import rolldown from './rolldown.ts'
import rollup from './rollup.ts'
import rsbuild from './rsbuild.ts'
import rspack from './rspack.ts'
import vite from './vite.ts'
import webpack from './webpack.ts'

/** The plugin for every host. Configurations import their own, e.g. `unplugin-onnx-mlir/vite`; this is for what wraps several. */
export const unplugin = { esbuild, rolldown, rollup, rsbuild, rspack, vite, webpack }
export default unplugin

export type { Artifact, CompilerIdentity, Signature, SignatureDim, SignatureEntry } from './artifact.ts'
export { CompileError, EnvironmentError, ModelError, OnnxMlirError, UsageError } from './errors.ts'
export type { HostOptions } from './plugin/models.ts'
export { type BuildResult, createPipeline, type Pipeline, type PluginOptions } from './pipeline.ts'
export { canonicalId, isModelId, parseRequest, type Request, type RequestOptions } from './request/request.ts'
export { defineOperator, type DefinedOperator, type OperatorDefinition } from './ops/user/define.ts'
export type { UserAttribute } from './onnx/user-operator.ts'
export { generateTypes, type TypesOptions, type TypesResult } from './types/generate.ts'
export { nnpaReport, type NnpaReportOptions } from './nnpa-report.ts'
export type { NodeReport, Report, Summary } from './report/report.ts'
export { compileToStage, type StageOptions } from './stages.ts'
export type { EmittedStage } from './onnx-mlir/compile.ts'
export type { Stage } from './onnx-mlir/options.ts'

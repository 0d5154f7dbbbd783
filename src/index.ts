import esbuild from './esbuild.ts'
import type { HostOptions } from './plugin/models.ts'
import rolldown from './rolldown.ts'
import rollup from './rollup.ts'
import rsbuild from './rsbuild.ts'
import rspack from './rspack.ts'
import vite from './vite.ts'
import webpack from './webpack.ts'

/** The plugin for every host. Configurations import their own, e.g. `unplugin-onnx-mlir/vite`; this is for what wraps several. */
export const unplugin: UnpluginOfHosts = { esbuild, rolldown, rollup, rsbuild, rspack, vite, webpack }
export default unplugin

/** Plugins by host, in as few words as each host's own type takes: a project has one host installed, and the types of that one. */
export interface UnpluginOfHosts {
  readonly esbuild: (options?: HostOptions) => { readonly name: string; setup(build: unknown): void | Promise<void> }
  readonly rolldown: (options?: HostOptions) => { readonly name: string }
  readonly rollup: (options?: HostOptions) => { readonly name: string }
  readonly rsbuild: (options?: HostOptions) => { readonly name: string; setup(api: unknown): void | Promise<void> }
  readonly rspack: (options?: HostOptions) => { apply(compiler: unknown): void }
  readonly vite: (options?: HostOptions) => { readonly name: string }
  readonly webpack: (options?: HostOptions) => { apply(compiler: unknown): void }
}

export type { Artifact, CompilerIdentity, Signature, SignatureDim, SignatureEntry } from './cache/artifact.ts'
export { CompileError, EnvironmentError, ModelError, OnnxMlirError, UsageError } from './errors/index.ts'
export type { HostOptions } from './plugin/models.ts'
export { loadModel, type LoadModelOptions, type ModelName } from './loaders/load-model.ts'
export { type BuildResult, createPipeline, type Pipeline, type PluginOptions } from './pipeline/index.ts'
export { canonicalId, isModelId, parseRequest, type Request, type RequestOptions } from './request/request.ts'
export { defineOperator, type DefinedOperator, type OperatorDefinition } from './ops/user/define.ts'
export { type KernelDefinition, registerTarget, type TargetDefinition } from './ops/user/target.ts'
export type { UserAttribute } from './onnx/user-operator.ts'
export { generateTypes, type TypesOptions, type TypesResult } from './types/generate.ts'
export { nnpaReport, type NnpaReportOptions } from './pipeline/nnpa-report.ts'
export type { NodeReport, Report, Summary } from './report/report.ts'
export {
  getApiLibraries,
  getIncludeDirs,
  getLibraryDirs,
  loadExtension,
  type NativeOptions,
  preloadDependency,
} from './pipeline/native.ts'
export { compileToStage, type StageOptions } from './pipeline/stages.ts'
export type { EmittedStage } from './onnx-mlir/compile.ts'
export type { Stage } from './onnx-mlir/options.ts'

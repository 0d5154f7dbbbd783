import { basename } from 'node:path'
import type { CompilerIdentity } from '../cache/artifact.ts'
import { openCache } from '../cache/index.ts'
import { capabilityStore } from '../compilers/capability-store.ts'
import { askedOf } from '../compilers/onnx-mlir.ts'
import { usesNnpa } from '../onnx-mlir/arguments.ts'
import { emitStage, type EmittedStage } from '../onnx-mlir/compile.ts'
import { findOnnxMlir, missingOnnxMlir } from '../onnx-mlir/find.ts'
import { isText, needsNnpa, type Stage, stages } from '../onnx-mlir/options.ts'
import { capabilitiesOf, compilerIdentity } from '../onnx-mlir/probe.ts'
import type { Model } from '../onnx/model.ts'
import { readModel } from '../formats/read.ts'
import { isNnpaLevel } from '../report/nnpa-level.ts'
import type { Request } from '../request/index.ts'
import { resolveTarget, type Target } from '../targets/index.ts'
import type { Invocation } from './command.ts'
import { expectSymbols } from './expect-symbols.ts'
import { nameOf } from './model-build.ts'

/** An onnx-mlir that was asked for stages of one model. */
export interface StageMaker {
  readonly model: Model
  readonly target: Target
  readonly compiler: CompilerIdentity
  /** The stages that are text, in the order in which the compiler makes them; those of NNPA only where it is used. */
  readonly texts: readonly Stage[]
  /** @throws CompileError if onnx-mlir fails */
  make(stage: Stage, outDir: string): Promise<EmittedStage>
}

/** @throws ModelError, UsageError for unknown symbolic dimensions, or EnvironmentError that says how to get an onnx-mlir */
export async function stageMaker(
  { path, directives }: Request,
  { progress, phase, usage, warn, signal }: Pick<Invocation, 'progress' | 'phase' | 'usage' | 'warn' | 'signal'>,
): Promise<StageMaker> {
  const target = resolveTarget(directives.target)
  if (target.arch === 'wasm32') throw usage('onnx-mlir makes no WebAssembly')
  progress(`reading ${path}`)
  const model = await readModel(path)
  expectSymbols(directives.dims, model, usage)
  const installation = await findOnnxMlir({ signal })
  if (!installation) throw missingOnnxMlir(target.name)
  // What was learnt about this compiler by trying it: each stage is a compile of its own.
  const known = capabilityStore(openCache({ warn }).store.folder)
  const capabilities = await capabilitiesOf(installation, known)
  const options = askedOf(directives)
  const isMade = (stage: Stage): boolean => isText(stage) && (!needsNnpa(stage) || usesNnpa(capabilities, options))
  return {
    model,
    target,
    compiler: compilerIdentity(installation, capabilities),
    texts: stages.filter(isMade),
    make: (stage, outDir) =>
      emitStage(installation, model, stage, nameOf(path), options, {
        outDir,
        signal,
        capabilityStore: known,
        onProgress: (step) => phase({ model: `${basename(path)}, ${stage}`, ...step }),
      }),
  }
}

/** @throws UsageError for a stage on the way to NNPA where the target has none */
export function expectStage(stage: Stage, { directives }: Request, usage: Invocation['usage']): void {
  const { name } = resolveTarget(directives.target)
  if (needsNnpa(stage) && !isNnpaLevel(name))
    throw usage(`there is no ${stage} for ${name}: only z16 and z17 have NNPA; say --target z16`)
}

import type { Target } from '../targets/target.ts'
import type { PlacementRule } from './placement.ts'

/** What to ask of onnx-mlir. Whatever is left out has the default stated here, whichever version runs: defaults are sent explicitly. */
export interface OnnxMlirOptions {
  readonly target: Target
  /** Optimisation level; default 3. */
  readonly optimize?: 0 | 1 | 2 | 3
  /** CPU to generate code for, instead of the target's own, e.g. `znver3`. */
  readonly march?: string
  /** `NNPA`: the accelerator of z16 and z17, the default for these where the compiler has it. `none`: CPU only. */
  readonly accel?: 'NNPA' | 'none'
  /** OpenMP threads inside the model, for all operators that can or for those listed (`onnx.MatMul`). Default false. */
  readonly parallel?: boolean | readonly string[]
  /** Symbolic dimension name → size that this build fixes it to. */
  readonly dims?: Readonly<Record<string, number>>
  /** Symbolic dimension name → what it will at least and at most be; checked at run time, and used by optimisations. */
  readonly bounds?: Readonly<Record<string, { readonly min?: number; readonly max?: number }>>
  /** Input name → shape; -1 stays dynamic. Wins over `dims`. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>
  /** Tell the compiler which dimensions are equal, from the model's symbolic ones. Default true. */
  readonly dimParams?: boolean
  /** Check inputs at run time; without it wrong shapes are undefined behaviour. Default true. */
  readonly verifyInputs?: boolean
  /** Large constants: `auto` moves them to a file beyond `thresholdGB` (1.5), `embed` never, `file` all beyond 1 KB. Default `auto`. */
  readonly constants?: 'auto' | 'embed' | 'file'
  /** Placement of operations on NNPA. */
  readonly placement?: { readonly rules: readonly PlacementRule[]; readonly origin: string }
  readonly placementHeuristic?: 'QualifyingOps' | 'FasterOps' | 'FasterOpsWSU' | 'MuchFasterOpsWSU'
  /** Dynamic int8 quantisation on z17: of weights and activations as listed (`symWeight`, `asymActivation`), or the default ones. */
  readonly quantize?: boolean | readonly string[]
  /** Profiling and tracing code inside the model. */
  readonly instrument?: Instrumentation
  /** `--opt-report`; one per compile. Lines are in the result's `output`. */
  readonly optReport?: 'Parallel' | 'Simd' | 'NNPAUnsupportedOps'
  /** Count operators by kind; in the result's `output`, as JSON. */
  readonly opStats?: boolean
  /** In IR text, say which node each operation comes from. Default false. */
  readonly locations?: boolean
  readonly fastMath?: boolean
  readonly modelSize?: 'small' | 'large'
  /** Compile threads; default: all CPUs. */
  readonly jobs?: number
  /** Further flags as the driver takes them, each a single word beginning with `-`. */
  readonly extra?: readonly string[]
}

export interface Instrumentation {
  /** Time of every operator, on ONNX or on ZHigh level. */
  readonly profile?: 'onnx' | 'zhigh'
  /** Regular expression over operator names (`onnx.Conv`): print their tensors' types and shapes at run time. */
  readonly signatures?: string
  /** Regular expression over node names: print their tensors' data at run time. */
  readonly nodes?: string
}

/** Intermediate and final products, in the order in which the compiler makes them. */
export const stages = ['onnx-basic', 'onnx-ir', 'zhigh', 'zlow', 'mlir', 'llvm-ir', 'obj', 'lib', 'jni'] as const
export type Stage = (typeof stages)[number]

/** Flag that asks for a stage, and the ending of what it writes; IR stages write `.onnx.mlir` and, with constants left out, `.tmp`. */
export const stageProducts: Readonly<Record<Stage, { readonly flag: string; readonly endings: readonly string[] }>> = {
  'onnx-basic': { flag: 'EmitONNXBasic', endings: ['.tmp', '.onnx.mlir'] },
  'onnx-ir': { flag: 'EmitONNXIR', endings: ['.tmp', '.onnx.mlir'] },
  zhigh: { flag: 'EmitZHighIR', endings: ['.tmp', '.onnx.mlir'] },
  zlow: { flag: 'EmitZLowIR', endings: ['.tmp', '.onnx.mlir'] },
  mlir: { flag: 'EmitMLIR', endings: ['.tmp', '.onnx.mlir'] },
  'llvm-ir': { flag: 'EmitLLVMIR', endings: ['.tmp', '.onnx.mlir'] },
  obj: { flag: 'EmitObj', endings: ['.o', '.obj'] },
  lib: { flag: 'EmitLib', endings: ['.so', '.dylib', '.dll'] },
  jni: { flag: 'EmitJNI', endings: ['.jar'] },
}

/** True for stages whose product is text that no machine runs: these can be made for any target on any machine. */
export function isText(stage: Stage): boolean {
  return stage !== 'obj' && stage !== 'lib' && stage !== 'jni'
}

/** The stages whose text can be shown. */
export const textStages: readonly Stage[] = stages.filter(isText)

/** True for stages on the way to the accelerator's code, which only z16 and z17 have. */
export function needsNnpa(stage: Stage): boolean {
  return stage === 'zhigh' || stage === 'zlow'
}

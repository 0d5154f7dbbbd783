import { symbolName } from '../graph/dim.ts'
import type { PlacementRule } from '../onnx-mlir/placement.ts'
import type { Model } from '../onnx/model.ts'
import { type CompilerSources, type CompiledVerdict, compiledVerdicts } from './compiler/verdicts.ts'
import { flopsByOrigin } from './flops.ts'
import { nodeNames } from './node-names.ts'
import type { NnpaLevel } from './nnpa-level.ts'
import { placedOnCpu } from './placement.ts'
import type { Device } from './placed.ts'
import { predict } from './predict.ts'
import { importProgram, type Step } from './program.ts'

/** Where the nodes of a model run on a machine with NNPA, why, and what they cost. Plain data: `*.nnpa.json` as it stands. */
export interface Report {
  readonly version: 1
  /** Path or name of the model. */
  readonly model: string
  readonly target: NnpaLevel
  /** `onnx-mlir`: as a compile of this model ended; `predicted`: by our own reading of the compiler's rules. */
  readonly source: 'onnx-mlir' | 'predicted'
  /** Name and version of the compiler that the report comes from. */
  readonly compiler?: string
  /** Sizes that symbolic dimensions were given. */
  readonly dims: Readonly<Record<string, number>>
  /** One per node of the model's main graph, in its order. */
  readonly nodes: readonly NodeReport[]
  readonly summary: Summary
}

export interface NodeReport {
  /** As in the model; nameless nodes are called `<Op>_<index>`. */
  readonly name: string
  /** With its domain, where that is not ONNX's own. */
  readonly op: string
  readonly device: Device
  /** Why it (or a part of it) is not on NNPA, in the compiler's words. */
  readonly reasons: readonly string[]
  /** Where the compiler says nothing: our own explanation. */
  readonly note?: string
  /** What the compiler chose before its last passes. */
  readonly chosen?: 'nnpa' | 'cpu'
  /** Names of nodes that are one operation with this one, at most 32. */
  readonly with: readonly string[]
  /** Floating-point operations of one run, symbolic dimensions taken as 1. */
  readonly flops: number
  /** Element type and shape of each output, e.g. `float32[batch, 10]`. */
  readonly outputs: readonly string[]
  /** Indices of the nodes whose outputs it takes. */
  readonly inputs: readonly number[]
}

export interface Summary {
  readonly nnpa: number
  readonly cpu: number
  readonly folded: number
  readonly flops: number
  /** Share of `flops` that runs on NNPA, from 0 to 1; 1 where there are none. */
  readonly flopsShare: number
}

export interface ReportOptions {
  /** Sizes for symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>
  /** What a compile of this model says; without it the report is predicted. */
  readonly compiled?: CompilerSources & { readonly compiler: { readonly name: string; readonly version: string } }
  /** A user's placement: the first rule that matches a node decides. */
  readonly placement?: readonly PlacementRule[]
}

/** The report on a model for z16 or z17, predicted or from what onnx-mlir said. */
export function createReport(model: Model, target: NnpaLevel, options: ReportOptions = {}): Report {
  const { dims = {}, compiled, placement } = options
  const program = importProgram(model, new Map(Object.entries(dims)))
  const steps = program.steps
  const names = nodeNames(model)
  const flops = flopsByOrigin(program.lowered)
  const inputs = edges(steps)
  const onCpu = placedOnCpu(model, placement ?? [])
  // The passes change steps from here on.
  const predicted = predict(program, target, { isOnCpu: (node) => onCpu.has(node) })
  const verdicts: readonly CompiledVerdict[] = compiled ? compiledVerdicts(names, compiled, predicted) : predicted
  const nodes = steps.map((step, i): NodeReport => {
    const { partners, ...verdict } = verdicts[i]!
    return {
      name: names[i]!,
      op: step.operator,
      ...verdict,
      with: partners.map((other) => names[other]!),
      flops: flops.get(i) ?? 0,
      outputs: outputTexts(step),
      inputs: inputs[i]!,
    }
  })
  return {
    version: 1,
    model: model.path,
    target,
    source: compiled ? 'onnx-mlir' : 'predicted',
    ...(compiled && { compiler: `${compiled.compiler.name} ${compiled.compiler.version}`.trim() }),
    dims,
    nodes,
    summary: summarise(nodes),
  }
}

function summarise(nodes: readonly NodeReport[]): Summary {
  const count = (device: Device): number => nodes.filter((node) => node.device === device).length
  const work = workOf(nodes)
  const flopsOn = (place: Device): number =>
    nodes.reduce((sum, node) => sum + (node.device === place ? work.get(node.name)! : 0), 0)
  const onNnpa = flopsOn('nnpa')
  const flops = onNnpa + flopsOn('cpu')
  return {
    nnpa: count('nnpa'),
    cpu: count('cpu'),
    folded: count('folded'),
    flops,
    flopsShare: flops === 0 ? 1 : onNnpa / flops,
  }
}

/**
 * Floating-point operations by node name, those of nodes that became part of another counted there: it does their work.
 * What is computed at compile time costs nothing at run time.
 */
export function workOf(nodes: readonly NodeReport[]): ReadonlyMap<string, number> {
  const work = new Map(nodes.map(({ name, device, flops }) => [name, device === 'folded' ? 0 : flops]))
  const devices = new Map(nodes.map(({ name, device }) => [name, device]))
  for (const { device, flops, with: others } of nodes) {
    const heir = device === 'folded' ? others.find((name) => devices.get(name) !== 'folded') : undefined
    if (heir !== undefined) work.set(heir, work.get(heir)! + flops)
  }
  return work
}

/** For each step, the indices of those whose outputs it takes. */
function edges(steps: readonly Step[]): number[][] {
  const producers = new Map(steps.flatMap((step, i) => step.outputs.map((output) => [output, i] as const)))
  return steps.map(({ inputs }) => {
    const sources = inputs.map((input) => input && producers.get(input)).filter((source) => source !== undefined)
    return [...new Set(sources)]
  })
}

function outputTexts({ outputs }: Step): string[] {
  return outputs.map(({ type, shape }) => {
    // Symbols that nobody named begin with a question mark.
    const dims = shape?.map((dim) => (symbolName(dim)?.startsWith('?') ? '?' : String(dim)))
    return `${type}[${dims?.join(', ') ?? '…'}]`
  })
}

/** What is missing to a share of the floating-point operations on NNPA, for builds that should fail then; `undefined`: nothing. */
export function checkMinimum({ model, target, summary }: Report, minNnpa: number): string | undefined {
  const { flopsShare } = summary
  if (flopsShare >= minNnpa) return undefined
  return `Model ${model}: ${percent(flopsShare)} of the floating-point operations run on NNPA (${target}), less than the ${percent(minNnpa)} asked for. See the report for the reasons.`
}

/** `0.9312` → `93.1 %`; never rounded up to 100 %. */
export function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(share === 1 ? 0 : 1)} %`
}

import { symbolName } from '../graph/dim.ts'
import { allNodes } from '../graph/graph.ts'
import type { PlacementRule } from '../onnx-mlir/placement.ts'
import type { Model } from '../onnx/model.ts'
import { graphIfReadable } from '../ops/index.ts'
import { type CompilerSources, type CompiledVerdict, compiledVerdicts } from './compiler/verdicts.ts'
import { assumedDims, assumedText } from './assumed.ts'
import { flopsByOrigin } from './flops.ts'
import { nodeNames } from './node-names.ts'
import type { NnpaLevel } from './nnpa-level.ts'
import { placedOnCpu } from './placement.ts'
import type { Device } from './placed.ts'
import { predict } from './predict.ts'
import { importProgram, type Program, type Step } from './program.ts'

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
  /** Symbolic dimensions that were given none, which the FLOPs take as 1: `x[1]` where axis 1 of input x has no name. */
  readonly assumedOne: readonly string[]
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
  /** Floating-point operations of one run, symbolic dimensions taken as 1; 0 where they are unknown. */
  readonly flops: number
  /** Where nobody can count them: an operator that only onnx-mlir knows, or sizes that no run with all of 1 has. */
  readonly uncounted?: true
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
  /** How many nodes have unknown FLOPs, which the share then knows nothing of. */
  readonly uncounted: number
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
  const sizes = new Map(Object.entries(dims))
  const program = importProgram(model, sizes)
  const steps = program.steps
  const names = nodeNames(model)
  const flops = workByNode(model, program, sizes)
  const inputs = edges(steps)
  const assumedOne = assumedDims([...program.inputs], steps)
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
      ...(flops.has(i) && flops.get(i) === undefined && verdict.device !== 'folded' && { uncounted: true as const }),
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
    assumedOne,
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
    uncounted: nodes.filter(({ uncounted }) => uncounted).length,
  }
}

/**
 * Floating-point operations by node, `undefined` where they are unknown. What has a body of its own, a branch or a function, is
 * counted in the graph of the built-in compiler, if that can read the model.
 */
function workByNode(
  model: Model,
  { lowered, foreign }: Program,
  dims: ReadonlyMap<string, number>,
): ReadonlyMap<number, number | undefined> {
  const work = flopsByOrigin(lowered)
  if (foreign.size === 0) return work
  const graph = graphIfReadable(model, dims)
  const inside = graph && flopsByOrigin(allNodes(graph))
  for (const node of foreign) work.set(node, inside ? (inside.has(node) ? inside.get(node) : 0) : undefined)
  return work
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

/** Why a build that asks for a share of its work on NNPA does not have it. */
export interface Shortfall {
  readonly text: string
  /** Whether there is nothing to share: no work at all. */
  readonly isOfNothing: boolean
}

/** What is missing to a share of the floating-point operations on NNPA, for builds that should fail then; `undefined`: nothing. */
export function checkMinimum(report: Report, minNnpa: number): Shortfall | undefined {
  const { model, target, assumedOne, nodes, summary } = report
  const { flops, flopsShare } = summary
  if (minNnpa === 0) return undefined
  const told = (isOfNothing: boolean, text: string): Shortfall => ({ text: `Model ${model}: ${text}`, isOfNothing })
  const [lost, ...others] = nodes.filter(({ uncounted }) => uncounted)
  // What can't be counted on NNPA only adds to a share.
  const isLeast = lost !== undefined && [lost, ...others].every(({ device }) => device === 'nnpa')
  if (flopsShare >= minNnpa && (isLeast || (lost === undefined && flops > 0))) return undefined
  if (lost)
    return told(
      false,
      `what share of the floating-point operations runs on NNPA (${target}) is unknown, and ${percent(minNnpa)} are asked for: those of node ${JSON.stringify(lost.name)} (${lost.op}) on ${lost.device === 'cpu' ? 'the CPU' : 'NNPA'} can't be counted${others.length > 0 ? `, nor those of ${others.length} more` : ''}. ` +
        `Symbolic sizes may decide them (inspect says which): give them in the import (dims=batch_1) or by --dims batch=1. A minimum of 0 asks for nothing.`,
    )
  if (flops === 0)
    return told(
      true,
      `it has no floating-point operations, so no share of them runs on NNPA (${target}), and ${percent(minNnpa)} are asked for. A minimum of 0 asks for nothing.`,
    )
  const sizes = assumedText(assumedOne)
  return told(
    false,
    `${percent(flopsShare)} of the floating-point operations run on NNPA (${target}${sizes ? `, ${sizes}` : ''}), less than the ${percent(minNnpa)} asked for. See the report for the reasons.`,
  )
}

/** `0.9312` → `93.1 %`; never rounded up to 100 %. */
export function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(share === 1 ? 0 : 1)} %`
}

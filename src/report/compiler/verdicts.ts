import { UsageError } from '../../errors/index.ts'
import { parsePlacement, type PlacementRule } from '../../onnx-mlir/placement.ts'
import type { Device } from '../placed.ts'
import type { Verdict } from '../predict.ts'
import { type IrOperation, isAccelerated, parseFinalIr } from './final-ir.ts'
import { type FindNodes, nodeFinder } from './names.ts'
import { parseUnsupportedLine } from './unsupported.ts'

/** What a compile of onnx-mlir tells of NNPA; `reportCompile` gives it. */
export interface CompilerSources {
  /** Final ZHigh IR with locations: where everything really runs. */
  readonly ir: string
  /** Why operations don't run on NNPA. */
  readonly reportLines: readonly string[]
  /** The saved placement: what was chosen before. */
  readonly placement: string | undefined
}

/** A verdict with what was chosen at first, which later passes may undo. */
export interface CompiledVerdict extends Verdict {
  readonly chosen?: 'nnpa' | 'cpu'
}

/**
 * One verdict per node from the compiler's three sources; what it never mentions is filled in from `predicted`.
 * @param names of the nodes as the compiler was given them, all different
 */
export function compiledVerdicts(
  names: readonly string[],
  sources: CompilerSources,
  predicted: readonly Verdict[],
): CompiledVerdict[] {
  const nodesOf = nodeFinder(names)
  const operations = parseFinalIr(sources.ir)
  const devices = devicesIn(operations, nodesOf)
  // Without names on everything, what isn't found may well be there.
  const hasNameless = operations.some(
    (operation) => isAccelerated(operation) && operation.names.flatMap(nodesOf).length === 0,
  )
  const reasons = new Map<number, Set<string>>()
  for (const line of sources.reportLines.map(parseUnsupportedLine)) {
    for (const node of line ? nodesOf(line.node) : [])
      reasons.set(node, (reasons.get(node) ?? new Set()).add(line!.reason))
  }
  const chosen = choices(sources.placement, nodesOf)
  return names.map((_, node) => {
    const ours = predicted[node]!
    const device = devices.get(node) ?? (hasNameless ? ours.device : 'folded')
    const said = reasons.get(node)
    const unsaid = device === ours.device ? ours.reasons : []
    const choice = chosen.get(node)
    const { note: ourNote, ...verdict } = ours
    const note = noteOf(device, choice, said === undefined && device === ours.device ? ourNote : undefined)
    return {
      ...verdict,
      device,
      reasons: said ? [...said] : unsaid,
      ...(note && { note }),
      ...(choice && { chosen: choice }),
    }
  })
}

/** What the saved placement says; nothing where it can't be read, as it decides nothing. */
function choices(placement: string | undefined, nodesOf: FindNodes): Map<number, 'nnpa' | 'cpu'> {
  const chosen = new Map<number, 'nnpa' | 'cpu'>()
  for (const { nodeName, device } of rulesOf(placement)) {
    if (nodeName !== undefined && device) for (const node of nodesOf(nodeName)) chosen.set(node, device)
  }
  return chosen
}

function rulesOf(placement: string | undefined): readonly PlacementRule[] {
  if (placement === undefined) return []
  try {
    return parsePlacement(placement, 'the saved placement')
  } catch (error) {
    if (error instanceof UsageError) return []
    throw error
  }
}

function noteOf(device: Device, chosen: 'nnpa' | 'cpu' | undefined, ours: string | undefined): string | undefined {
  if (device !== 'cpu') return undefined
  return (
    ours ?? (chosen === 'nnpa' ? 'It was chosen for NNPA, but a later pass of the compiler took it back.' : undefined)
  )
}

function devicesIn(operations: readonly IrOperation[], nodesOf: FindNodes): Map<number, Device> {
  const devices = new Map<number, Device>()
  for (const operation of operations) {
    const device = isAccelerated(operation) ? 'nnpa' : 'cpu'
    for (const node of operation.names.flatMap(nodesOf)) {
      // Conversions and padding around a node's own work carry its name too.
      if (device === 'nnpa' || !devices.has(node)) devices.set(node, device)
    }
  }
  return devices
}

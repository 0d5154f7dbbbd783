import type { PlacementDialect } from '../onnx-mlir/capabilities.ts'
import { formatPlacement, type PlacementRule, unmatchedRules } from '../onnx-mlir/placement.ts'
import { UsageError } from '../errors/index.ts'
import type { Model } from '../onnx/model.ts'
import { didYouMean } from '../request/suggest.ts'
import { nodeNames } from './node-names.ts'
import type { Device } from './placed.ts'

/**
 * Indices of the nodes that a placement puts on the CPU: the first rule that matches a node decides. Conditions on
 * inputs and outputs are the compiler's to judge; a rule that has some is not taken to match.
 */
export function placedOnCpu(model: Model, rules: readonly PlacementRule[]): Set<number> {
  const compiled = rules
    .filter(({ device, conditions }) => device !== undefined && conditions === undefined)
    .map(({ nodeType, nodeName, device }) => ({ type: whole(nodeType), name: whole(nodeName), device }))
  const names = nodeNames(model)
  const onCpu = new Set<number>()
  model.graph.nodes.forEach(({ op }, i) => {
    const rule = compiled.find(({ type, name }) => type.test(`onnx.${op}`) && name.test(names[i]!))
    if (rule?.device === 'cpu') onCpu.add(i)
  })
  return onCpu
}

function whole(pattern = '.*'): RegExp {
  return new RegExp(`^(?:${pattern})$`, 's')
}

/** @throws UsageError `USAGE_PLACEMENT` if a rule names no node of the model, or is no regular expression */
export function expectMatches(model: Model, rules: readonly PlacementRule[], origin: string): void {
  const [unmatched] = unmatchedRules(rules, model, origin)
  if (!unmatched) return
  const name = unmatched.nodeName ?? ''
  const names = nodeNames(model)
  throw new UsageError(
    'USAGE_PLACEMENT',
    `${origin}: no node of ${model.path} is called ${JSON.stringify(name)} (names are regular expressions over the whole name).${didYouMean(name, names)}`,
    { model: model.path, file: origin, given: name },
  )
}

/** What a placement is made of: where each node of the model is, in its order. */
export interface Placed {
  readonly nodes: readonly { readonly device: Device }[]
}

/**
 * Where a report's nodes are, as a placement to edit: the JSON text in a dialect of onnx-mlir. Left out are nodes that
 * are nowhere, that have no name to match, and that aren't ONNX's own.
 */
export function placementOf(report: Placed, model: Model, dialect: PlacementDialect): string {
  const rules = model.graph.nodes.flatMap(({ name, op, domain }, i): PlacementRule[] => {
    const { device } = report.nodes[i]!
    if (device === 'folded' || name === '' || domain !== '') return []
    return [{ nodeType: `onnx.${op}`, nodeName: escaped(name), device }]
  })
  return `${formatPlacement(rules, dialect)}\n`
}

/** A regular expression that matches exactly this text. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/**
 * Placement files: which operations run on NNPA, as the user edits them and as each generation of onnx-mlir reads them.
 * Sources: onnx-mlir docs/JsonConfigFile-NNPA.md and docs/DevicePlacement-NNPA.md.
 */
import { UsageError } from '../errors/index.ts'
import type { Model } from '../onnx/model.ts'
import { type PlacementDialect, placementFlags } from './capabilities.ts'

/** One rule; the first that matches a node decides. */
export interface PlacementRule {
  /** ECMAScript regular expression over the whole `onnx.<Op>`; absent: any operator. */
  readonly nodeType?: string
  /** ECMAScript regular expression over the whole node name; absent: any node. */
  readonly nodeName?: string
  readonly device?: 'nnpa' | 'cpu' | ''
  readonly quantize?: boolean
  /** Further conditions (`inputs`, `outputs`), which only the dialect `config-file` knows. */
  readonly conditions?: Readonly<Record<string, unknown>>
}

/**
 * Reads a placement in either format.
 * @param origin what to call it in errors, e.g. its path
 * @throws UsageError `USAGE_PLACEMENT`
 */
export function parsePlacement(text: string, origin: string): readonly PlacementRule[] {
  const fail = (reason: string) => new UsageError('USAGE_PLACEMENT', `${origin}: ${reason}`, { file: origin })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw fail(`not JSON (${(cause as Error).message}).`)
  }
  const config = asRecord(json)?.['nnpa_ops_config']
  const placement = asRecord(json)?.['device_placement']
  const quantization = asRecord(json)?.['quantization'] ?? []
  if (Array.isArray(config))
    return config.map((entry, i) => ruleFromConfig(entry) ?? raise(fail(bad('nnpa_ops_config', i))))
  if (Array.isArray(placement) && Array.isArray(quantization)) {
    const flat = [...placement, ...quantization]
    return flat.map((entry, i) => ruleFromFlat(entry) ?? raise(fail(bad('device_placement', i))))
  }
  throw fail('it has neither "nnpa_ops_config" nor "device_placement" with a list.')
}

/**
 * The JSON text that an onnx-mlir of this dialect loads.
 * @throws UsageError `USAGE_PLACEMENT` if it can't express a rule
 */
export function formatPlacement(rules: readonly PlacementRule[], dialect: PlacementDialect): string {
  if (dialect === 'none') {
    throw new UsageError(
      'USAGE_PLACEMENT',
      'This onnx-mlir can’t load a placement: it has no option for that. Use 0.4.2 or later, built with NNPA.',
    )
  }
  if (placementFlags[dialect].member === 'nnpa_ops_config') {
    return JSON.stringify({ nnpa_ops_config: rules.map(configFromRule) }, null, 2)
  }
  if (rules.some((rule) => rule.conditions !== undefined)) {
    const message =
      'The placement has conditions on inputs or outputs, which this onnx-mlir doesn’t know; it needs one with --config-file.'
    throw new UsageError('USAGE_PLACEMENT', message)
  }
  const named = ({ nodeType = '.*', nodeName = '.*' }: PlacementRule) => ({
    node_type: nodeType,
    onnx_node_name: nodeName,
  })
  const placed = rules.filter((rule) => rule.device !== undefined)
  const quantized = rules.filter((rule) => rule.quantize !== undefined)
  const placement = placed.map((rule) => ({ device: rule.device, ...named(rule) }))
  const quantization = quantized.map((rule) => ({ ...named(rule), quantize: rule.quantize }))
  const both = dialect === 'nnpa-config' && quantization.length > 0
  return JSON.stringify(both ? { device_placement: placement, quantization } : { device_placement: placement }, null, 2)
}

/**
 * The rules as the compiler has to see them. It matches what it has made of the model's nodes: a fused operation is
 * called after all its nodes (`Add_1-MatMul_0_0`), parts of a node bear a number (`BN_0`), and some operators have
 * another name (`onnx.MaxPoolSingleOut`); a rule without an operator is ignored. So whatever comes from a node that
 * belongs on the CPU is put there first.
 * Seen at commit cc5be7b.
 */
export function rulesForCompiler(rules: readonly PlacementRule[], { graph }: Model): readonly PlacementRule[] {
  const names = graph.nodes.map(({ name }) => name)
  const decided = rules.filter(({ device, conditions }) => device !== undefined && conditions === undefined)
  const onCpu = graph.nodes.flatMap(({ op, name }): PlacementRule[] => {
    const rule = decided.find(
      ({ nodeType = '.*', nodeName = '.*' }) => isWhole(nodeType, `onnx.${op}`) && isWhole(nodeName, name),
    )
    return name !== '' && rule?.device === 'cpu'
      ? [{ nodeType: '.*', nodeName: madeFrom(name, names), device: 'cpu' }]
      : []
  })
  return [...onCpu, ...rules.map((rule) => ({ ...rule, nodeType: anyForm(rule.nodeType) }))]
}

/** Matches the names of operations that the compiler makes from a node, and of no other node of the model. */
function madeFrom(name: string, names: readonly string[]): string {
  const numbered = names.filter((other) => other.startsWith(`${name}_`) && /^\d+$/.test(other.slice(name.length + 1)))
  const others = numbered.length === 0 ? '' : `(?!(?:${numbered.map(escapeRegExp).join('|')})$)`
  return `${others}(?:.*-)?${escapeRegExp(name)}(?:-.*)?(?:_[0-9]+)?`
}

/** A plain operator type, in all forms that the ONNX dialect has of it; a regular expression stays as it is. */
function anyForm(nodeType = '.*'): string {
  return /^onnx\\?\.\w+$/.test(nodeType) ? `${nodeType}(?:SingleOut|InferenceMode|V[0-9]+)?` : nodeType
}

function isWhole(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 's').test(text)
}

/** A regular expression that matches exactly this text. */
function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/**
 * Rules whose node name matches no node of the model, so that a typing error doesn't silently place nothing.
 * The compiler names nameless nodes `<Op>_<n>` and adds `_<n>` to parts of a node that it splits.
 * @throws UsageError `USAGE_PLACEMENT` for a name that is no regular expression
 */
export function unmatchedRules(
  rules: readonly PlacementRule[],
  model: Model,
  origin: string,
): readonly PlacementRule[] {
  const nodes = model.graph.nodes.map((node, i) => node.name || `${node.op}_${i}`)
  const nameless = new Set(model.graph.nodes.filter((node) => node.name === '').map((node) => node.op))
  return rules.filter(({ nodeName }) => {
    if (nodeName === undefined) return false
    const pattern = wholeMatch(nodeName, origin)
    const withoutSuffix = nodeName.replace(/(_\d+)+$/, '')
    return !nodes.some((name) => pattern.test(name) || name === withoutSuffix) && !nameless.has(withoutSuffix)
  })
}

function wholeMatch(source: string, origin: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`)
  } catch {
    const message = `${origin}: ${JSON.stringify(source)} is no regular expression; names are matched as such, so escape . + ( ) [ ] / as \\. and so on.`
    throw new UsageError('USAGE_PLACEMENT', message, { file: origin })
  }
}

function ruleFromConfig(entry: unknown): PlacementRule | undefined {
  const pattern = asRecord(asRecord(entry)?.['pattern'])
  const match = asRecord(pattern?.['match'])
  const rewrite = asRecord(pattern?.['rewrite'])
  if (match === undefined || rewrite === undefined) return undefined
  const { node_type, onnx_node_name, ...conditions } = match
  const rule = ruleOf(node_type, onnx_node_name, rewrite['device'], rewrite['quantize'])
  return rule && Object.keys(conditions).length > 0 ? { ...rule, conditions } : rule
}

function ruleFromFlat(entry: unknown): PlacementRule | undefined {
  const record = asRecord(entry)
  return record && ruleOf(record['node_type'], record['onnx_node_name'], record['device'], record['quantize'])
}

function ruleOf(nodeType: unknown, nodeName: unknown, device: unknown, quantize: unknown): PlacementRule | undefined {
  if (!isOptional(nodeType, 'string') || !isOptional(nodeName, 'string') || !isOptional(quantize, 'boolean'))
    return undefined
  if (device !== undefined && device !== 'nnpa' && device !== 'cpu' && device !== '') return undefined
  if (device === undefined && quantize === undefined) return undefined
  return {
    ...(nodeType === undefined ? {} : { nodeType }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(device === undefined ? {} : { device }),
    ...(quantize === undefined ? {} : { quantize }),
  }
}

function configFromRule(rule: PlacementRule): object {
  const { nodeType, nodeName, device, quantize, conditions } = rule
  // JSON.stringify leaves out members that are undefined.
  return {
    pattern: { match: { node_type: nodeType, onnx_node_name: nodeName, ...conditions }, rewrite: { device, quantize } },
  }
}

function isOptional<T extends 'string' | 'boolean'>(
  value: unknown,
  type: T,
): value is (T extends 'string' ? string : boolean) | undefined {
  return value === undefined || typeof value === type
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

function bad(member: string, index: number): string {
  return `entry ${index} of "${member}" is not a rule with device "nnpa" or "cpu" (or quantize).`
}

function raise(error: Error): never {
  throw error
}

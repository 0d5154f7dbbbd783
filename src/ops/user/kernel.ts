import { dimEquals } from '../../graph/dim.ts'
import type { Dim } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { InferContext } from '../../graph/operator.ts'
import { type InputRule, takes } from '../../graph/rules.ts'
import { OnnxMlirError, UsageError } from '../../errors/index.ts'
import type { UserOperator } from '../../onnx/user-operator.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import type { RegistryOf } from '../registry.ts'
import { ruleOf } from './shape-text.ts'
import { userOperator } from './operator.ts'

/**
 * Operators among which a target's kernels stand for those of ONNX, wherever nodes meet what the kernels ask for: element types, axes,
 * attributes, and a result of the shape that ONNX says. All other nodes are compiled as ever.
 *
 * @throws UsageError `USAGE_OPERATOR` for a kernel whose operator is none
 */
export function withKernels(
  registry: RegistryOf<LoweredOperator>,
  kernels: readonly UserOperator[],
): RegistryOf<LoweredOperator> {
  if (kernels.length === 0) return registry
  const stray = kernels.find(({ domain, name }) => !registry.find(domain, name, Number.MAX_SAFE_INTEGER))
  if (stray) {
    const label = stray.domain === '' ? stray.name : `${stray.domain}.${stray.name}`
    const message = `Kernel for ${label}: there is no such operator for it to stand for. Names are as ONNX writes them, like MatMul; operators of your own are defined by defineOperator().`
    throw new UsageError('USAGE_OPERATOR', message, { operator: label })
  }
  const replaced = new Map<LoweredOperator, LoweredOperator>()
  return {
    find(domain, op, version) {
      const ours = registry.find(domain, op, version)
      const own = kernels.filter((one) => one.domain === domain && one.name === op && one.since <= version)
      if (!ours || own.length === 0) return ours
      let found = replaced.get(ours)
      if (!found) replaced.set(ours, (found = withOwn(ours, own)))
      return found
    },
  }
}

function withOwn(ours: LoweredOperator, kernels: readonly UserOperator[]): LoweredOperator {
  const own = kernels.map((kernel) => {
    const { inputs } = takes(kernel.inputs, kernel.types)
    return { inputs, operator: userOperator(kernel) }
  })
  return {
    ...ours,
    decompose(node, builder) {
      const chosen = own.find(({ inputs, operator }) => fits(node, inputs) && givesTheSame(node, operator, ours))
      return (chosen?.operator ?? ours).decompose?.(node, builder)
    },
  }
}

/** Whether inputs are what rules ask for, as far as it is known ahead: what isn't known doesn't fit. */
function fits(node: Node, rules: readonly InputRule[]): boolean {
  const types = new Map<string, string>()
  const sizes = new Map<string, Dim>()
  const rests = new Map<string, readonly Dim[]>()
  if (node.inputs.length > rules.length && rules.at(-1)?.presence !== 'repeated') return false
  const given = node.inputs.every((input, i) => {
    const rule = ruleOf(rules, i)
    if (!rule) return false
    if (!input) return rule.presence === 'optional'
    if (input.kind !== 'tensor' || !rule.types.has(input.type)) return false
    if (rule.variable && (types.get(rule.variable) ?? input.type) !== input.type) return false
    if (rule.variable) types.set(rule.variable, input.type)
    return hasShape(input, rule, sizes, rests)
  })
  return (
    given &&
    rules.slice(node.inputs.length).every(({ presence, atLeastOnce }) => presence !== 'required' && !atLeastOnce)
  )
}

function hasShape(
  { shape: dims }: Value,
  { shape }: InputRule,
  sizes: Map<string, Dim>,
  rests: Map<string, readonly Dim[]>,
): boolean {
  if (shape === undefined) return true
  if (dims === undefined) return false
  if (shape === 'single') return dims.length <= 1 && dims.every((dim) => dim === 1)
  if (shape === 'list') return dims.length <= 1
  const many = shape.findIndex(({ kind }) => kind === 'rest' || kind === 'broadcast')
  const behind = many < 0 ? 0 : shape.length - many - 1
  if (many < 0 ? dims.length !== shape.length : dims.length < shape.length - 1) return false
  return shape.every((axis, i) => {
    if (axis.kind === 'broadcast') return false // the user's kernel would have to know how
    if (axis.kind === 'rest') return sameRest(axis.name, dims.slice(many, dims.length - behind), rests)
    const dim = dims[many < 0 || i < many ? i : dims.length - shape.length + i]!
    if (axis.kind === 'size') return dim === axis.size
    if (axis.kind !== 'named') return true
    const known = sizes.get(axis.name)
    sizes.set(axis.name, known ?? dim)
    return known === undefined || dimEquals(known, dim)
  })
}

function sameRest(name: string | undefined, dims: readonly Dim[], rests: Map<string, readonly Dim[]>): boolean {
  if (name === undefined) return true
  const known = rests.get(name) ?? dims
  rests.set(name, known)
  return known.length === dims.length && known.every((dim, i) => dimEquals(dim, dims[i]!))
}

/** What needs a graph around it has no kernel of its own. */
const nothing: InferContext = {
  freshDim: declined,
  subgraph: declined,
  inside: declined,
}

class Declined extends Error {}
function declined(): never {
  throw new Declined()
}

/** Whether a kernel's results are of the types and shapes that ONNX says of the node's. */
function givesTheSame(node: Node, own: LoweredOperator, ours: LoweredOperator): boolean {
  try {
    const given = own.infer(node, nothing)
    const expected = ours.infer(node, nothing)
    return given.every(({ type, shape }, i) => {
      const other = expected[i]
      const same =
        shape &&
        other?.shape &&
        shape.length === other.shape.length &&
        shape.every((dim, axis) => dimEquals(dim, other.shape![axis]!))
      return other?.type === type && same === true
    })
  } catch (error) {
    if (error instanceof Declined || error instanceof OnnxMlirError) return false
    throw error
  }
}

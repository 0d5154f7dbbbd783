import { UsageError } from '../errors/index.ts'
import type { Model, OnnxDim, TypeInfo, ValueInfo } from '../onnx/model.ts'
import { defaultLimits } from '../onnx/limits.ts'

/*
 * Sizes that a user gives a model's inputs before it is compiled: by the name of a dimension, `x[1]` for axis 1 of input x
 * where that has no name, and `rank(x)` for the number of axes of an input that states none.
 */

type Sizes = ReadonlyMap<string, number>

/** What sizes can be given for; `rank(x)` among those that are given brings axes of its own. */
export function sizeNames({ graph }: Model, given: Sizes): string[] {
  const names = graph.inputs.flatMap((input) => [
    ...(isUnranked(input.type) ? [rankName(input.name)] : []),
    ...axisNames(withRank(input, given)),
  ])
  return [...new Set(names)]
}

function axisNames({ name, type }: ValueInfo): string[] {
  if (type?.kind !== 'tensor') return []
  return (type.shape ?? []).flatMap((dim, axis) => (typeof dim === 'number' ? [] : [dim || axisName(name, axis)]))
}

function axisName(input: string, axis: number): string {
  return `${input}[${axis}]`
}

/** What the number of axes of an input is given by. */
export function rankName(input: string): string {
  return `rank(${input})`
}

export function isUnranked(type: TypeInfo | undefined): type is TypeInfo & { kind: 'tensor' } {
  return type?.kind === 'tensor' && !type.shape
}

/**
 * The model with these sizes stated by its inputs.
 *
 * @throws UsageError `USAGE_DIMS` for a name that no input has
 */
export function withSizes(model: Model, sizes: Sizes): Model {
  if (sizes.size === 0) return model
  const known = new Set(sizeNames(model, sizes))
  for (const name of sizes.keys()) if (!known.has(name)) throw unknownName(model, name, [...known])
  const inputs = model.graph.inputs.map((input): ValueInfo => {
    const { name, type } = withRank(input, sizes)
    if (type?.kind !== 'tensor' || !type.shape) return input
    const sizeOf = (dim: OnnxDim, axis: number): OnnxDim =>
      typeof dim === 'number' ? dim : (sizes.get(dim || axisName(name, axis)) ?? dim)
    return { name, type: { ...type, shape: type.shape.map(sizeOf) } }
  })
  return { ...model, graph: { ...model.graph, inputs } }
}

/** @throws UsageError `USAGE_DIMS` for a rank that no tensor can have */
function withRank(input: ValueInfo, sizes: Sizes): ValueInfo {
  const { name, type } = input
  const rank = sizes.get(rankName(name))
  if (rank === undefined || !isUnranked(type)) return input
  if (rank <= defaultLimits.rank)
    return { name, type: { ...type, shape: Array.from({ length: rank }, () => undefined) } }
  const problem = `${rankName(name)} is ${rank}, but a tensor has at most ${defaultLimits.rank} axes.`
  throw new UsageError('USAGE_DIMS', problem, { dimension: rankName(name) })
}

function unknownName({ path }: Model, name: string, known: readonly string[]): UsageError {
  const there = known.map((one) => JSON.stringify(one)).join(', ')
  return new UsageError(
    'USAGE_DIMS',
    `Model ${path}: no input has a dimension called ${JSON.stringify(name)}. ${there ? `Its inputs have ${there}` : 'All its dimensions are fixed'}.`,
    { model: path, dimension: name },
  )
}

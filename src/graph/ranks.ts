import { CompileError } from '../errors/index.ts'
import type { Model, ValueInfo } from '../onnx/model.ts'
import { listed } from '../runtime/shorten.ts'
import { isUnranked, rankName } from './given-sizes.ts'
import type { Graph, Value } from './graph.ts'

/** The highest rank that is tried for an input that states none. */
const HIGHEST_RANK = 8

/** Each input that states no rank multiplies the attempts by nine. */
const MOST_UNRANKED = 2

/** A way to read a model: ranks of the inputs that state none, in order. */
interface Reading {
  readonly ranks: readonly number[]
  readonly model: Model
  readonly graph: Graph
}

/**
 * A model with a rank for each input, where the file leaves one open: the only one that its nodes take (weights of rank
 * 4 say so of what a Conv convolves), and that gives outputs of the ranks that the file states.
 *
 * @param importAs gives the graph of the model with ranks tried; throws what `importModel` throws
 * @throws CompileError `UNSUPPORTED_INPUT` where no rank would do, or several
 */
export function withRanks(model: Model, importAs: (candidate: Model) => Graph): Model {
  const open = model.graph.inputs.filter(({ type }) => isUnranked(type))
  if (open.length === 0) return model
  const names = open.map(({ name }) => JSON.stringify(name)).join(' and ')
  const refuse = (problem: string): CompileError =>
    new CompileError(
      'UNSUPPORTED_INPUT',
      `Model ${model.path}: no stated rank for input ${names}, and ${problem}. Give it ("dims": ${rankName(open[0]!.name)}), or state a shape in the model; dimensions that vary may have any names.`,
      { model: model.path },
    )
  if (open.length > MOST_UNRANKED) throw refuse(`for more than ${MOST_UNRANKED} inputs it is not worked out`)
  const readings: Reading[] = []
  let failure: CompileError | undefined
  for (const ranks of tuplesOf(open.length)) {
    try {
      const candidate = withRanksOf(model, ranks)
      readings.push({ ranks, model: candidate, graph: importAs(candidate) })
    } catch (error) {
      if (!(error instanceof CompileError)) throw error
      failure = error
    }
  }
  const fitting = readings.filter((reading) => givesStatedRanks(model, reading))
  const [only, ...others] = fitting.length > 0 ? fitting : readings
  if (!only) throw refuse(`none from 0 to ${HIGHEST_RANK} would do: ${failure?.message}`)
  if (others.length === 0) return only.model
  throw refuse(`its nodes take ranks ${listed([only, ...others].map(({ ranks }) => ranks.join(' and ')))} alike`)
}

function* tuplesOf(length: number): Generator<number[]> {
  if (length === 0) return yield []
  for (let rank = 0; rank <= HIGHEST_RANK; rank++) for (const rest of tuplesOf(length - 1)) yield [rank, ...rest]
}

function withRanksOf(model: Model, ranks: readonly number[]): Model {
  const left = [...ranks]
  const inputs = model.graph.inputs.map((input): ValueInfo => {
    const { name, type } = input
    if (!isUnranked(type)) return input
    return { name, type: { ...type, shape: Array.from({ length: left.shift()! }, () => undefined) } }
  })
  return { ...model, graph: { ...model.graph, inputs } }
}

function givesStatedRanks(model: Model, { graph }: Reading): boolean {
  return statedRankMissed(model.graph.outputs, graph.outputs) === undefined
}

/** Says which of the values is of another rank than the file states for the output that it is; `undefined`: none. */
export function statedRankMissed(
  outputs: readonly ValueInfo[],
  values: readonly (Value | undefined)[],
): string | undefined {
  for (const [i, { name, type }] of outputs.entries()) {
    const stated = type?.kind === 'tensor' ? type.shape?.length : undefined
    const given = values[i]?.shape?.length
    if (stated !== undefined && given !== undefined && stated !== given)
      return `output ${JSON.stringify(name)} is stated to be of rank ${stated}, not ${given}`
  }
  return undefined
}

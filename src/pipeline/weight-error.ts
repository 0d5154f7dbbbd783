import { basename } from 'node:path'
import type { Artifact } from '../cache/artifact.ts'
import { rememberByStat } from '../cache/file-memo.ts'
import { type ProbeInputs, probeInputs } from '../compilers/probe.ts'
import { OutputDifferences } from '../conformance/difference.ts'
import { CompileError } from '../errors/index.ts'
import { percent } from '../graph/rewrites/percent.ts'
import type { Request } from '../request/index.ts'
import type { Model, ModelFacts } from '../runtime/model.ts'
import { createNodeModel } from '../runtime/node.ts'
import { isTensor } from '../runtime/signature.ts'

/** Random inputs that builds are compared on. */
const RUNS = 8

/** A model that was built and can run here. */
interface Build {
  readonly artifact: Artifact
  readonly addon?: { readonly path: string }
  readonly facts: ModelFacts
}

export interface WeightErrorContext {
  readonly mode: 'dev' | 'build'
  log(line: string): void
  warn(line: string): void
  /** Of the cache: the comparison is remembered as long as both builds are the same. */
  readonly folder: string | undefined
  /** The same model for the same machine with the weights that it has. */
  usual(): Promise<Build>
  /** How far its small weights are off: see `weightErrorOf`. */
  weightError(): Promise<number>
}

/** What small weights change, by which share, and how that was found out. */
interface Measured {
  readonly what: 'outputs' | 'weights'
  readonly share: number
  readonly how: string
}

/**
 * Holds what small weights change against `maxWeightError`: of outputs, on random inputs that both builds run on; of the
 * weights themselves where the model can't be run on such inputs.
 *
 * @throws CompileError `COMPILE_WEIGHT_ERROR` in builds beyond it; in dev it is a warning
 */
export async function checkWeightError(
  { path, directives }: Pick<Request, 'path' | 'directives'>,
  small: Build,
  context: WeightErrorContext,
): Promise<void> {
  const { weights, maxWeightError } = directives
  const { what, share, how } = await measured(small, context)
  const name = basename(path)
  const begin = `${name}: weights=${weights} changes ${what} by up to ${amount(share)} (${how})`
  if (share <= maxWeightError) return context.log(`${begin}; ${amount(maxWeightError)} is allowed`)
  const other = weights === 'int8' ? 'f16' : 'f32'
  const message = `${begin}, but maxWeightError allows ${amount(maxWeightError)}. Use weights=${other}, or see what it does to inputs of yours: unplugin-onnx-mlir verify ${name} --weights ${weights} --input NAME=FILE`
  if (context.mode === 'dev') return context.warn(message)
  throw new CompileError('COMPILE_WEIGHT_ERROR', message, { model: path, weights, what, share, maxWeightError })
}

async function measured(small: Build, context: WeightErrorContext): Promise<Measured> {
  const usual = await context.usual()
  const kind = `weight error, ${usual.artifact.sha256}`
  const text = await rememberByStat(context.folder, kind, small.artifact.library, async () => {
    const { share, ...rest } = await measure(small, usual, context)
    return JSON.stringify({ ...rest, share: String(share) }) // JSON knows no infinities
  })
  const { share, ...rest } = JSON.parse(text) as Omit<Measured, 'share'> & { readonly share: string }
  return { ...rest, share: Number(share) }
}

async function measure(small: Build, usual: Build, { weightError }: WeightErrorContext): Promise<Measured> {
  const { signature, target } = small.artifact
  let problem = 'its inputs are not all tensors'
  try {
    if (signature.inputs.every(isTensor))
      return { what: 'outputs', share: outputError(small, usual), how: `${RUNS} random inputs, run on ${target}` }
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error)
  }
  const share = await weightError()
  return { what: 'weights', share, how: `root mean square, as it can't be run on random inputs: ${problem}` }
}

/** The largest difference of an output, as `OutputDifference` has it. */
function outputError(small: Build, usual: Build): number {
  const models = [small, usual].map(modelOf)
  const differences = new OutputDifferences(small.artifact.signature.outputs)
  try {
    for (let seed = 0; seed < RUNS; seed++) {
      const inputs: ProbeInputs = probeInputs(small.artifact.signature, seed)
      const [actual, expected] = models.map((model) => model.runSync(inputs))
      differences.add(actual!, expected!)
    }
  } finally {
    for (const model of models) model.dispose()
  }
  return Math.max(0, ...differences.all.map(({ largest }) => largest))
}

/** Of the built-in compiler: its constants are not under a name that the library asks for. */
function modelOf({ facts, addon, artifact }: Build): Model {
  return createNodeModel(facts, {
    ...(addon && { addon: addon.path }),
    library: artifact.library,
    ...(artifact.constants && { constants: artifact.constants.path }),
  })
}

function amount(share: number): string {
  return Number.isFinite(share) ? percent(share) : 'any amount'
}

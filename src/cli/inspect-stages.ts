import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { CompileError } from '../errors/index.ts'
import { isText, type Stage, stages, textStages } from '../onnx-mlir/options.ts'
import { countOperations } from '../onnx-mlir/operations.ts'
import { parseRequest, type Request } from '../request/index.ts'
import { didYouMean } from '../request/suggest.ts'
import type { Invocation, Outcome } from './command.ts'
import { dimsOption } from './dims.ts'
import { nodesOf } from './inspection.ts'
import { compilerText, requestOptions } from './model-build.ts'
import { type Counts, mlirCounts, nodeCounts, stagesText } from './stage-counts.ts'
import { expectStage, stageMaker, type StageMaker } from './stage-maker.ts'
import { bold, dim } from './style.ts'

/** A stage that was made. */
interface StageResult extends Counts {
  readonly stage: Stage | 'onnx'
  /** Where its text is, with `--out`. */
  readonly path?: string
}

/** A stage that onnx-mlir failed at, and why. */
interface StageFailure {
  readonly stage: Stage
  readonly error: string
}

/** The operations of every stage from the model's own nodes to LLVM IR, or, with `--stage`, the text of one. */
export async function inspectStages(invocation: Invocation): Promise<Outcome> {
  const { positionals, values, usage } = invocation
  const stage = values['stage'] === undefined ? undefined : stageOf(values['stage'], usage)
  const options = { ...requestOptions(invocation), dims: dimsOption(invocation) }
  const request = parseRequest(positionals[0] ?? '', options)
  if (stage) expectStage(stage, request, usage)
  const maker = await stageMaker(request, invocation)
  return inFolder(values['out'], (folder) =>
    stage ? openStage(stage, maker, folder, invocation) : compareStages(request, maker, folder, invocation),
  )
}

function stageOf(name: string, usage: Invocation['usage']): Stage {
  const stage = stages.find((candidate) => candidate === name)
  if (stage === undefined)
    throw usage(
      `there is no stage ${JSON.stringify(name)}.${didYouMean(name, textStages)} There are ${textStages.join(', ')}`,
    )
  if (!isText(stage)) throw usage(`${stage} is no text; write it with compile --emit ${stage}`)
  return stage
}

/** Texts stay in the folder that `--out` names, else they are gone afterwards. */
async function inFolder(out: string | undefined, use: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  if (out !== undefined) return use(resolve(out))
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-stages-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function openStage(
  stage: Stage,
  { make, target, compiler }: StageMaker,
  folder: string,
  { warn, values }: Invocation,
): Promise<Outcome> {
  const { text = '', path, notes } = await make(stage, folder)
  for (const note of notes) warn(note)
  return {
    ok: true,
    // The line break at its end comes with printing.
    text: text.replace(/\n$/, ''),
    json: {
      stage,
      ...(values['out'] && { path }),
      ...mlirCounts(countOperations(text)),
      target: target.name,
      compiler: compiler.name,
      compilerVersion: compiler.version,
      notes,
      text,
    },
  }
}

async function compareStages(
  { path: file }: Request,
  { model, make, texts, target, compiler }: StageMaker,
  folder: string,
  { warn, signal, values }: Invocation,
): Promise<Outcome> {
  const made: StageResult[] = [{ stage: 'onnx', ...nodeCounts(nodesOf(model.graph)) }]
  const failed: StageFailure[] = []
  const notes = new Set<string>()
  for (const stage of texts) {
    try {
      const emitted = await make(stage, folder)
      const counts = mlirCounts(countOperations(emitted.text ?? ''))
      made.push({ stage, ...(values['out'] && { path: emitted.path }), ...counts })
      for (const note of emitted.notes) notes.add(note)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof CompileError)) throw error
      failed.push({ stage, error: error.message })
      // Every stage does the work of those before it: it would take as long again to be stopped.
      if (error.code === 'COMPILE_TIMEOUT' || error.code === 'COMPILE_MEMORY') break
    }
  }
  for (const note of notes) warn(note)
  const title = `${bold(`${basename(file)} for ${target.name}`)} ${dim(compilerText(compiler))}`
  return {
    ok: failed.length === 0,
    text: stagesText(title, made, failed),
    json: {
      stages: [...made, ...failed],
      target: target.name,
      compiler: compiler.name,
      compilerVersion: compiler.version,
      notes: [...notes],
    },
  }
}

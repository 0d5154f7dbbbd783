/** One run of the driver on one model, from staging to products; what all entries of this room share. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Model, OnnxNode } from '../onnx/model.ts'
import type { SpawnResult } from '../process/spawn.ts'
import { UsageError } from '../errors/index.ts'
import { type CompilerArguments, type StagedNames, buildArguments } from './arguments.ts'
import type { Capabilities } from './capabilities.ts'
import { type FailureContext, explainFailure, namesCustomOperator } from './errors.ts'
import { endingSignal } from './exit-codes.ts'
import { recogniseFailure } from './failures.ts'
import type { DriveResult } from './drive-result.ts'
import { type Installation, describeInstallation } from './installation.ts'
import { listCustomOperators } from './operations.ts'
import type { OnnxMlirOptions, Stage } from './options.ts'
import { formatPlacement, rulesForCompiler, unmatchedRules } from './placement.ts'
import { type CapabilityStore, capabilitiesOf, learn } from './probe.ts'
import { productOf } from './products.ts'
import { type Phase, PhaseClock, type Progress, notesOf } from './progress.ts'
import { runOnnxMlir } from './runner.ts'
import { type Staging, stageModel, stagedModel } from './staging.ts'

export interface DriveContext {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Wall-clock limit; default 15 minutes. */
  readonly timeoutMs?: number
  /** Limit on resident memory; default three quarters of what this machine (or our own container) has. */
  readonly memoryBytes?: number
  /** Keep the staging folder, and name it in notes and errors. */
  readonly keepTemp?: boolean
  /** Folder to make the staging folder in. */
  readonly stagingParent?: string
  /** The model file's bytes, where it is on no disk. */
  readonly bytes?: Uint8Array
  /** Where capabilities are kept between processes. */
  readonly capabilityStore?: CapabilityStore
  /** Whether the built-in compiler can make a node, for error messages. */
  readonly builtinCan?: (node: OnnxNode) => boolean
}

/**
 * Stages the model, runs the driver up to `stage` and hands its products to `use`; the staging folder goes when that is done.
 * @throws OnnxMlirError that explains any failure; the signal's reason if aborted
 */
export async function drive<T>(
  installation: Installation,
  model: Model,
  stage: Stage,
  options: OnnxMlirOptions,
  context: DriveContext,
  use: (result: DriveResult) => Promise<T>,
): Promise<T> {
  context.signal?.throwIfAborted()
  const capabilities = await capabilitiesOf(installation, context.capabilityStore)
  const names = stagedNames(capabilities, model, options, stage)
  const { keepTemp: keep, stagingParent: parent, bytes } = context
  await using staging = await stageModel(model, { keep, parent, bytes })
  if (names.placement !== undefined && options.placement !== undefined) {
    const text = formatPlacement(rulesForCompiler(options.placement.rules, model), capabilities.placement)
    await writeFile(join(staging.work, names.placement), text)
  }
  const job = { installation, capabilities, model, stage, options, names, staging, context }
  const { run, phases, args } = await runWithCpu(job)
  const kept = keep ? [`the staging folder was kept: ${staging.root}`] : []
  // Awaited here: `await using` disposes of the staging folder as soon as this function returns.
  return await use({
    staging,
    names,
    capabilities,
    run,
    phases,
    notes: [...args.notes, ...notesOf(run.stdout), ...kept],
  })
}

/** All that one run is about. */
interface Job {
  readonly installation: Installation
  readonly capabilities: Capabilities
  readonly model: Model
  readonly stage: Stage
  readonly options: OnnxMlirOptions
  readonly names: StagedNames
  readonly staging: Staging
  readonly context: DriveContext
}

interface Attempt {
  readonly run: SpawnResult
  readonly phases: readonly Phase[]
  readonly args: CompilerArguments
}

/** Runs the driver, with the other way to name the CPU where it refuses the first; throws what explains its failure. */
async function runWithCpu(job: Job): Promise<Attempt> {
  const { installation, capabilities, context } = job
  const limits = { timeoutMs: context.timeoutMs ?? 15 * 60_000, memoryBytes: context.memoryBytes ?? defaultMemory() }
  const cpuFlag = capabilities.cpuFlag ?? 'march'
  let tried = await attempt(job, cpuFlag, limits)
  if (cpuFlag === 'march' && refusesCpu(tried) && capabilities.flags.includes('mcpu')) {
    const second = await attempt(job, 'mcpu', limits)
    if (!refusesCpu(second)) {
      tried = second
      // A failed try costs most of a compile: not again with this compiler.
      await learn(installation, { ...capabilities, cpuFlag: 'mcpu' }, context.capabilityStore)
    }
  }
  context.signal?.throwIfAborted()
  if (tried.run.exitCode === 0 && tried.run.stopped === undefined) return tried
  throw explainFailure(tried.run, {
    customOperators: mayBeCustom(tried.run) ? await customOperators(job, limits) : [],
    model: job.model,
    compiler: describeInstallation(installation),
    exitCodes: capabilities.exitCodes,
    limits,
    builtinCan: context.builtinCan,
    keptIn: context.keepTemp ? job.staging.root : undefined,
  })
}

async function attempt(job: Job, cpuFlag: 'march' | 'mcpu', limits: FailureContext['limits']): Promise<Attempt> {
  const { installation, capabilities, model, stage, options, names, context } = job
  // LLVM's --mcpu knows CPUs by their names only.
  const march = cpuFlag === 'mcpu' && options.march === 'native' ? capabilities.hostCpu : options.march
  const args = buildArguments(capabilities, model, { ...options, march }, stage, names, cpuFlag)
  const clock = new PhaseClock(context.onProgress)
  const { work, root } = job.staging
  const { signal } = context
  const run = await runOnnxMlir(installation, args.args, { work, root, signal, ...limits, onProgress: clock.step })
  return { run, phases: clock.finish(), args }
}

/** An operator that the compiler doesn't know, or a failure without an explanation, which that may be. */
function mayBeCustom({ stopped, stderr, exitCode, exitSignal }: SpawnResult): boolean {
  const failure = recogniseFailure(stderr)
  // Whoever killed it, the system for want of memory perhaps, would do so again.
  const wasKilled = stopped !== undefined || endingSignal(exitCode, exitSignal) === 'SIGKILL'
  return !wasKilled && (failure === undefined || namesCustomOperator(failure))
}

/** The operators that the compiler doesn't know: its first stage says what it takes for one. */
async function customOperators(job: Job, limits: FailureContext['limits']): Promise<readonly string[]> {
  const { names, staging, model } = job
  const stage = 'onnx-basic'
  const { run } = await attempt({ ...job, stage, context: { ...job.context, onProgress: undefined } }, 'march', limits)
  if (run.exitCode !== 0) return []
  const path = await productOf({ staging, names, run }, stage, model.path).catch(() => undefined)
  return path === undefined ? [] : listCustomOperators(await readFile(path, 'utf8'))
}

function refusesCpu({ run, args }: Attempt): boolean {
  return args.cpu !== undefined && run.exitCode !== 0 && recogniseFailure(run.stderr)?.code === 'COMPILE_MARCH'
}

/**
 * The output's name is also the library's tag and the name under which it looks for its constants file, wherever it is copied to:
 * so it is unique to what is compiled and how.
 */
function stagedNames(capabilities: Capabilities, model: Model, options: OnnxMlirOptions, stage: Stage): StagedNames {
  requirePlacementNames(model, options)
  const side = {
    ...(options.placement === undefined ? {} : { placement: 'placement.json' }),
    ...(options.optReport === 'NNPAUnsupportedOps' ? { savedPlacement: 'saved-placement.json' } : {}),
  }
  const { args } = buildArguments(capabilities, model, options, stage, { model: stagedModel, output: 'model', ...side })
  const files = model.files.map((file) => file.sha256)
  const identity = JSON.stringify([files, capabilities.version, args, options.placement?.rules])
  const hash = createHash('sha256').update(identity).digest('hex')
  return { model: stagedModel, output: `m${hash.slice(0, 16)}`, ...side }
}

function requirePlacementNames(model: Model, { placement }: OnnxMlirOptions): void {
  if (placement === undefined) return
  const names = unmatchedRules(placement.rules, model, placement.origin).map(({ nodeName }) => JSON.stringify(nodeName))
  if (names.length === 0) return
  const listed = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '')
  throw new UsageError(
    'USAGE_PLACEMENT',
    `${placement.origin}: no node of ${model.path} is called ${listed}. Names are matched whole, as regular expressions.`,
    {
      model: model.path,
      file: placement.origin,
      names,
    },
  )
}

/** In a container, what that may use counts and not the machine. */
function defaultMemory(): number {
  const constrained = process.constrainedMemory()
  const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return Math.round(available * 0.75)
}

/** One run of the driver on one model, from staging to products; what all entries of this room share. */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Model, OnnxNode } from '../onnx/model.ts'
import type { SpawnResult } from '../process/spawn.ts'
import { UsageError } from '../errors.ts'
import { type CompilerArguments, type StagedNames, buildArguments } from './arguments.ts'
import type { Capabilities } from './capabilities.ts'
import { explainFailure } from './errors.ts'
import { recogniseFailure } from './failures.ts'
import { type Installation, describeInstallation } from './installation.ts'
import type { OnnxMlirOptions, Stage } from './options.ts'
import { formatPlacement, unmatchedRules } from './placement.ts'
import { type CapabilityStore, capabilitiesOf, installationKey } from './probe.ts'
import { type Progress, runOnnxMlir } from './runner.ts'
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

/** A run that succeeded; its products are in `staging.work` until that is disposed of. */
export interface DriveResult {
  readonly staging: Staging
  readonly names: StagedNames
  readonly capabilities: Capabilities
  readonly run: SpawnResult
  readonly phases: readonly Phase[]
  readonly notes: readonly string[]
}

/** A step of the compilation and how long it took. */
export interface Phase {
  readonly text: string
  readonly seconds: number
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
    const text = formatPlacement(options.placement.rules, capabilities.placement)
    await writeFile(join(staging.work, names.placement), text)
  }
  const { run, phases, args } = await runWithCpu(
    installation,
    capabilities,
    model,
    options,
    stage,
    names,
    staging,
    context,
  )
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

/** Which way of naming the CPU works, by installation: found out once, as a failed try costs most of a compile. */
const cpuFlags = new Map<string, 'mcpu'>()

async function runWithCpu(
  installation: Installation,
  capabilities: Capabilities,
  model: Model,
  options: OnnxMlirOptions,
  stage: Stage,
  names: StagedNames,
  staging: Staging,
  context: DriveContext,
): Promise<{ run: SpawnResult; phases: Phase[]; args: CompilerArguments }> {
  const limits = { timeoutMs: context.timeoutMs ?? 15 * 60_000, memoryBytes: context.memoryBytes ?? defaultMemory() }
  const attempt = async (cpuFlag: 'march' | 'mcpu') => {
    // LLVM's --mcpu knows the CPUs by name only.
    const native = cpuFlag === 'mcpu' && options.march === 'native' && capabilities.hostCpu
    const chosen = native ? { ...options, march: native } : options
    const args = buildArguments(capabilities, model, chosen, stage, names, cpuFlag)
    const clock = new PhaseClock(context.onProgress)
    const { signal } = context
    const { work, root } = staging
    const run = await runOnnxMlir(installation, args.args, { work, root, signal, ...limits, onProgress: clock.step })
    return { run, phases: clock.finish(), args }
  }

  const key = await installationKey(installation)
  let tried = await attempt(cpuFlags.get(key) ?? 'march')
  const refused = tried.run.exitCode !== 0 && recogniseFailure(tried.run.stderr)?.code === 'COMPILE_MARCH'
  if (refused && !cpuFlags.has(key) && tried.args.cpu !== undefined && capabilities.flags.includes('mcpu')) {
    const second = await attempt('mcpu')
    if (second.run.exitCode === 0) {
      cpuFlags.set(key, 'mcpu')
      tried = second
    }
  }
  context.signal?.throwIfAborted()
  if (tried.run.exitCode === 0 && tried.run.stopped === undefined) return tried
  throw explainFailure(tried.run, {
    model,
    compiler: describeInstallation(installation),
    exitCodes: capabilities.exitCodes,
    limits,
    builtinCan: context.builtinCan,
    keptIn: context.keepTemp ? staging.root : undefined,
  })
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

/** Turns the driver's `[k/N]` lines into phases with their time, and passes them on. */
class PhaseClock {
  private readonly phases: Phase[] = []
  private readonly onProgress: ((progress: Progress) => void) | undefined
  private current: { text: string; since: number } | undefined

  constructor(onProgress: ((progress: Progress) => void) | undefined) {
    this.onProgress = onProgress
  }

  readonly step = (progress: Progress): void => {
    this.close()
    this.current = { text: progress.text, since: performance.now() }
    this.onProgress?.(progress)
  }

  finish(): Phase[] {
    this.close()
    return this.phases
  }

  private close(): void {
    if (this.current === undefined) return
    const { text, since } = this.current
    this.phases.push({ text, seconds: (performance.now() - since) / 1000 })
  }
}

/** What the driver only warns about, each thing once. */
function notesOf(stdout: string): string[] {
  const old = new Map<string, string>()
  for (const [, op = '', opset = ''] of stdout.matchAll(
    /Warning: ONNX (\w+) in your model is using Opset (\d+), which is quite old/g,
  )) {
    old.set(op, opset)
  }
  const notes = []
  if (old.size > 0) {
    const list = [...old].map(([op, opset]) => `${op} (${opset})`).join(', ')
    notes.push(`onnx-mlir handles operators of old opsets by their oldest rules: ${list}; a newer export may be faster`)
  }
  if (stdout.includes('No NNPA code is generated'))
    notes.push('onnx-mlir put nothing on NNPA: it took the CPU for one before z16')
  return notes
}

import { CompileError, EnvironmentError, UsageError } from '../errors/index.ts'
import type { Model } from '../onnx/model.ts'
import { type Capabilities, canMake, crossReason, isForMachine, placementFlags } from './capabilities.ts'
import { type OnnxMlirOptions, type Stage, isText, needsNnpa, stageProducts } from './options.ts'
import { shapeFlags } from './shapes.ts'

/** Names of files inside the staging folder, which is the driver's working directory. */
export interface StagedNames {
  readonly model: string
  /** Without ending; also the tag, hence lower case (`[0-9a-z_.-]+`). The library asks for `<output>.constants.bin`. */
  readonly output: string
  /** Where to load a placement from. */
  readonly placement?: string
  /** Where to save the placement that was chosen. */
  readonly savedPlacement?: string
}

export interface CompilerArguments {
  readonly args: readonly string[]
  /** Value of `--march`, if the code is not for LLVM's default CPU. */
  readonly cpu: string | undefined
  /** What the caller didn't get and should be told. */
  readonly notes: readonly string[]
}

/**
 * The driver's argument list for one compile: only flags that this build knows, the model last.
 *
 * `--march` is the way to name a CPU, but builds of 2025 and 2026 pass it to LLVM as an architecture, which fails on x86
 * (seen at commit cc5be7b: `invalid target 'x86-64-v3'`), while the deprecated `--mcpu` works: `cpuFlag` chooses.
 *
 * @throws UsageError, EnvironmentError or CompileError for what was asked for and this build can't do
 */
export function buildArguments(
  capabilities: Capabilities,
  model: Model,
  options: OnnxMlirOptions,
  stage: Stage,
  names: StagedNames,
  cpuFlag: 'march' | 'mcpu' = 'march',
): CompilerArguments {
  refuseCrossCompiling(capabilities, options, stage)
  const list = new FlagList(capabilities)
  const accel = acceleratorOf(capabilities, options, list)
  if (needsNnpa(stage) && !accel) {
    throw new UsageError(
      'USAGE_STAGE',
      `There is no ${stage} for ${options.target.name} without the accelerator; use target=z16 or z17, and an onnx-mlir with NNPA.`,
      { stage },
    )
  }
  const cpu = cpuOf(options)

  list.require(`O${options.optimize ?? 3}`)
  list.require(stageProducts[stage].flag)
  // An accelerator without --march compiles, exits 0, and puts nothing on NNPA: so the one never goes without the other.
  if (cpu !== undefined) list.require(cpuFlag, cpu)
  if (accel) list.require('maccel', 'NNPA')
  list.offer('tag', names.output)
  list.require('verifyInputTensors', String(options.verifyInputs ?? true))
  addConstants(list, options)
  addShapes(list, model, options)
  addParallel(list, options)
  addNnpa(list, capabilities, options, names, accel)
  addInstrumentation(list, options)
  if (options.locations) list.offer('preserveLocations')
  // With llvm-ir this flag suppresses both files.
  if (isText(stage) && stage !== 'llvm-ir') list.offer('do-not-emit-full-mlir-code')
  if (options.optReport !== undefined) addOptReport(list, capabilities, options.optReport)
  if (options.opStats) list.require('onnx-op-stats', 'JSON')
  if (options.fastMath) list.require('enable-fast-math')
  if (options.modelSize !== undefined) list.require('modelSize', options.modelSize)
  for (const flag of options.extra ?? []) list.extra(flag)
  const jobs = options.jobs !== undefined && list.knows('j') ? ['-j', String(options.jobs)] : []
  return { args: [...list.args, ...jobs, '-o', names.output, names.model], cpu, notes: list.notes }
}

/** Whether the model is compiled for NNPA: by default for z16 and z17 where the compiler can. */
export function usesNnpa(capabilities: Capabilities, options: OnnxMlirOptions): boolean {
  return options.accel === 'NNPA' || (options.accel === undefined && isTelum(options) && capabilities.nnpa)
}

function refuseCrossCompiling(capabilities: Capabilities, { target }: OnnxMlirOptions, stage: Stage): void {
  if (isText(stage) || canMake(capabilities, target)) return
  const data = { target: target.name, compiler: capabilities.triple }
  if (isForMachine(capabilities, target)) {
    throw new CompileError(
      'COMPILE_TARGET',
      `This onnx-mlir (${capabilities.version}) is too old for ${target.name}; use 0.5.0 or later.`,
      data,
    )
  }
  const way =
    target.arch === 's390x'
      ? 'Compile on an IBM Z (builder: "ssh://host"), or in a container with platform "linux/s390x"'
      : 'Use the built-in compiler (compiler=builtin), which does cross-compile'
  throw new CompileError(
    'COMPILE_CROSS',
    `onnx-mlir for ${capabilities.triple || 'an unknown machine'} can’t make a library for ${target.name}: ${crossReason(target)}. ${way}.`,
    data,
  )
}

function acceleratorOf(capabilities: Capabilities, options: OnnxMlirOptions, list: FlagList): boolean {
  if (options.accel === 'NNPA' && !isTelum(options)) {
    throw new UsageError(
      'USAGE_ACCEL',
      `${options.target.name} has no NNPA: only z16 and z17 have. Leave out accel, or use one of these targets.`,
    )
  }
  if (options.accel === 'NNPA' && !capabilities.nnpa) {
    throw new EnvironmentError(
      'ENVIRONMENT_NO_NNPA',
      'This onnx-mlir was built without NNPA. Use one built with -DONNX_MLIR_ACCELERATORS=NNPA, or the image onnxmlir/onnx-mlir, which has it.',
    )
  }
  if (options.accel === undefined && isTelum(options) && !capabilities.nnpa) {
    list.notes.push(
      `this onnx-mlir was built without NNPA: the model runs on the CPU of ${options.target.name}, not on its accelerator`,
    )
  }
  return usesNnpa(capabilities, options)
}

function isTelum({ target }: OnnxMlirOptions): boolean {
  return target.name === 'z16' || target.name === 'z17'
}

/** LLVM's default is the lowest level of an architecture, so that one needs no flag. */
function cpuOf({ march, target }: OnnxMlirOptions): string | undefined {
  if (march !== undefined) {
    if (/^[A-Za-z0-9][\w.+-]{0,63}$/.test(march)) return march
    throw new UsageError(
      'USAGE_MARCH',
      `march=${JSON.stringify(march)} is no CPU name; examples: z16, x86-64-v3, native.`,
    )
  }
  return target.arch === 's390x' || (target.level > 1 && target.arch === 'x86-64') ? target.name : undefined
}

/** Explicit, since the default changed between versions; builds before 0.4.1 always embed. */
function addConstants(list: FlagList, { constants = 'auto' }: OnnxMlirOptions): void {
  if (constants === 'file') {
    list.require('store-constants-to-file', 'true')
    list.require('constants-to-file-total-threshold', '0')
  } else list.offer('store-constants-to-file', String(constants === 'auto'))
}

function addShapes(list: FlagList, model: Model, options: OnnxMlirOptions): void {
  const { shapeInformation, shapeInformationLB, shapeInformationUB, dimParams } = shapeFlags(model, options)
  if (shapeInformation !== undefined) list.require('shapeInformation', shapeInformation)
  if (shapeInformationLB !== undefined) list.require('shapeInformationLB', shapeInformationLB)
  if (shapeInformationUB !== undefined) list.require('shapeInformationUB', shapeInformationUB)
  if (dimParams !== undefined) list.offer('dimParams', dimParams)
}

function addParallel(list: FlagList, { parallel = false }: OnnxMlirOptions): void {
  if (parallel === false) return
  list.require('parallel')
  if (Array.isArray(parallel)) list.require('parallelize-ops', parallel.join(','))
}

function addNnpa(
  list: FlagList,
  { placement: dialect }: Capabilities,
  options: OnnxMlirOptions,
  names: StagedNames,
  accel: boolean,
): void {
  const wanted = options.placement !== undefined || options.placementHeuristic !== undefined || options.quantize
  if (!accel) {
    if (wanted) list.notes.push('placement and quantisation are left out: the model is not compiled for NNPA')
    return
  }
  if (names.placement !== undefined && dialect !== 'none') list.require(placementFlags[dialect].load, names.placement)
  if (names.savedPlacement !== undefined && dialect !== 'none')
    list.offer(placementFlags[dialect].save, names.savedPlacement)
  if (options.placementHeuristic !== undefined) list.require('nnpa-placement-heuristic', options.placementHeuristic)
  if (options.quantize === true) list.require('nnpa-quant-dynamic')
  else if (options.quantize) list.require('nnpa-quant-dynamic', options.quantize.join(','))
}

function addInstrumentation(list: FlagList, { instrument }: OnnxMlirOptions): void {
  if (instrument?.profile !== undefined) list.require('profile-ir', instrument.profile === 'onnx' ? 'Onnx' : 'ZHigh')
  // Before 0.4.3 the flag had another name.
  const signatures = list.knows('instrument-signature') ? 'instrument-signature' : 'instrument-onnx-signature'
  if (instrument?.signatures !== undefined) list.require(signatures, instrument.signatures)
  if (instrument?.nodes !== undefined) list.require('instrument-onnx-node', instrument.nodes)
}

function addOptReport(list: FlagList, { values }: Capabilities, report: string): void {
  if (values['opt-report']?.includes(report)) list.require('opt-report', report)
  else list.notes.push(`this onnx-mlir has no report ${report}`)
}

/** Flags that would break what this package promises about where output goes, or what a cached artifact was made from. */
const reserved = new Set(
  [
    'o',
    'tag',
    'maccel',
    'march',
    'mcpu',
    'mtriple',
    'customEnvFlags',
    'config-file',
    'save-config-file',
    'help',
    'version',
  ].concat(
    Object.values(stageProducts).map((product) => product.flag),
    Object.values(placementFlags).flatMap(({ load, save }) => [load, save]),
  ),
)

class FlagList {
  readonly args: string[] = []
  readonly notes: string[] = []
  private readonly known: ReadonlySet<string>
  private readonly version: string

  constructor(capabilities: Capabilities) {
    this.known = new Set(capabilities.flags)
    this.version = capabilities.version
  }

  knows(flag: string): boolean {
    return this.known.has(flag)
  }

  /** A flag without which the result would not be what was asked for. */
  require(flag: string, value?: string): void {
    if (!this.known.has(flag)) {
      throw new UsageError(
        'USAGE_FLAG',
        `This onnx-mlir (${this.version}) has no --${flag}. Use a newer one, or leave out the option that needs it.`,
        { flag },
      )
    }
    this.push(flag, value)
  }

  /** A flag that only makes the result better. */
  offer(flag: string, value?: string): void {
    if (this.known.has(flag)) this.push(flag, value)
  }

  /** A flag in the user's own words. */
  extra(word: string): void {
    const name = /^--?([A-Za-z0-9][\w.+-]*)(=|$)/.exec(word)?.[1]
    if (name === undefined) {
      throw new UsageError(
        'USAGE_FLAG',
        `${JSON.stringify(word)} is no flag: extra flags are single words such as "--disable-simd" or "--nnpa-epsilon=1e-5".`,
        { flag: word },
      )
    }
    if (reserved.has(name)) {
      throw new UsageError(
        'USAGE_FLAG',
        `--${name} can’t be an extra flag: this package sets it itself. There is an option or directive for it.`,
        { flag: name },
      )
    }
    if (!this.known.has(name)) {
      throw new UsageError('USAGE_FLAG', `This onnx-mlir (${this.version}) has no --${name}.${this.suggestion(name)}`, {
        flag: name,
      })
    }
    this.args.push(word)
  }

  private push(flag: string, value: string | undefined): void {
    const dashes = /^O\d$/.test(flag) ? '-' : '--'
    this.args.push(value === undefined ? `${dashes}${flag}` : `${dashes}${flag}=${value}`)
  }

  private suggestion(name: string): string {
    const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
    const near =
      [...this.known].find((flag) => plain(flag) === plain(name)) ??
      [...this.known].find((flag) => plain(flag).startsWith(plain(name)))
    return near === undefined ? ' See onnx-mlir --help.' : ` Did you mean --${near}?`
  }
}

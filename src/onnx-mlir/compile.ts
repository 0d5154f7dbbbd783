/** onnx-mlir as a compiler: the entries of this room. */
import { basename, extname, join } from 'node:path'
import { readFile } from 'node:fs/promises'
import type { CompilerIdentity, Signature } from '../cache/artifact.ts'
import { CompileError } from '../errors/index.ts'
import type { Model } from '../onnx/model.ts'
import { isTensor } from '../runtime/signature.ts'
import { usesNnpa } from './arguments.ts'
import type { PlacementDialect } from './capabilities.ts'
import { type DriveContext, drive } from './drive.ts'
import { type EntryPoint, readElfIdentity, readEntryPoints } from './elf.ts'
import { type Installation, describeInstallation } from './installation.ts'
import { type OnnxMlirOptions, type Stage, isText } from './options.ts'
import type { Phase } from './progress.ts'
import { constantsOf, deliver, productOf, readIfThere } from './products.ts'
import { compilerIdentity } from './probe.ts'
import { type LibrarySignature, compareSignatures, parseLibrarySignature } from './signature.ts'

export interface CompileContext extends DriveContext {
  /** Folder for the products. */
  readonly outDir: string
}

export interface CompiledLibrary {
  /** In `outDir`; its name is unique to what was compiled and how. */
  readonly library: string
  /** Must stand under exactly this name where the library is loaded. */
  readonly constants: { readonly path: string; readonly name: string } | undefined
  /** What the library says it takes and gives; `undefined` for formats that we don't read (macOS, Windows). */
  readonly signature: LibrarySignature | undefined
  readonly compiler: CompilerIdentity
  readonly nnpa: boolean
  readonly phases: readonly Phase[]
  readonly seconds: number
  /** Lines for the build log. */
  readonly notes: readonly string[]
  /** What the driver printed on standard output: optimisation reports, operator statistics. */
  readonly output: string
}

/**
 * Compiles a model to a shared library for `options.target`, and checks that it is what was asked for:
 * its machine, and its signature against the model's.
 *
 * @throws CompileError, EnvironmentError or UsageError that names the model, the node where one is known, and what to do
 */
export function compileWithOnnxMlir(
  installation: Installation,
  model: Model,
  options: OnnxMlirOptions,
  context: CompileContext & { readonly signature: Signature },
): Promise<CompiledLibrary> {
  return drive(installation, model, 'lib', options, context, async (result) => {
    const library = await productOf(result, 'lib', model.path)
    const checked = await checkLibrary(library, installation, model, options, context.signature)
    const constants = await constantsOf(result)
    // The library comes last: where it stands, everything does.
    const constantsPath = constants && (await deliver(constants, context.outDir, basename(constants)))
    return {
      library: await deliver(library, context.outDir, basename(library)),
      constants: constantsPath === undefined ? undefined : { path: constantsPath, name: basename(constantsPath) },
      signature: checked.signature,
      compiler: compilerIdentity(installation, result.capabilities),
      nnpa: usesNnpa(result.capabilities, options),
      phases: result.phases,
      seconds: result.run.seconds,
      notes: [...result.notes, ...checked.notes],
      output: result.run.stdout,
    }
  })
}

export interface EmittedStage {
  readonly stage: Stage
  /** In `outDir`, named as asked. */
  readonly path: string
  /** IR text with large constants left out; `undefined` for binary stages. */
  readonly text: string | undefined
  readonly notes: readonly string[]
  readonly output: string
}

/**
 * Makes an intermediate (or final) product of the compiler.
 * @param name file name without ending, in `outDir`
 */
export function emitStage(
  installation: Installation,
  model: Model,
  stage: Stage,
  name: string,
  options: OnnxMlirOptions,
  context: CompileContext,
): Promise<EmittedStage> {
  return drive(installation, model, stage, options, context, async (result) => {
    const product = await productOf(result, stage, model.path)
    const ending = isText(stage) ? `.${stage}.mlir` : extname(product)
    const path = await deliver(product, context.outDir, name + ending)
    const constants = await constantsOf(result)
    if (constants !== undefined) await deliver(constants, context.outDir, basename(constants))
    const text = isText(stage) ? await readFile(product, 'utf8') : undefined
    return { stage, path, text, notes: result.notes, output: result.run.stdout }
  })
}

/** What one compile tells about NNPA: where each operation ended, why, and what was chosen before. */
export interface NnpaSources {
  /** Final ZHigh IR with locations, large constants left out. */
  readonly ir: string
  /** Lines `==NNPA-UNSUPPORTEDOPS-REPORT==, <op>, <node>, <reason>`, without repetitions. */
  readonly reportLines: readonly string[]
  /** The saved placement, as JSON in this build's dialect. */
  readonly placement: string | undefined
  readonly dialect: PlacementDialect
  readonly compiler: CompilerIdentity
  readonly notes: readonly string[]
}

/**
 * One compile to ZHigh IR that gives all sources of an NNPA report. Works on any machine, as it makes no machine code.
 * @throws as `compileWithOnnxMlir`; EnvironmentError `ENVIRONMENT_NO_NNPA` if this build has no NNPA
 */
export function reportCompile(
  installation: Installation,
  model: Model,
  options: OnnxMlirOptions,
  context: DriveContext = {},
): Promise<NnpaSources> {
  const forReport: OnnxMlirOptions = { ...options, accel: 'NNPA', locations: true, optReport: 'NNPAUnsupportedOps' }
  return drive(installation, model, 'zhigh', forReport, context, async (result) => {
    const { savedPlacement } = result.names
    const lines = result.run.stdout.split('\n').filter((line) => line.startsWith('==NNPA-UNSUPPORTEDOPS-REPORT=='))
    return {
      ir: await readFile(await productOf(result, 'zhigh', model.path), 'utf8'),
      reportLines: [...new Set(lines)],
      placement: savedPlacement && (await readIfThere(join(result.staging.work, savedPlacement))),
      dialect: result.capabilities.placement,
      compiler: compilerIdentity(installation, result.capabilities),
      notes: result.notes,
    }
  })
}

interface CheckedLibrary {
  readonly signature: LibrarySignature | undefined
  readonly notes: readonly string[]
}

async function checkLibrary(
  library: string,
  installation: Installation,
  model: Model,
  options: OnnxMlirOptions,
  expected: Signature,
): Promise<CheckedLibrary> {
  const identity = await readElfIdentity(library)
  if (identity === undefined && installation.kind === 'local' && process.platform !== 'linux') {
    return { signature: undefined, notes: ['the library’s signature was not checked: only ELF libraries can be read'] }
  }
  if (identity?.machine !== options.target.arch) {
    const what = identity === undefined ? 'no ELF library' : `for ${identity.machine}`
    const message = `${model.path}: ${describeInstallation(installation)} was asked for ${options.target.name}, but what it made is ${what}.`
    throw new CompileError('COMPILE_BAD_LIBRARY', message, {
      model: model.path,
      expected: options.target.arch,
      given: identity?.machine,
    })
  }
  const [entry] = await readEntryPoints(library)
  const signature = entry && parseLibrarySignature(entry)
  if (signature === undefined) throw unreadableSignature(model, entry)
  const differences = compareSignatures(expected, signature, frozenDims(expected, options))
  const errors = differences.filter(({ level }) => level === 'error').map(({ text }) => text)
  if (errors.length > 0) {
    const message = `${model.path}: the library that onnx-mlir made doesn’t fit the model: ${errors.join('; ')}. Use the built-in compiler (compiler=builtin), and please report it to onnx-mlir.`
    throw new CompileError('COMPILE_SIGNATURE', message, { model: model.path, differences: errors })
  }
  return { signature, notes: differences.map(({ text }) => text) }
}

/** Sizes that symbolic dimensions were given, by `dims` or by `shapes`. */
function frozenDims(signature: Signature, { dims, shapes }: OnnxMlirOptions): Map<string, number> {
  const frozen = new Map(Object.entries(dims ?? {}))
  for (const { name, shape } of signature.inputs.filter(isTensor)) {
    shape.forEach((dim, axis) => {
      const size = shapes?.[name]?.[axis]
      if (typeof dim === 'string' && size !== undefined && size >= 0) frozen.set(dim, size)
    })
  }
  return frozen
}

function unreadableSignature(model: Model, entry: EntryPoint | undefined): CompileError {
  const message = `${model.path}: the signature that onnx-mlir wrote into the library can’t be read. Names with quotes or line breaks and exotic element types cause this; rename them, or use the built-in compiler (compiler=builtin).`
  return new CompileError('COMPILE_SIGNATURE', message, {
    model: model.path,
    inputs: entry?.inputs,
    outputs: entry?.outputs,
  })
}

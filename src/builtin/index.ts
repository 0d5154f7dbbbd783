import { fileURLToPath } from 'node:url'
import type { ArtifactVariant, Signature } from '../cache/artifact.ts'
import { Identities } from '../graph/graph.ts'
import type { Graph } from '../graph/graph.ts'
import { importModel } from '../graph/import.ts'
import { type SmallType, type SmallWeights, storeSmall } from '../graph/rewrites/small-weights.ts'
import { misstatedOutputs } from '../graph/stated.ts'
import type { Model } from '../onnx/model.ts'
import { registryFor } from '../ops/index.ts'
import { optimize } from '../ops/passes/optimize.ts'
import type { Steadiness } from '../runtime/steadiness.ts'
import type { Target } from '../targets/index.ts'
import type { Choices } from '../lowering/choices.ts'
import type { Sharing } from './shared-kernel.ts'
import type { PlanOptions } from './plan.ts'
import { weightNotes } from './weight-notes.ts'
import { steadinessOf } from './steadiness.ts'
import { workOf } from './work.ts'
import { leveledSource } from './levels.ts'
import { generateSource } from './source.ts'
import { tagShown, weightsName } from './tag.ts'
import { shapeDefinitions, shapeFor } from './target-shape.ts'
import { compileLibrary, findCc, type Toolchain, type Weights, weightsSection } from '../toolchains/cc.ts'
import { knownLevels } from '../toolchains/flags.ts'
import type { CompileUnit } from '../toolchains/job.ts'
import { compileWasm } from '../toolchains/wasm.ts'
import type { WasmToolchain } from '../toolchains/wasm-find.ts'

export interface BuiltinOptions {
  readonly target: Target
  /** Level of the C compiler. */
  readonly optimize: 0 | 1 | 2 | 3
  /** Fixed symbolic dimensions. */
  readonly dims?: ReadonlyMap<string, number>
  /** What float32 weights are stored as. Default: `f32`, as the model has them. */
  readonly weights?: 'f32' | SmallType
  /** What compiles the C: of the kind that the target needs. */
  readonly toolchain?: Toolchain | WasmToolchain
  readonly stagingRoot?: string
  readonly signal?: AbortSignal
  /** Of the C compiler: milliseconds, and bytes of resident memory. */
  readonly limits?: { readonly timeout: number; readonly memory: number }
  /** Our name and version. */
  readonly identity: string
  /** Have the library measure each of its nodes. */
  readonly profile?: boolean
  /** When threads share kernels; default: never. */
  readonly sharing?: Sharing | undefined
  /** What not to decide by rules. */
  readonly choices?: Choices | undefined
  /** Makes an object file for other programs' linkers instead of a library, whose names bear this tag: see tag.ts. */
  readonly tag?: string | undefined
}

export interface BuiltinResult {
  /** Absolute path within `folder`. */
  readonly library: string
  /** A file of weights that the library needs beside it, within `folder`: large ones of WebAssembly. */
  readonly weights?: string
  /** Of WebAssembly: modules for engines that can more, best first, within `folder`. */
  readonly variants?: readonly Pick<ArtifactVariant, 'needs' | 'library'>[]
  /** The staging folder, the caller's to remove when the files have been copied. */
  readonly folder: string
  /** Wall-clock time of the C compiler. */
  readonly seconds: number
  readonly signature: Signature
  /** Memory for intermediate results during one call. */
  readonly arenaBytes: number
  /** What the user should be told of the model, in sentences. */
  readonly notes: readonly string[]
  /** Floating-point operations of one run, where they are known. */
  readonly flops?: number | undefined
  /** What the time of a run depends on beside the sizes of the inputs, where that can be looked at before it. */
  readonly steadiness: Steadiness | undefined
}

export type GraphOptions = Pick<BuiltinOptions, 'dims' | 'weights'> & { readonly target?: Target }

/** The graph that the built-in compiler makes code for: imported and optimised. */
export function prepareGraph(model: Model, options: GraphOptions = {}): Graph {
  return prepare(model, options).graph
}

/** The graph, and what became of the weights where they are to be small. */
export interface Prepared {
  readonly graph: Graph
  readonly small?: SmallWeights
}

export function prepare(model: Model, { dims, weights = 'f32', target }: GraphOptions): Prepared {
  const identities = new Identities()
  const registry = registryFor(model, target?.own?.kernels)
  const graph = importModel(model, registry, identities, dims ? { dims } : {})
  optimize(graph, registry, identities, target?.isBare)
  return weights === 'f32' ? { graph } : { graph, small: storeSmall(graph, weights, registry, identities) }
}

/** How far small weights are off from what the model has: the largest `WeightError.rms`. */
export function weightErrorOf(model: Model, options: GraphOptions): number {
  const { stored } = prepare(model, options).small ?? { stored: [] }
  return stored.reduce((most, { error }) => Math.max(most, error.rms), 0)
}

/** A model as C: all that a C compiler needs to make its library. */
export interface BuiltinSource {
  readonly text: string
  /** Further files: each has the code for a level, where the library has several, or some functions. */
  readonly units?: readonly CompileUnit[]
  /** Contents of the file that the text brings in; see `writeWeights`. */
  readonly weights: Weights
  /** Folders of the headers that the text includes. */
  readonly includeDirs: readonly string[]
  readonly signature: Signature
  /** Memory for intermediate results during one call. */
  readonly arenaBytes: number
  /** Whether threads share any kernel. */
  readonly isShared: boolean
  /** Floating-point operations of one run, where they are known. */
  readonly flops: number | undefined
  /** As in `BuiltinResult`. */
  readonly steadiness: Steadiness | undefined
}

/** The C of a model, and what its user should be told of the model, in sentences. */
export interface ModelSource extends BuiltinSource {
  readonly notes: readonly string[]
}

/** Makes the C of a model. @throws ModelError, CompileError as `prepareGraph` */
export function builtinSource(model: Model, { dims, weights, ...options }: SourceOptions & GraphOptions): ModelSource {
  const prepared = prepare(model, { dims, weights, target: options.target })
  const source = graphSource(prepared.graph, options)
  return { ...source, notes: notesOf(model, prepared, source.weights) }
}

export function notesOf(model: Model, { graph, small }: Prepared, { bytes }: Pick<Weights, 'bytes'>): string[] {
  return [...misstatedOutputs(model.graph.outputs, graph), ...(small ? weightNotes(model, small, bytes) : [])]
}

interface SourceOptions
  extends Pick<BuiltinOptions, 'target' | 'identity' | 'profile' | 'sharing' | 'choices' | 'tag'>, PlanOptions {
  /** What to make code for instead of `target`, lowest first, the best of them to be chosen when the library is loaded. */
  readonly levels?: readonly Target[] | undefined
  /** Several files, to be compiled side by side, may have the C where there is much. Default: one has all. */
  readonly isParted?: boolean
}

/** Makes the C of a graph as it is. @throws CompileError where an operator has no lowering */
export function graphSource(
  graph: Graph,
  { target, levels, identity, profile = false, apart = false, isParted, sharing, choices = {}, tag }: SourceOptions,
): BuiltinSource {
  const options = { target: target.name, compiler: identity, profile, sharing, tag }
  const { weights, ...made } = levels
    ? leveledSource(graph, levels, options)
    : oneSource(graph, target, choices, { ...options, apart, isParted })
  return {
    ...made,
    weights: { bytes: bytesIn(weights), chunks: weights },
    includeDirs: includeDirsOf(target),
    flops: workOf(graph),
    steadiness: steadinessOf(graph),
  }
}

/** Folders of the headers that the C of a target includes. */
export function includeDirsOf({ arch }: Target): string[] {
  const rooms = arch === 'wasm32' ? ['freestanding', 'wasm', 'abi', 'kernels'] : ['threads', 'abi', 'kernels']
  return rooms.map((room) => fileURLToPath(new URL(`../../native/${room}`, import.meta.url)))
}

/** The C of a graph for one target. */
function oneSource(
  graph: Graph,
  target: Target,
  { shape = shapeFor(target), winograd, macros = {} }: Choices,
  options: Omit<Parameters<typeof generateSource>[1], 'shape' | 'entry' | 'byteOrder' | 'winograd' | 'isBare'>,
): Omit<BuiltinSource, 'weights' | 'includeDirs' | 'flops' | 'steadiness'> & { weights: readonly Uint8Array[] } {
  const entry = target.arch === 'wasm32' ? 'wasm' : 'native'
  const { byteOrder } = target
  const { head, body, others, ...made } = generateSource(graph, {
    ...options,
    byteOrder,
    entry,
    shape,
    winograd,
    isBare: target.isBare,
  })
  const definitions = shapeDefinitions(shape, target, macros)
  const weights = weightsSection(bytesIn(made.weights), 64, weightsName(options.tag))
  const units = others.map((text, i) => ({ name: `part${i + 1}`, source: definitions + text, target }))
  return {
    ...made,
    text: tagShown(options.tag) + definitions + head + weights + body,
    ...(units.length > 0 && { units }),
  }
}

export function bytesIn(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}

/**
 * Compiles a model: graph → C → shared library with onnx-mlir's ABI, or WebAssembly module, by a C compiler.
 *
 * @throws ModelError, CompileError, EnvironmentError as the rooms below say
 */
export async function compileBuiltin(model: Model, options: BuiltinOptions): Promise<BuiltinResult> {
  const { levels, note } = await levelsOf(options)
  // What an object file shows to linkers bears its model's name, and functions don't.
  const isParted = options.tag === undefined
  const made = await compileSource(model, builtinSource(model, { ...options, levels, isParted }), options)
  return { ...made, notes: [...made.notes, ...note] }
}

/** The same of C that was made of the model by the same options. */
export async function compileSource(
  model: Model,
  source: ModelSource,
  options: BuiltinOptions,
): Promise<BuiltinResult> {
  const { text, units, weights, includeDirs, arenaBytes, isShared, ...known } = source
  const { toolchain, stagingRoot, signal, target, optimize, limits, choices, tag } = options
  const job = {
    ...(tag !== undefined && { isObject: true }),
    source: text,
    ...(units && { units }),
    weights,
    includeDirs,
    target,
    optimize,
    model: model.path,
    hasOperators: (model.operators ?? []).length > 0,
    ...(stagingRoot && { stagingRoot }),
    ...(signal && { signal }),
    ...(choices?.flags && { flags: choices.flags }),
    ...limits,
  }
  if (target.arch === 'wasm32') {
    const made = await compileWasm({ ...job, arenaBytes, isShared, ...(isForWasm(toolchain) && { toolchain }) })
    return { ...made, ...known, arenaBytes, notes: [...known.notes, ...made.notes] }
  }
  const made = await compileLibrary({ ...job, ...(toolchain && !isForWasm(toolchain) && { toolchain }) })
  return { ...made, ...known, arenaBytes }
}

/** The levels that a library has code for, where there are several, and what is to be said of those that it lacks. */
async function levelsOf({
  target,
  toolchain,
}: BuiltinOptions): Promise<{ readonly levels?: readonly Target[]; readonly note: readonly string[] }> {
  if (!target.levels || isForWasm(toolchain)) return { note: [] }
  const cc = toolchain ?? (await findCc({ target }))
  const known = await knownLevels(cc, target)
  const missing = target.levels.filter((name) => name !== target.name && !known.some((level) => level.name === name))
  const lacks = `${cc.version} makes no code for ${missing.join(' and ')}: where machines have more, a library for ${target.name} runs at the speed of ${known.at(-1)?.name ?? target.name}`
  return { ...(known.length > 1 && { levels: known }), note: missing.length > 0 ? [lacks] : [] }
}

function isForWasm(toolchain: Toolchain | WasmToolchain | undefined): toolchain is WasmToolchain {
  return toolchain !== undefined && 'kind' in toolchain
}

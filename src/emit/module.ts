import type { ModelFacts } from '../runtime/model.ts'
import type { Needing } from '../runtime/wasm/features.ts'
import type { Signature } from '../runtime/signature.ts'
import { jsString, jsValue } from './js.ts'
import { partsOf } from './parts.ts'

/** What runs a generated module: Node; a browser and what is like one; an edge host, which takes WebAssembly as imported modules. */
export type Platform = 'node' | 'browser' | 'edge'

/** Where the generated module finds its files at run time: JavaScript expressions, each giving a `string` path or a `URL`. */
export interface ModuleFiles {
  /** For native libraries. */
  readonly addon?: string
  readonly library: string
  /** Constants that are not in the library: large ones of onnx-mlir, large weights of WebAssembly. */
  readonly constants?: string
  /** Of WebAssembly: modules for engines that can more, best first. */
  readonly variants?: readonly (Needing & { readonly library: string })[]
  /** In a browser: the program of the worker that is to run the model (dist/runtime/worker.js of the package). */
  readonly worker?: string
}

export interface ModuleThreads {
  readonly count: number | 'auto'
  /** Where the model runs on a page's own thread: the program of the others, a JavaScript expression. */
  readonly worker?: string
}

export interface ModuleOptions {
  readonly facts: ModelFacts
  /** Where the module runs: natively or as WebAssembly in Node, or as WebAssembly on the web. */
  readonly platform: Platform
  /** What the module imports the platform's runtime from: a package specifier or an absolute path. */
  readonly runtime: string
  readonly files: ModuleFiles
  /** Of an artifact that several can run: how many are to at most. */
  readonly threads?: ModuleThreads
  /** Whether `files` give a model's contents instead of where they are. */
  readonly isInside?: boolean
  /** What `files` speak of beside the runtime: import clauses (`{ addon }`) and where they are imported from. */
  readonly imports?: readonly Import[]
}

export interface Import {
  readonly clause: string
  /** A specifier, or an absolute path. */
  readonly from: string
  /** Import attributes (`with { … }`), of hosts that have some. */
  readonly attributes?: Readonly<Record<string, string>>
}

/**
 * The JavaScript module that a model import becomes: an ES module with the model as default export, and its
 * parts under the same names. Facts are plain literals and the model is made by one call marked pure, so a bundler
 * drops whatever the application doesn't use; `import { inputs }` alone carries no native code.
 */
export function moduleSource({
  facts,
  platform,
  runtime,
  files,
  threads,
  imports = [],
  isInside = false,
}: ModuleOptions): string {
  const { name, signature, target, compiler, report, metadata = {} } = facts
  const known = [`name: ${jsString(name)}`, 'signature: { inputs, outputs }', 'target', 'compiler', 'report']
  if (facts.metadata) known.push('metadata')
  known.push(...knownOfFiles(facts, platform, isInside))
  const { create, names, parts } =
    platform === 'node' ? inNode(target, isInside) : onWeb(signature, files, isInside, threads)
  const made = [`{ ${known.join(', ')} }`, `{ ${fieldsOf(platform, files, threads).join(', ')} }`, ...parts]
  // The file expressions (`new URL(…)`) count as side effects where they are arguments; in a function body they don't.
  return `${[{ clause: `{ ${[create, ...names].join(', ')} }`, from: runtime }, ...imports].map(importText).join('')}
export const inputs = ${jsValue(signature.inputs)}
export const outputs = ${jsValue(signature.outputs)}
export const target = ${jsValue(target)}
export const compiler = ${jsValue(compiler)}
export const report = ${jsValue(report)}
export const metadata = ${jsValue(metadata)}

const model = /*#__PURE__*/ (() =>
  ${create}(
    ${made.join(',\n    ')},
  ))()

export default model
export const run = (tensors) => model.run(tensors)
export const runSync = (tensors) => model.runSync(tensors)
`
}

/** The facts that are of the files, as fields. */
export function knownOfFiles(
  { requires, sha256, bytes, profiled, steadiness }: ModelFacts,
  platform: Platform,
  isInside: boolean,
): string[] {
  // What is inside of a page's program is what the build wrote.
  const isFetched = platform === 'node' || !isInside
  return [
    ...(requires ? [`requires: ${jsValue(requires)}`] : []),
    ...(sha256 && isFetched ? [`sha256: ${jsValue(sha256)}`] : []),
    ...(bytes && isFetched ? [`bytes: ${jsValue(bytes)}`] : []),
    ...(profiled ? ['profiled: true'] : []),
    ...(steadiness && platform === 'node' ? [`steadiness: ${jsValue(steadiness)}`] : []),
  ]
}

export function importText({ clause, from, attributes }: Import): string {
  return `import ${clause} from ${jsString(from)}${attributes ? ` with ${jsValue(attributes)}` : ''}\n`
}

/** What makes the model, what is imported besides, and the arguments after facts and files. */
interface Making {
  readonly create: string
  readonly names: readonly string[]
  readonly parts: readonly string[]
}

function inNode(target: string, isInside: boolean): Making {
  const [part, name] = target === 'wasm' ? (['wasm', 'wasmModules'] as const) : (['native', 'nativeLibraries'] as const)
  const names = isInside ? [name, 'inlineFile'] : [name]
  return { create: 'composeNodeModel', names, parts: [`{ ${part}: ${name} }`] }
}

function onWeb(
  signature: Signature,
  { library, constants, variants, worker }: ModuleFiles,
  isInside: boolean,
  threads: ModuleThreads | undefined,
): Making {
  const inWorker = worker !== undefined
  const { names, expression } = partsOf(signature, {
    hasWeights: constants !== undefined,
    hasVariants: variants !== undefined,
    hasThreads: threads !== undefined && worker === undefined,
    isGiven: isInside,
    isImported: library === 'module',
    inWorker,
  })
  return { create: inWorker ? 'composeWorkerModel' : 'composeWebModel', names, parts: [expression] }
}

/** The files in the words of the platform's runtime. */
export function fieldsOf(
  platform: Platform,
  { addon, library, constants, variants, worker }: ModuleFiles,
  threads: ModuleThreads | undefined,
): string[] {
  const names = platform === 'node' ? (['library', 'constants'] as const) : (['module', 'weights'] as const)
  return [
    ...(addon === undefined ? [] : [`addon: ${addon}`]),
    `${names[0]}: ${library}`,
    ...(constants === undefined ? [] : [`${names[1]}: ${constants}`]),
    ...(variants === undefined ? [] : [`variants: [${variants.map(variantText(names[0])).join(', ')}]`]),
    ...(worker === undefined ? [] : [`worker: ${worker}`]),
    ...(threads === undefined ? [] : [`threads: ${threadsText(platform, threads)}`]),
  ]
}

function threadsText(platform: Platform, { count, worker }: ModuleThreads): string {
  if (platform === 'node') return jsValue(count)
  return `{ count: ${jsValue(count)}${worker === undefined ? '' : `, worker: ${worker}`} }`
}

function variantText(name: string): (variant: NonNullable<ModuleFiles['variants']>[number]) => string {
  return ({ needs, library }) => `{ needs: ${jsValue(needs)}, ${name}: ${library} }`
}

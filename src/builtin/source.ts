import type { Signature } from '../cache/artifact.ts'
import { withoutFixed } from '../graph/fixed.ts'
import type { Graph, Value } from '../graph/graph.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import { registry } from '../ops/index.ts'
import { ConstantPool } from './constants.ts'
import { writeLoad, writeRun } from './emit.ts'
import { flatEntry, flatPorts } from './flat-entry.ts'
import type { WinogradUse } from '../lowering/choices.ts'
import type { KernelShape } from '../lowering/kernel-shape.ts'
import { definitionsOf, type KernelFunction, KernelTable } from './kernel-table.ts'
import { type MemoryFacts, memoryFacts } from './memory-facts.ts'
import type { Sharing } from './shared-kernel.ts'
import { loadingOf, type Run, type StoredPacking } from './loading.ts'
import { lowerGraph } from './lower.ts'
import { onePart, partsOf } from './parts.ts'
import { planGraph, type Storage } from './plan.ts'
import { ioTable, signatureLiteral, signatureOfGraph } from './signature.ts'

export interface SourceOptions {
  /** Canonical target name for the descriptor. */
  readonly target: string
  readonly byteOrder: 'little' | 'big'
  readonly shape: KernelShape
  /** Our name and version, for the descriptor. */
  readonly compiler: string
  /** What all that a linker sees bears behind its name, see tag.ts. Default: it is a library of its own. */
  readonly tag?: string | undefined
  /** Measure each node, see native/abi/om_profile.h. */
  readonly profile?: boolean
  /** See `PlanOptions`. */
  readonly apart?: boolean
  /** What a library exports: onnx-mlir's ABI and the descriptor, or what a host of WebAssembly calls (native/wasm/om_wasm.h). */
  readonly entry: 'native' | 'wasm'
  /** Its functions may be in several files, see parts.ts. Default: one has all. */
  readonly isParted?: boolean | undefined
  /** For a machine without an operating system, see `Target`: it keeps no memory from run to run (native/kernels/kept.h). */
  readonly isBare?: boolean | undefined
  /** Nothing is made when the model is loaded, so that what is known ahead takes no memory from malloc. */
  readonly isWhole?: boolean
  /** When threads share kernels; default: never. */
  readonly sharing?: Sharing | undefined
  /** Default: where it pays. */
  readonly winograd?: WinogradUse | undefined
}

/** A model as C and the data of its constants. */
export interface ModelSource {
  /** C text before the weights' definition, and after it: the definition depends on the toolchain. */
  readonly head: string
  readonly body: string
  /** Further files. */
  readonly others: readonly string[]
  /** Contents of the section that `om_weights` names; 64-byte aligned. */
  readonly weights: readonly Uint8Array[]
  readonly signature: Signature
  readonly arenaBytes: number
  /** Whether threads share any kernel. */
  readonly isShared: boolean
}

/** Generates the C of a graph. Expects inferred shapes; changes nothing. */
export function generateSource(graph: Graph, options: SourceOptions): ModelSource {
  const constants = new ConstantPool(options.byteOrder, options)
  const signature = signatureOfGraph(graph)
  const { head, partHead, functions, calls, userSources, arenaBytes, isShared } = generateCode(
    graph,
    options,
    constants,
  )
  // What is called of users' C is static.
  const isParted = options.isParted && options.entry === 'native' && userSources === ''
  const parts = isParted ? partsOf(functions, { head: partHead, calls }) : onePart(functions)
  const code = `${parts.kernels}\n${calls}`
  const hasComplex = /\bom_c(?:64|128)\b/.test(code) || userSources !== ''
  return {
    head: parts.macros + head,
    body: [
      constants.definitions(),
      code,
      options.entry === 'wasm' ? wasmEntry(arenaBytes, hasComplex) : descriptor(signature, arenaBytes, options),
      userSources,
    ].join('\n'),
    others: parts.others,
    weights: constants.chunks,
    signature,
    arenaBytes,
    isShared,
  }
}

/** The C of a graph without its constants and what shows it to the outside. */
export interface ModelCode {
  /** Headers, to stand before all else. */
  readonly head: string
  /** What stands before functions alone. */
  readonly partHead: string
  /** Kernels. */
  readonly functions: readonly KernelFunction[]
  /** What calls them: the flat entry `om_run`, and what is made when the model is loaded. */
  readonly calls: string
  /** To stand behind all else. */
  readonly userSources: string
  readonly arenaBytes: number
  readonly isShared: boolean
  /** Whether there is an `om_prepare`. */
  readonly isLoading: boolean
  /** Whether there is an `om_forget`. */
  readonly isKeeping: boolean
  /** Worked out when it is asked for: it looks at all that is in the arena at each position of a run. */
  readonly memory: () => MemoryFacts
}

/** Generates it; its constants go to a pool. `stored`: what the pool has weights packed for, where that is not `shape`. */
export function generateCode(
  graph: Graph,
  options: SourceOptions,
  constants: ConstantPool,
  stored?: StoredPacking,
): ModelCode {
  const keepsMemory = options.entry === 'native' && !options.isBare
  const table = new KernelTable(options.shape, options.sharing, options.winograd)
  const { running, fixed } = options.isWhole ? { running: graph, fixed: [] } : withoutFixed(graph, registry)
  const lowered = lowerGraph(running, table, new Set(fixed.flatMap(({ outputs }) => outputs)))
  const { load, loaded } = options.isWhole
    ? { load: '', loaded: new Map<Value, Storage>() }
    : writeLoading({ main: running, lowered, fixed }, table, constants, options, stored)
  const plan = planGraph(running, lowered, { ...options, loaded })
  const run = writeRun(running, lowered, plan, constants, { ...options, keepsMemory })
  const isKeeping = keepsMemory && plan.slots > 0
  const hasLists = plan.lists > 0 || [...graph.inputs, ...graph.outputs].some(({ kind }) => kind !== 'tensor')
  const own = [
    ...(options.profile ? ['om_profile.h'] : []),
    ...(load ? ['load.h'] : []),
    ...(isKeeping ? ['kept.h'] : []),
  ]
  const headers = [...(hasLists ? ['types.h', 'list.h'] : []), ...table.headers]
  const macros = sharingMacros(table, options)
  return {
    head: `${macros}${includes([...own, ...headers])}${table.declarations()}\n`,
    partHead: macros + includes(headers),
    functions: table.functions,
    calls: `${load}\n${run}`,
    userSources: table.userSources(),
    arenaBytes: plan.arenaBytes,
    isShared: table.isShared,
    isLoading: load !== '',
    isKeeping,
    memory: () => memoryFacts(running, lowered, plan),
  }
}

/** Kernels, and what calls them, in one file. */
export function wholeCode({ functions, calls }: ModelCode): string {
  return `${definitionsOf(functions)}\n${calls}`
}

function includes(headers: Iterable<string>): string {
  const all = new Set(['om_builtin.h', 'om_export.h', 'runtime.h', ...headers])
  return [...all].map((header) => `#include "${header}"\n`).join('')
}

/** Modules for threads are compiled of the same text as those without; of native libraries there is one for both. */
function sharingMacros({ sharing, isShared }: KernelTable, { entry }: SourceOptions): string {
  if (!sharing || !isShared) return ''
  return `#define OM_LEAST_PART ${sharing.part}\n${entry === 'native' ? '#define OM_THREADS\n' : ''}`
}

/** The C of what is made when the model is loaded, and where values are then; empty where there is nothing to do. */
function writeLoading(
  run: Run,
  table: KernelTable,
  constants: ConstantPool,
  options: SourceOptions,
  stored: StoredPacking | undefined,
): { load: string; loaded: ReadonlyMap<Value, Storage> } {
  const loading = loadingOf(run, table.shape, stored)
  if (!loading) return { load: '', loaded: new Map() }
  const steps = lowerGraph(loading.graph, table)
  const plan = planGraph(loading.graph, steps, { ...options, loads: true })
  constants.load(loading, plan)
  const loaded = new Map(loading.values.map((value) => [value, plan.storage.get(value)!]))
  return { load: writeLoad(loading.graph, steps, plan, constants), loaded }
}

/** To compile what multiplies complex numbers takes a sixth of the time for a small model, so only models that have such get it. */
function wasmEntry(arenaBytes: number, hasComplex: boolean): string {
  const calls = hasComplex ? '#define OM_COMPLEX_CALLS\n' : ''
  return `${calls}#define OM_ARENA_BYTES ${arenaBytes}u\n#include "om_wasm.h"\n`
}

/** Where a library is entered from outside. */
export function descriptor(
  signature: Signature,
  arenaBytes: number,
  { target, compiler, tag }: Pick<SourceOptions, 'target' | 'compiler' | 'tag'>,
): string {
  const ports = tag === undefined ? undefined : flatPorts(signature)
  return `${ioTable('om_inputs', signature.inputs)}${ioTable('om_outputs', signature.outputs)}
extern OM_EXPORT_DATA const om_builtin_descriptor om_builtin_model;
const om_builtin_descriptor om_builtin_model = {
  OM_BUILTIN_MAGIC, OM_BUILTIN_ABI, ${stringLiteral(target)}, ${stringLiteral(compiler)}, ${arenaBytes},
  ${signature.inputs.length}, ${signature.outputs.length}, om_inputs, om_outputs, om_run,
};

#define OM_IN_SIG ${signatureLiteral(signature.inputs)}
#define OM_OUT_SIG ${signatureLiteral(signature.outputs)}
#include "om_entry.h"
${ports ? flatEntry(tag!, ports) : ''}`
}

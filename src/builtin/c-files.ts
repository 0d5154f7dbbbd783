import type { Signature } from '../cache/artifact.ts'
import type { Choices } from '../lowering/choices.ts'
import type { Model } from '../onnx/model.ts'
import type { Target } from '../targets/index.ts'
import { type Weights, weightsSection, weightsText } from '../toolchains/weights.ts'
import { amalgamate } from './amalgamate.ts'
import { ConstantPool } from './constants.ts'
import { flatEntry, type FlatPorts, flatPorts } from './flat-entry.ts'
import { floatOperators } from './float-operators.ts'
import { markOf, modelHeader } from './header.ts'
import { type GraphOptions, includeDirsOf, notesOf, type Prepared, prepare } from './index.ts'
import type { MemoryFacts } from './memory-facts.ts'
import { signatureOfGraph } from './signature.ts'
import { descriptor, generateCode, type ModelCode, wholeCode } from './source.ts'
import { tagNames, tagShown, weightsName } from './tag.ts'
import { shapeDefinitions, shapeFor } from './target-shape.ts'

/** A model as C for any compiler: one file, its header, and for many weights a file of these. */
export interface CFiles {
  readonly source: string
  readonly header: string
  /** To be `NAME.weights.bin`, beside the source when it is compiled. */
  readonly weightsFile?: Weights
  readonly weightsBytes: number
  readonly signature: Signature
  readonly arenaBytes: number
  /** What it takes memory from malloc for; where it needs none, the file has nothing but `NAME_run`. */
  readonly memory: MemoryFacts
  /** Nodes that compute with floats, in words. */
  readonly floats: readonly string[]
  readonly notes: readonly string[]
}

export interface CFilesOptions extends GraphOptions {
  readonly target: Target
  /** What the model is called in C. */
  readonly tag: string
  /** Our name and version. */
  readonly identity: string
  readonly choices?: Choices
  /** The model's path, for the files' first lines. */
  readonly model: string
  /** C to stand before all other. */
  readonly preface?: string
  /** Weights are in the C however many they are. */
  readonly isOneFile?: boolean
}

/** Clang warns of inline functions that a source file doesn't call, which in a header it does not. */
const QUIET = '#ifdef __clang__\n#pragma clang diagnostic ignored "-Wunused-function"\n#endif\n'

/** Up to here weights are in the C: a file less to carry, and compilers take a second. */
const MOST_IN_TEXT = 512 * 1024

/**
 * Writes a model as C. Where the sizes of all values are known it takes nothing from malloc and no more of the C library than memcpy and
 * its kin, and math; with the macro OM_LIBRARY it is a library with onnx-mlir's ABI, as the built-in compiler makes them.
 *
 * @throws ModelError, CompileError as `prepareGraph`
 */
export async function cFiles(model: Model, options: CFilesOptions): Promise<CFiles> {
  const { target, identity } = options
  const prepared = prepare(model, options)
  const signature = signatureOfGraph(prepared.graph)
  const ports = flatPorts(signature)
  const whole = options.weights === undefined || options.weights === 'f32' ? codeOf(prepared, options, true) : undefined
  const tried = whole?.memory()
  const isBare = tried !== undefined && ports !== undefined && tried.mallocs.length === 0
  const code = isBare ? whole! : codeOf(prepared, options, false)
  const { constants, arenaBytes } = code
  const weights = { bytes: constants.bytes, chunks: constants.chunks }
  const isFile = isApart(weights.bytes, options)
  const text = isBare ? bareText(code, ports, signature, options) : hostedText(code, ports, signature, options)
  const source = await amalgamate(text, includeDirsOf(target))
  const facts = { ...options, signature, arenaBytes, hasTensors: !isBare }
  return {
    source: `${markOf(options.model, 'C')}/* Made by ${identity} for ${target.name}. ${isBare ? '' : 'Needs malloc, and the functions of om_tensor.h. '}With -DOM_LIBRARY: a shared library. */\n${QUIET}${options.preface ?? ''}${source}`,
    header: modelHeader(facts),
    ...(isFile && { weightsFile: weights }),
    weightsBytes: weights.bytes,
    signature,
    arenaBytes,
    memory: isBare ? tried : { ...code.memory(), mallocs: tried?.mallocs ?? widened(options, code) },
    floats: floatOperators(prepared.graph),
    notes: notesOf(model, prepared, weights),
  }
}

function widened({ weights }: GraphOptions, { memory }: Code): readonly string[] {
  return [`weights of ${weights} are widened when the model first runs`, ...memory().mallocs]
}

type Code = ModelCode & { readonly constants: ConstantPool }

function codeOf({ graph }: Prepared, { target, identity, choices = {} }: CFilesOptions, isWhole: boolean): Code {
  const { shape = shapeFor(target), winograd, macros = {} } = choices
  const constants = new ConstantPool(target.byteOrder, { shape })
  const options = {
    target: target.name,
    compiler: identity,
    byteOrder: target.byteOrder,
    entry: 'native',
    shape,
    isWhole,
    isBare: target.isBare,
    // Its tiles take a hundred kilobytes and more.
    winograd: target.isBare ? 'never' : winograd,
  } as const
  const code = generateCode(graph, options, constants)
  return { ...code, constants, head: shapeDefinitions(shape, target, macros) + code.head }
}

function isApart(bytes: number, { isOneFile }: CFilesOptions): boolean {
  return bytes > MOST_IN_TEXT && !isOneFile
}

function weightsOf({ constants }: Code, options: CFilesOptions): string {
  const { bytes } = constants
  const { tag } = options
  if (bytes === 0) return weightsSection(0)
  if (!isApart(bytes, options)) return weightsText(constants.chunks)
  return weightsSection(bytes, 64, weightsName(tag), `${tag}.weights.bin`)
}

/** A file with nothing but the flat function, unless it is to be a library. */
function bareText(code: Code, ports: FlatPorts, signature: Signature, options: CFilesOptions): string {
  const { tag } = options
  return [
    '#ifndef OM_LIBRARY\n#define OM_NO_MALLOC\n#endif\n',
    tagNames([], tag),
    code.head,
    weightsOf(code, options),
    code.constants.definitions(),
    wholeCode(code),
    '#ifdef OM_LIBRARY\n',
    library(signature, code, options),
    `#else\n${flatEntry(tag, ports)}#endif\n`,
    code.userSources,
  ].join('\n')
}

/** A file with onnx-mlir's entry points, which bear the model's name unless it is to be a library. */
function hostedText(code: Code, ports: FlatPorts | undefined, signature: Signature, options: CFilesOptions): string {
  const { tag } = options
  return [
    `#ifdef OM_LIBRARY\n${tagNames([], tag)}#else\n${tagShown(tag)}#endif\n`,
    code.head,
    weightsOf(code, options),
    code.constants.definitions(),
    wholeCode(code),
    library(signature, code, options),
    ports ? `#ifndef OM_LIBRARY\n${flatEntry(tag, ports)}#endif\n` : '',
    code.userSources,
  ].join('\n')
}

function library(signature: Signature, { arenaBytes }: Code, { target, identity }: CFilesOptions): string {
  return descriptor(signature, arenaBytes, { target: target.name, compiler: identity })
}

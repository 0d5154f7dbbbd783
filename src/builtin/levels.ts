import type { Signature } from '../cache/artifact.ts'
import type { Graph } from '../graph/graph.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import type { Target } from '../targets/index.ts'
import type { CompileUnit } from '../toolchains/job.ts'
import { weightsDeclaration, weightsSection } from '../toolchains/weights.ts'
import { ConstantSection } from './constant-section.ts'
import { ConstantPool } from './constants.ts'
import type { StoredPacking } from './loading.ts'
import { signatureOfGraph } from './signature.ts'
import { descriptor, generateCode, type ModelCode, type SourceOptions, wholeCode } from './source.ts'
import { tagNames, tagShown, weightsName } from './tag.ts'
import { shapeDefinitions, shapeFor } from './target-shape.ts'

/** A model as C files that make one library with code for several levels, see native/abi/om_level.h. */
export interface LeveledSource {
  /** The file that has the constants, chooses and shows the model to the outside; for the lowest level. */
  readonly text: string
  /** One for each level. */
  readonly units: readonly CompileUnit[]
  readonly weights: readonly Uint8Array[]
  readonly signature: Signature
  /** The most of all levels. */
  readonly arenaBytes: number
  readonly isShared: boolean
}

const HIDDEN = 'extern OM_HIDDEN '

/** Functions of a level that would be exported if it were the only one. */
const exported = ['om_prepare', 'om_forget', 'om_run_threads', 'omInstrumentPrint'] as const

/**
 * Generates the C of a graph for several levels. Weights that kernels read packed are stored once, as the best level reads
 * them, and repacked when the library is loaded on a machine that has less: a copy of contiguous pieces.
 *
 * @param levels lowest first
 */
export function leveledSource(
  graph: Graph,
  levels: readonly Target[],
  options: Omit<SourceOptions, 'shape' | 'entry' | 'byteOrder' | 'apart'>,
): LeveledSource {
  const section = new ConstantSection()
  const best = shapeFor(levels.at(-1)!)
  const stored: StoredPacking = {
    shape: best,
    pack: (weights, packing) => section.packed(weights, packing, best),
  }
  const codes = levels.toReversed().map((level) => {
    const shape = shapeFor(level)
    const own = { ...options, byteOrder: level.byteOrder, shape, entry: 'native' } as const
    const constants = new ConstantPool(level.byteOrder, { shape, section })
    return { level, shape, ...generateCode(graph, own, constants, shape === best ? undefined : stored) }
  })
  const { bytes } = section
  const declarations = weightsDeclaration(bytes) + section.stringDeclarations(HIDDEN)
  const signature = signatureOfGraph(graph)
  const arenaBytes = Math.max(...codes.map((code) => code.arenaBytes))
  const isShared = codes.some((code) => code.isShared)
  const { profile = false, tag } = options
  const tables = [...section.stringNames, ...levels.map(tableName)]
  return {
    text: [
      tagShown(tag),
      tagNames(tables, tag),
      '#include "om_level.h"\n',
      weightsSection(bytes, 64, weightsName(tag)),
      section.stringDeclarations(HIDDEN),
      section.stringTables(''),
      ...codes.map(({ level }) => `${HIDDEN}const om_level ${tableName(level)};\n`),
      `static const om_level *const om_levels[] = {${codes.map(({ level }) => `&${tableName(level)}`).join(', ')}};\n`,
      isShared ? '#define OM_LEVELS_SHARE\n' : '',
      codes.some(({ isLoading }) => isLoading) ? '#define OM_LEVELS_PREPARE\n' : '',
      codes.some(({ isKeeping }) => isKeeping) ? '#define OM_LEVELS_KEEP\n' : '',
      profile ? '#define OM_LEVELS_PROFILE\n' : '',
      '#include "om_dispatch.h"\n',
      descriptor(signature, arenaBytes, options),
    ].join(''),
    units: codes.map(({ level, shape, ...code }) => ({
      name: level.name,
      target: level,
      source: [
        '#define OM_LEVEL\n',
        ...exported.map((name) => `#define ${name} ${name}_${suffixOf(level)}\n`),
        tagNames([...tables, ...exported.map((name) => `${name}_${suffixOf(level)}`)], tag),
        shapeDefinitions(shape, level),
        code.head,
        '#include "om_level.h"\n',
        declarations,
        wholeCode(code),
        levelTable(level, { ...code, profile }),
        code.userSources,
      ].join('\n'),
    })),
    weights: section.chunks,
    signature,
    arenaBytes,
    isShared,
  }
}

function levelTable(
  level: Target,
  {
    isShared,
    isLoading,
    isKeeping,
    profile,
  }: Pick<ModelCode, 'isShared' | 'isLoading' | 'isKeeping'> & { readonly profile: boolean },
): string {
  const functions = [
    'om_run',
    isShared ? 'om_run_threads' : 'NULL',
    isLoading ? 'om_prepare' : 'NULL',
    isKeeping ? 'om_forget' : 'NULL',
    profile ? 'omInstrumentPrint' : 'NULL',
  ]
  const name = tableName(level)
  return `${HIDDEN}const om_level ${name};
const om_level ${name} = {${stringLiteral(level.name)}, ${level.level}, ${functions.join(', ')}};\n`
}

function tableName(level: Target): string {
  return `om_level_${suffixOf(level)}`
}

function suffixOf({ name }: Target): string {
  return name.replaceAll('-', '_')
}

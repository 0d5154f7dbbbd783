import type { ReadOptions } from '../../onnx/limits.ts'
import { quote, type Site } from '../../onnx/reading.ts'
import { type Json, parseJson } from './json.ts'
import { isBig, pickledWeights, rawWeights, type ReadFile, type Weights } from './weights.ts'
import type { Zip } from '../zip.ts'

/** What a file of torch.export holds: a program and its tensors. */
export interface Container {
  readonly program: Json
  readonly weights: Weights
  readonly constants: Weights
}

/** What PyTorch's ZIP files are, by an entry that only they have; the folder before it is the archive's root. */
const kinds = [
  ['archive', /^([^/]*\/)?archive_format$/],
  ['flat', /^([^/]*\/)?serialized_exported_program\.json$/],
  ['aotinductor', /^([^/]*\/)?data\/aotinductor\//],
  ['torchscript', /^([^/]*\/)?constants\.pkl$/],
  ['pickle', /^([^/]*\/)?data\.pkl$/],
] as const

export type Kind = (typeof kinds)[number][0]

/** Which of PyTorch's files an archive is; `undefined`: none. */
export function kindOf(names: Iterable<string>): { readonly kind: Kind; readonly root: string } | undefined {
  const list = [...names]
  for (const [kind, pattern] of kinds) {
    for (const name of list) {
      const match = pattern.exec(name)
      if (match) return { kind, root: match[1] ?? '' }
    }
  }
  return undefined
}

/** @throws ModelError for what can't be read, with what to do about it */
export function openContainer(zip: Zip, site: Site, options: ReadOptions): Container {
  const { kind, root } = kindOf(zip.entries.keys()) ?? { kind: 'pickle', root: '' }
  const read: ReadFile = (name) => {
    const entry = zip.entries.get(root + name)
    return entry ? zip.read(entry) : site.fail('MODEL_DAMAGED', `has no ${quote(name)} in it. Export the model again.`)
  }
  const has = (name: string): boolean => zip.entries.has(root + name)
  switch (kind) {
    case 'archive':
      return openArchive([...zip.entries.keys()], root, read, has, site, options)
    case 'flat':
      checkFlat(read, has, site)
      return {
        program: parseJson(read('serialized_exported_program.json'), site),
        weights: pickledWeights(read('serialized_state_dict.pt'), site),
        constants: pickledWeights(read('serialized_constants.pt'), site),
      }
    case 'aotinductor':
      return refuseMachineCode(site)
    default:
      return site.fail(
        'MODEL_UNSUPPORTED',
        'holds weights or a pickled object (torch.save), not a program. Save the model with torch.export.save(torch.export.export(model, inputs), "model.pt2"), or with torch.jit.save(torch.jit.script(model), "model.pt").',
      )
  }
}

/** Torch before 2.5 put the weights under other names; the program says who wrote it. */
function checkFlat(read: ReadFile, has: (name: string) => boolean, site: Site): void {
  if (has('serialized_state_dict.pt') && has('serialized_constants.pt')) return
  const version = has('version') ? new TextDecoder().decode(read('version')).trim().slice(0, 20) : 'unknown'
  site.fail(
    'MODEL_VERSION',
    `was written by an old torch (container version ${quote(version)}). Export it again with torch 2.6 or newer.`,
  )
}

/** Source: docs/source/export/pt2_archive.md and torch/csrc/export/pt2_archive_constants.h of PyTorch. */
function openArchive(
  names: readonly string[],
  root: string,
  read: ReadFile,
  has: (name: string) => boolean,
  site: Site,
  { signature }: ReadOptions,
): Container {
  const format = new TextDecoder().decode(read('archive_format')).trim()
  if (format !== 'pt2') site.fail('MODEL_UNSUPPORTED', `is an archive of format ${quote(format)}, not pt2.`)
  const version = has('archive_version') ? new TextDecoder().decode(read('archive_version')).trim() : '0'
  if (version !== '0') site.fail('MODEL_VERSION', `is a pt2 archive of version ${quote(version)}; version 0 is read.`)
  const models = names.flatMap((name) => {
    const inside = name.startsWith(`${root}models/`) ? name.slice(`${root}models/`.length) : ''
    return inside.endsWith('.json') ? [inside.slice(0, -'.json'.length)] : []
  })
  if (models.length === 0 && names.some((name) => name.startsWith(`${root}data/aotinductor/`))) refuseMachineCode(site)
  const [only] = models
  if (only === undefined) return site.fail('MODEL_EMPTY', 'holds no program. Save the model with torch.export.save.')
  const model = signature || only
  if (!models.includes(model) || (!signature && models.length > 1)) {
    const wrong = !signature ? 'holds several models' : `holds no model ${quote(signature)}`
    site.fail('MODEL_UNSUPPORTED', `${wrong}. Choose one with signature=NAME: ${models.map(quote).join(', ')}.`)
  }
  const isBigEndian = has('byteorder') && isBig(read('byteorder'))
  const weights = (folder: string, file: string): Weights => {
    const config = `${folder}${model}_${file}_config.json`
    if (has(config)) return rawWeights(config, folder, isBigEndian, read, site)
    return pickledWeights(read(`${folder}${model}.pt`), site)
  }
  return {
    program: parseJson(read(`models/${model}.json`), site),
    weights: weights('data/weights/', 'weights'),
    constants: weights('data/constants/', 'constants'),
  }
}

function refuseMachineCode(site: Site): never {
  return site.fail(
    'MODEL_UNSUPPORTED',
    'holds machine code of AOTInductor, without the program it was made from. Save the model with torch.export.save.',
  )
}

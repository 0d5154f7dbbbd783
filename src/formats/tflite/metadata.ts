import { ModelError } from '../../errors/index.ts'
import type { Site } from '../../onnx/reading.ts'
import { Zip } from '../zip.ts'
import { Table } from './flatbuffer.ts'
import type { File, NamedTensor } from './schema.ts'

/** `AssociatedFileType` of lists of labels: of an axis, of values. */
const LABELS = [2, 3]

/** Facts that are called so where only one input or output has them: what a program asks for first. */
const LISTS = ['labels', 'mean', 'std']

/** `ProcessUnitOptions` of what is subtracted and divided by. */
const NORMALIZATION = 1

/**
 * What a file says of itself for people and for what goes before and after a run, as texts by name: `description`, `author`, …;
 * `mean` and `std` of an input as JSON lists, `labels` of an output as a JSON list of texts, which stand in a ZIP archive behind the
 * model; `inputs.NAME.mean` and so on where several have some. A file whose metadata is damaged has none: it computes the same.
 * Source: tensorflow/tflite-support, tensorflow_lite_support/metadata/metadata_schema.fbs.
 */
export function metadataOf(
  file: File,
  bytes: Uint8Array,
  values: { readonly inputs: readonly NamedTensor[]; readonly outputs: readonly NamedTensor[] },
  site: Site,
): Record<string, string> {
  const data = file.metadata.get('TFLITE_METADATA')
  if (!data) return {}
  try {
    const fail = (text: string): never => site.fail('MODEL_DAMAGED', text)
    return described(Table.root(data, fail), new Labels(bytes, site), values)
  } catch (error) {
    if (error instanceof ModelError) return {}
    throw error
  }
}

function described(
  model: Table,
  labels: Labels,
  { inputs, outputs }: Parameters<typeof metadataOf>[2],
): Record<string, string> {
  const slots = { name: 0, description: 1, version: 2, author: 4, license: 5 }
  const entries = Object.entries(slots).map(([key, slot]) => [key, model.text(slot)] as const)
  const [graph] = model.tables(3)
  const ofTensors = (what: string, slot: number, tensors: readonly NamedTensor[]) =>
    (graph?.tables(slot) ?? [])
      .slice(0, tensors.length)
      .flatMap((table, i) =>
        tensorFacts(table, labels).map(([key, value]) => ({ key, value, full: `${what}.${tensors[i]!.name}.${key}` })),
      )
  const facts = [...ofTensors('inputs', 2, inputs), ...ofTensors('outputs', 3, outputs)]
  const said = facts.filter(({ value }) => value !== '')
  const isOnly = (key: string): boolean => LISTS.includes(key) && said.filter((fact) => fact.key === key).length === 1
  const ofAll = said.map(({ key, value, full }) => [isOnly(key) ? key : full, value] as const)
  return Object.fromEntries([...entries.filter(([, value]) => value !== ''), ...ofAll])
}

function tensorFacts(table: Table, labels: Labels): (readonly [string, string])[] {
  const normalization = table
    .tables(4)
    .find((unit) => unit.uint8(0) === NORMALIZATION)
    ?.table(1)
  const list = (slot: number): string => {
    const values = normalization?.float32s(slot)
    return values ? JSON.stringify(values) : ''
  }
  const file = table.tables(6).find((associated) => LABELS.includes(associated.int8(2)))
  return [
    ['description', table.text(1)],
    ['mean', list(0)],
    ['std', list(1)],
    ['labels', file ? labels.of(file.text(0)) : ''],
  ]
}

/** The lists of labels behind a model; the archive is opened when the first is asked for. */
class Labels {
  readonly #bytes: Uint8Array
  readonly #site: Site
  #zip: Zip | undefined

  constructor(bytes: Uint8Array, site: Site) {
    this.#bytes = bytes
    this.#site = site
  }

  /** A line each, as JSON; empty where there is no such file. */
  of(name: string): string {
    this.#zip ??= new Zip(this.#bytes, this.#site)
    const entry = this.#zip.entries.get(name)
    if (!entry) return ''
    const lines = new TextDecoder().decode(this.#zip.read(entry)).split(/\r?\n/)
    if (lines.at(-1) === '') lines.pop()
    return JSON.stringify(lines)
  }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { builtinSource } from '../../src/builtin/index.ts'
import { dataSetFolders, readDataSet } from '../../src/conformance/data-set.ts'
import { OnnxMlirError } from '../../src/errors/index.ts'
import { elementTypes, type ElementType } from '../../src/onnx/element-type.ts'
import type { Model, Tensor } from '../../src/onnx/model.ts'
import { readModel } from '../../src/formats/read.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import type { Subject } from './binary.ts'
import { callsOf, resized, retyped, symbolic } from './variants.ts'
import { isSequence } from '../../src/conformance/runtime-tensor.ts'

/** A model of a backend test with its inputs. */
export interface Seed {
  readonly name: string
  readonly model: Model
  readonly inputs: readonly Tensor[]
}

/** Tests that fail for a reason: some don't run as they should be. */
const knownFailures = JSON.parse(
  readFileSync(new URL('../conformance/known-failures.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>

/** Beyond this, constants and inputs make programs large and say nothing more. */
const MOST_BYTES = 1 << 16

/** Tests of one operator or few, at most `perOperator` for each operator, spread over the suite's. */
export async function seedsOf(suite: string, perOperator: number): Promise<Seed[]> {
  const byOperator = new Map<string, string[]>()
  for (const folder of folders(suite)) {
    const model = await readModel(join(folder, 'model.onnx')).catch(() => undefined)
    if (!model || model.graph.nodes.length > 3 || model.graph.inputs.length === 0) continue
    const key = model.graph.nodes.map(({ domain, op }) => `${domain}:${op}`).join(' ')
    byOperator.set(key, [...(byOperator.get(key) ?? []), folder])
  }
  const chosen = [...byOperator.values()].flatMap((list) => spread(list, perOperator))
  const seeds = await Promise.all(chosen.map(readSeed))
  return seeds.filter((seed) => seed !== undefined)
}

function folders(suite: string): string[] {
  return readdirSync(suite, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('model.onnx'))
    .map((path) => join(suite, path, '..'))
    .filter(
      (folder) =>
        !Object.hasOwn(knownFailures, basename(folder)) &&
        existsSync(join(folder, 'test_data_set_0')) &&
        readFileSync(join(folder, 'model.onnx')).length < MOST_BYTES,
    )
    .sort()
}

function spread<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]!)
}

async function readSeed(folder: string): Promise<Seed | undefined> {
  const model = await readModel(join(folder, 'model.onnx'))
  const [set] = await dataSetFolders(folder)
  if (!model.graph.inputs.every(({ type }) => type?.kind === 'tensor')) return undefined
  const data = await readDataSet(set!, model).catch(() => undefined)
  const inputs = model.graph.inputs.map(({ name }) => data?.inputs.get(name))
  if (!inputs.every((value) => value !== undefined && !isSequence(value) && value.data.length < MOST_BYTES))
    return undefined
  return { name: folder.split('/').at(-1)!, model, inputs: inputs as Tensor[] }
}

/** The seed with all sizes unknown, called in every way; `refusal` where it does not compile like that. */
export function symbolicSubject({ name, model, inputs }: Seed): Subject | Refusal {
  const made = symbolic(model, (other) => !('error' in subjectOf(name, other, () => [])))
  return subjectOf(name, made, () => [...callsOf(inputs)])
}

/** The seed with each input of each other type: those that are accepted are run. */
export function* retypedSubjects({ name, model, inputs }: Seed): Generator<Subject | Refusal> {
  for (const [i, tensor] of inputs.entries()) {
    for (const type of Object.keys(elementTypes) as ElementType[]) {
      if (type === tensor.type) continue
      const other = resized({ type, dims: tensor.dims, data: new Uint8Array(16), strings: ['text'] }, tensor.dims)
      yield subjectOf(`${name} with ${type} as input ${i}`, retyped(model, i, type), () => [
        { what: `zeros of ${type}`, inputs: inputs.with(i, other) },
      ])
    }
  }
}

/** A model that does not compile; `raw`: the error is none of ours, or wraps one that is not. */
export interface Refusal {
  readonly name: string
  readonly error: Error
  readonly raw: boolean
}

function subjectOf(name: string, model: Model, calls: () => Subject['calls']): Subject | Refusal {
  try {
    return {
      name,
      source: builtinSource(model, { target: resolveTarget('host'), identity: 'test', apart: true }),
      calls: calls(),
    }
  } catch (error) {
    const raw = !(error instanceof OnnxMlirError) || error.code === 'MODEL_NODE'
    return { name, error: error as Error, raw }
  }
}

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { UsageError } from '../../errors/index.ts'
import type { ModelFile } from '../../onnx/model.ts'
import { quote, type Site } from '../../onnx/reading.ts'
import { type InputShape, parseInputs } from '../../request/inputs.ts'

/** What is said of a model in a file beside it, `net.pt.json` of `net.pt`. */
export interface Sidecar {
  readonly inputs: readonly InputShape[]
  /** What sizes that vary are while the model runs once: a network may take multiples of 32 only. */
  readonly sizes: Readonly<Record<string, number>>
  /** Names of the outputs. */
  readonly outputs: readonly string[]
  /** `undefined` where there is none. */
  readonly file?: ModelFile
}

export function sidecarPath(model: string): string {
  return `${model}.json`
}

/**
 * Reads `{ "inputs": { "x": "float32[batch,3,224,224]" }, "sizes": { "batch": 2 }, "outputs": ["logits"] }`.
 *
 * @throws ModelError `MODEL_INPUTS` for one that is none
 */
export async function readSidecar(model: string, site: Site): Promise<Sidecar> {
  const path = sidecarPath(model)
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { inputs: [], sizes: {}, outputs: [] }
    return site.fail('MODEL_UNREADABLE', `has ${quote(path)} beside it, which can't be read. Check the file.`)
  }
  const file = { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  return { ...contentsOf(bytes.toString(), (why) => wrong(site, path, why)), file }
}

function contentsOf(text: string, fail: (why: string) => never): Sidecar {
  const json = jsonOf(text, fail)
  if (!isRecord(json)) return fail('it is no object')
  const { inputs = {}, sizes = {}, outputs = [], ...others } = json
  const [other] = Object.keys(others)
  if (other !== undefined) fail(`it has ${quote(other)}; known are inputs, sizes and outputs`)
  if (!isRecord(inputs)) return fail('its inputs are no object')
  if (!isRecord(sizes)) return fail('its sizes are no object')
  const badSize = Object.entries(sizes).find(([, size]) => !Number.isSafeInteger(size) || Number(size) < 1)
  if (badSize) fail(`its size ${quote(badSize[0])} is no number of at least 1`)
  if (!Array.isArray(outputs) || !outputs.every((name) => typeof name === 'string' && name !== ''))
    return fail('its outputs are no list of names')
  return {
    inputs: Object.entries(inputs).map(([name, type]) => inputOf(name, type, fail)),
    sizes: sizes as Record<string, number>,
    outputs: outputs as string[],
  }
}

function inputOf(name: string, type: unknown, fail: (why: string) => never): InputShape {
  try {
    const [only, ...others] = typeof type === 'string' ? parseInputs(`${name}:${type}`) : []
    if (only !== undefined && others.length === 0) return only
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
  }
  return fail(
    `its input ${quote(name)} is ${JSON.stringify(type)}, which is no type with sizes like "float32[batch,3]"`,
  )
}

function jsonOf(text: string, fail: (why: string) => never): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(site: Site, path: string, why: string): never {
  return site.fail(
    'MODEL_INPUTS',
    `has ${quote(path)} beside it, which is wrong: ${why}. Write {"inputs": {"x": "float32[batch,3,224,224]"}}.`,
    { watch: [path] },
  )
}

import { createHash } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { hashFile } from '../../cache/file-memo.ts'
import { ownVersion } from '../../cache/key.ts'
import type { Entry, StoredFile } from '../../cache/entry.ts'
import { Store } from '../../cache/store.ts'
import { ModelError } from '../../errors/index.ts'
import type { ModelFile } from '../../onnx/model.ts'
import type { Encoded } from '../../onnx/read.ts'
import type { Site } from '../../onnx/reading.ts'
import { Reading } from '../../onnx/reading.ts'
import { Turns } from '../../process/turns.ts'
import { parseInputs } from '../../request/inputs.ts'
import type { FrontEnd, ModelReadOptions } from '../front-end.ts'
import { kindOf } from '../pt2/container.ts'
import { Zip } from '../zip.ts'
import { failed } from './failures.ts'
import { findPython, type Python } from './find.ts'
import { type Job, runJob } from './job.ts'
import { type Kind, kinds } from './options.ts'
import { readSidecar } from './sidecar.ts'

/** TorchScript, as `torch.jit.save` writes it: only PyTorch knows its operators. */
export const torchscript = frontEnd('torchscript', (bytes) => kindOf(entriesOf(bytes))?.kind === 'torchscript')

/** Keras 3. */
export const keras = frontEnd('keras', (bytes) => {
  const names = new Set(entriesOf(bytes))
  return names.has('metadata.json') && names.has('config.json') && names.has('model.weights.h5')
})

/** A file of Python, which has no contents to be known by, only its name; an import says what in it is the model. */
export const pythonModule = frontEnd('module', () => true)

/** TensorFlow's, known by the name that TensorFlow finds it by; its weights are files beside it. */
export const savedModel = frontEnd('savedmodel', () => true)

function frontEnd(kind: Kind, claims: FrontEnd['claims']): FrontEnd<Promise<Encoded>> {
  return {
    format: kinds[kind].format,
    claims,
    async convert(_, reading, options) {
      const { onnx, files } = await convertByPython(kind, reading.path, options)
      return { onnx: await readFile(onnx.path), files }
    },
  }
}

/** None where the directory is broken: who reads it then says so. */
function entriesOf(bytes: Uint8Array): Iterable<string> {
  try {
    return new Zip(bytes, new Reading('archive').site('the archive')).entries.keys()
  } catch {
    return []
  }
}

/** A model that Python made ONNX of. */
export interface ByPython {
  /** In the store. */
  readonly onnx: StoredFile
  /** What it was made of beside the model's file: what is said of it, and what a module imports and reads. */
  readonly files: readonly ModelFile[]
}

/** Each takes a gigabyte, and all cores. */
const turns = new Turns(1)

/**
 * The ONNX of a model that only Python reads, from the store where it was made before: of the same bytes, by the same torch or Keras.
 *
 * @param path absolute
 * @throws ModelError what is wrong with the model, or with what is said of it
 * @throws EnvironmentError `ENVIRONMENT_NO_PYTHON`, `ENVIRONMENT_PYTHON`
 * @throws the signal's reason when aborted
 */
export async function convertByPython(kind: Kind, path: string, options: ModelReadOptions): Promise<ByPython> {
  const { python: given = {}, signal } = options
  const site = new Reading(path, options).site('the file')
  const { needs, format } = kinds[kind]
  const { interpreter } = given
  const store = given.store ?? ofProcess
  if (given.isUntrusted || interpreter === false) {
    const why = given.isUntrusted ? 'on what is untrusted none is run' : 'none is run where the option python is false'
    return site.fail('MODEL_NO_PYTHON', `is ${format}, which takes Python, and ${why}. Convert it to ONNX elsewhere.`)
  }
  if (kind === 'module' && !given.export)
    site.fail('MODEL_PYTHON', `is a file of Python. Say what in it is the model: ${basename(path)}?export=Net.`)
  const { file: sidecar, ...said } = await readSidecar(path, site)
  const python = await findPython(needs, {
    what: `${path} is ${format}: it`,
    interpreter,
    from: dirname(path),
    memoFolder: store.folder,
    signal,
  })
  const job: Job = {
    kind,
    file: path,
    export: given.export ?? '',
    signature: kind === 'savedmodel' ? (given.signature ?? '') : '',
    ...said,
    ...(given.inputs && { inputs: parseInputs(given.inputs) }),
  }
  const key = await keyOf(job, python, store)
  const kept = async (): Promise<Entry | undefined> => {
    const entry = await store.get(key)
    return entry && (await isCurrent(entry, store)) ? entry : undefined
  }
  const entry =
    (await kept()) ??
    (await turns.take(
      basename(path),
      async () => (await kept()) ?? make(job, python, key, store, site, options),
      signal ? { signal } : {},
    ))
  return { onnx: entry.files['onnx']!, files: [...(sidecar ? [sidecar] : []), ...metaOf(entry).files] }
}

/** Where nobody gives a store: conversions last as long as this process. */
const ofProcess = new Store(undefined, () => {})

/** Other files are in what is kept under the key, as only a conversion finds them: so the key has the place of who has such. */
async function keyOf(job: Job, python: Python, store: Store): Promise<string> {
  const { file, ...asked } = job
  const place = job.kind === 'module' || job.kind === 'savedmodel' ? file : undefined
  const parts = ['by Python', ownVersion(), await store.hashFile(file), asked, place, python.python, python.version]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

interface Meta {
  readonly files: readonly ModelFile[]
}

function metaOf({ meta }: Entry): Meta {
  return meta as Meta // as `make` writes it
}

async function isCurrent(entry: Entry, store: Store): Promise<boolean> {
  const same = metaOf(entry).files.map(async ({ path, sha256 }) => {
    return (await store.hashFile(path).catch(() => undefined)) === sha256
  })
  return (await Promise.all(same)).every(Boolean)
}

async function make(
  job: Job,
  python: Python,
  key: string,
  store: Store,
  site: Site,
  { python: { log, warn } = {}, signal }: ModelReadOptions,
): Promise<Entry> {
  const { needs } = kinds[job.kind]
  log?.(`converting ${basename(job.file)} by ${needs} ${python.version} (${python.path})`)
  const { result, command } = await runJob(python, job, signal)
  if (!result.ok) return failed(result, job.kind, python, command, site)
  if ((await keyOf(job, python, store)) !== key) {
    await rm(result.folder, { recursive: true, force: true })
    const message = `Model ${job.file} changed while it was converted. Build again when it is complete.`
    throw new ModelError('MODEL_CHANGED', message, { model: job.file })
  }
  for (const line of result.warnings) warn?.(`${basename(job.file)}: ${needs} warns: ${line}`)
  const others = result.files.filter((path) => path !== job.file)
  const files = await Promise.all(others.map((path) => modelFile(path, store.folder)))
  try {
    return await store.put(key, { files: { onnx: result.onnx }, meta: { files } satisfies Meta })
  } finally {
    await rm(result.folder, { recursive: true, force: true })
  }
}

async function modelFile(path: string, memoFolder: string | undefined): Promise<ModelFile> {
  return { path, bytes: (await stat(path)).size, sha256: await hashFile(memoFolder, path) }
}

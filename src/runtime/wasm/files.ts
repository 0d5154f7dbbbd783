import { ModelLoadError } from '../errors.ts'
import type { LoadSignal } from '../model.ts'
import { type WasmModule, wasmApi } from './api.ts'

/** One file of a model, and what is known of its contents. */
export interface WebFile {
  /** As the user knows the model. */
  readonly model: string
  readonly what: 'module' | 'weights'
  /** An address, the thing itself, a Response, or a function that gives one of these or a promise of it. */
  readonly source: unknown
  readonly sha256: string | undefined
  readonly bytes: number | undefined
}

/** How a file is fetched. */
export interface Way {
  readonly signal: LoadSignal
  /** Called as bytes arrive. */
  readonly report: (loaded: number, total: number | undefined) => void
}

/** What a file turned out to be: its bytes, and of a module what was compiled while they came. */
export interface Contents {
  readonly bytes?: Uint8Array
  readonly module?: WasmModule
  /** Whether the bytes are nobody else's. */
  readonly isOwn?: boolean
}

/**
 * Fetches a file and holds it against what the build wrote. Where the network fails or the contents are others, it tries
 * once more, past the browser's cache.
 *
 * @throws ModelLoadError `LOAD_FETCH`, `LOAD_MISSING`, `LOAD_CHANGED`; the signal's reason
 */
export async function contentsOf(file: WebFile, way: Way): Promise<Contents> {
  try {
    return await attempt(file, way, {})
  } catch (error) {
    if (way.signal.aborted || !/FETCH|CHANGED/.test((error as ModelLoadError).code)) throw error
    return attempt(file, way, { cache: 'reload' })
  }
}

async function attempt(file: WebFile, { signal, report }: Way, past: object): Promise<Contents> {
  const { source, what } = file
  let place = `its ${what}`
  const given = typeof source === 'function' ? await (source as () => unknown)() : source
  if (isModule(given)) return { module: given }
  if (isA('ArrayBuffer', given) || ArrayBuffer.isView(given)) {
    const bytes = ArrayBuffer.isView(given)
      ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
      : new Uint8Array(given as ArrayBuffer)
    return { bytes: await expectContents(file, place, bytes) }
  }
  try {
    const onDisk = await fileContents(String(given))
    if (onDisk !== undefined) return { bytes: await expectContents(file, String(given), onDisk), isOwn: true }
    const response = isA('Response', given)
      ? (given as Response)
      : await fetch(String(given), { signal: signal as AbortSignal, ...past })
    place = response.url || place
    if (!response.ok) throw problem(file, 'MISSING', `${place} answered ${response.status}`)
    // The browser keeps machine code for a response, and makes it as bytes come. Not where its type is wrong.
    const streamed = what === 'module' ? wasmApi()?.compileStreaming?.(response.clone()) : undefined
    const module = streamed?.catch(() => undefined)
    const bytes = await bytesOf(response, file, report)
    return { bytes: await expectContents(file, place, bytes), module: await module, isOwn: true }
  } catch (error) {
    if (error instanceof ModelLoadError) throw error
    throw problem(file, 'FETCH', `${place} can't be fetched (${(error as Error).message})`, error)
  }
}

/** Node's `fetch` takes no `file:` addresses, which are what files beside a module have there. */
async function fileContents(address: string): Promise<Uint8Array | undefined> {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  if (!address.startsWith('file:') || !process?.getBuiltinModule) return undefined
  const { readFile } = process.getBuiltinModule('node:fs/promises') as { readFile(url: URL): Promise<Uint8Array> }
  return readFile(new URL(address))
}

async function bytesOf(response: Response, file: WebFile, report: Way['report']): Promise<Uint8Array> {
  const { headers, body } = response
  // The length that is told is that of what travels, where it is compressed.
  const told = headers.get('content-encoding') ? 0 : Number(headers.get('content-length'))
  const total = file.bytes ?? (told || undefined)
  let bytes = new Uint8Array(total ?? 1 << 16)
  let loaded = 0
  report(loaded, total)
  const reader = body!.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return bytes.subarray(0, loaded)
    if (loaded + value.length > bytes.length) {
      const more = new Uint8Array(2 * (loaded + value.length))
      more.set(bytes)
      bytes = more
    }
    bytes.set(value, loaded)
    loaded += value.length
    report(loaded, total)
  }
}

/** @returns the bytes, if they are those of the build */
async function expectContents(file: WebFile, place: string, bytes: Uint8Array): Promise<Uint8Array> {
  const { sha256, bytes: length = bytes.length, what } = file
  // An insecure page (http:, not localhost) has no hashes; it looks at lengths, and at how a module begins.
  const { subtle } = globalThis.crypto ?? {}
  const isWhole = bytes.length === length
  let isKnown = isWhole && (what === 'weights' || bytes.subarray(0, 4).join() === '0,97,115,109')
  if (isKnown && sha256 !== undefined && subtle !== undefined) {
    const hash = new Uint8Array(await subtle.digest('SHA-256', bytes))
    isKnown = Array.from(hash, (byte) => (256 + byte).toString(16).slice(1)).join('') === sha256
  }
  if (isKnown) return bytes
  if (/^\s*<(!doctype|html)/i.test(String.fromCharCode(...bytes.subarray(0, 99))))
    throw problem(file, 'MISSING', `${place} is a web page, given in place of a missing file`)
  const how = isWhole ? 'of another build' : `${bytes.length} bytes of ${length}`
  throw problem(file, 'CHANGED', `${place} is not the file that the build wrote (${how})`)
}

function problem({ model }: WebFile, code: string, what: string, cause?: unknown): ModelLoadError {
  const advice = 'deploy all that the bundler wrote, of one build'
  return new ModelLoadError(`LOAD_${code}`, `${model}: ${what}: ${advice}`, { cause })
}

export const isModule = (value: unknown): value is WasmModule => isA('WebAssembly.Module', value)

/** Also of another realm. */
function isA(kind: string, value: unknown): boolean {
  return Object.prototype.toString.call(value) === `[object ${kind}]`
}

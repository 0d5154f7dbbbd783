import { ModelLoadError } from '../errors.ts'
import type { LoadProgress, LoadSignal } from '../model.ts'
import type { WasmModule } from './api.ts'

/** One file of a model, and what is known of its contents. */
export interface WebFile {
  /** As the user knows the model. */
  readonly model: string
  readonly what: LoadProgress['file']
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
 * Gets a file that has the contents that the build wrote.
 *
 * @throws ModelLoadError `LOAD_FETCH`, `LOAD_MISSING`, `LOAD_CHANGED`; the signal's reason
 */
export type Source = (file: WebFile, way: Way) => Promise<Contents>

/** @returns the bytes, if they are those of the build */
export async function expectContents(file: WebFile, place: string, bytes: Uint8Array): Promise<Uint8Array> {
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

/** What to do where a server has not what the build wrote. */
export const deployAll = 'deploy all that the bundler wrote, of one build'

export function problem({ model }: WebFile, code: string, what: string, cause?: unknown): ModelLoadError {
  return new ModelLoadError(`LOAD_${code}`, `${model}: ${what}: ${deployAll}`, { cause })
}

/** Also of another realm. */
export function isA(kind: string, value: unknown): boolean {
  return Object.prototype.toString.call(value) === `[object ${kind}]`
}

import { ModelLoadError } from '../errors.ts'
import { wasmApi } from './api.ts'
import { loadFrom } from './load.ts'
import { type Contents, expectContents, isA, problem, type Source, type Way, type WebFile } from './files.ts'

/** Gets a file. @param past options of `fetch`, for a second attempt */
type Attempt = (file: WebFile, way: Way, past: object) => Promise<Contents>

/** Where the network fails or the contents are others, it tries once more, past the browser's cache. */
export const twice =
  (attempt: Attempt): Source =>
  async (file, way) => {
    try {
      return await attempt(file, way, {})
    } catch (error) {
      if (way.signal.aborted || !/FETCH|CHANGED/.test((error as ModelLoadError).code)) throw error
      return attempt(file, way, { cache: 'reload' })
    }
  }

/** Files at addresses. */
export const fetched = /* @__PURE__ */ loadFrom(/* @__PURE__ */ twice(fetchOnce))

export async function fetchOnce(file: WebFile, { signal, report }: Way, past: object): Promise<Contents> {
  const { source, what } = file
  let place = `its ${what}`
  try {
    const onDisk = await fileContents(String(source))
    if (onDisk !== undefined) return { bytes: await expectContents(file, String(source), onDisk), isOwn: true }
    const response = isA('Response', source)
      ? (source as Response)
      : await fetch(String(source), { signal: signal as AbortSignal, ...past })
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

import { fetchOnce, twice } from './fetched.ts'
import { expectContents, isA } from './files.ts'
import { isModule } from './given.ts'
import { loadFrom } from './load.ts'

/** Files wherever they are, as `WebSource` says. */
export const anySource = /* @__PURE__ */ loadFrom(
  /* @__PURE__ */ twice(async (file, way, past) => {
    const { source, what } = file
    const value = typeof source === 'function' ? await (source as () => unknown)() : source
    if (isModule(value)) return { module: value }
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : isA('ArrayBuffer', value) && new Uint8Array(value as ArrayBuffer)
    if (bytes) return { bytes: await expectContents(file, `its ${what}`, bytes) }
    return fetchOnce({ ...file, source: value }, way, past)
  }),
)

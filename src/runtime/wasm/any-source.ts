import { fetchOnce, twice } from './fetched.ts'
import { isA, type Source } from './files.ts'
import { given, isModule } from './given.ts'

/** A file wherever it is, as `WebSource` says. */
export const anySource: Source = /* @__PURE__ */ twice(async (file, way, past) => {
  const { source } = file
  const value = typeof source === 'function' ? await (source as () => unknown)() : source
  const isHere = isModule(value) || isA('ArrayBuffer', value) || ArrayBuffer.isView(value)
  const found = { ...file, source: value }
  return isHere ? given(found, way) : fetchOnce(found, way, past)
})

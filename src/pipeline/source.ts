import { rememberByStat } from '../cache/file-memo.ts'
import type { ModelReadOptions } from '../formats/front-end.ts'
import type { Kind } from '../formats/python/options.ts'
import { cold } from './when-cold.ts'

export interface Source {
  /** The model file, and its external data or what Python made ONNX of beside it. */
  readonly files: readonly string[]
  /** sha256 of the ONNX that Python made: another torch may make another. */
  readonly byPython?: string
}

/** What a model is made of; remembered, so that a cache hit need not decode it. Of what Python read, only the kind is. */
export async function sourceOf(
  path: string,
  memoFolder: string | undefined,
  reading: ModelReadOptions,
): Promise<Source> {
  const text = await rememberByStat(memoFolder, 'source', path, async () => {
    const { kindOfFormat, modelFilesOf } = await cold()
    const { files, format } = await modelFilesOf(path, reading)
    return JSON.stringify({ files, kind: kindOfFormat(format) })
  })
  const { files, kind } = JSON.parse(text) as { readonly files: string[]; readonly kind?: Kind }
  if (kind === undefined) return { files }
  const { convertByPython } = await import('../formats/python/index.ts')
  const { onnx, files: others } = await convertByPython(kind, path, reading)
  return { files: [path, ...others.map((file) => file.path)], byPython: onnx.sha256 }
}

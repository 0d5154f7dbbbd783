import type { ResolvedConfig } from 'vite'
import { chunkUrl, type FileReference } from './chunk-url.ts'

type Config = Pick<ResolvedConfig, 'base' | 'experimental'>

/**
 * Expression for the URL of an emitted file in code for browsers, by the rules that Vite has for all its assets: `base`,
 * relative or not, and `experimental.renderBuiltUrl`. Vite 7 and 8 differ in what they make of Rollup's file URLs, and
 * neither has a public function for it.
 *
 * @see https://vite.dev/guide/build#advanced-base-options
 */
export function builtUrl(
  reference: FileReference & { readonly chunkId: string },
  { base, experimental }: Config,
): string {
  const { fileName, chunkId } = reference
  const rendered = experimental.renderBuiltUrl?.(fileName, {
    hostId: chunkId,
    hostType: 'js',
    type: 'asset',
    ssr: false,
  })
  if (typeof rendered === 'string') return JSON.stringify(encodeURI(rendered))
  if (rendered?.runtime) return rendered.runtime
  if (rendered?.relative ?? ['', './'].includes(base)) return chunkUrl(reference)
  return JSON.stringify(base + encodeURI(fileName))
}

import type { LoaderContext } from 'webpack'
import { expect, test } from 'vitest'
import type { EmittedFile } from '../../src/plugin/files.ts'
import { turbopackHost } from '../../src/plugin/turbopack.ts'

const file = (sha256: string): EmittedFile => ({
  role: 'library',
  source: `/cache/${sha256}.wasm`,
  sha256,
  name: 'm.wasm',
  fileName: `m-${sha256}.wasm`,
})

/** What the module of one import of a model imports itself, for these files. */
async function importsFor(...files: readonly EmittedFile[]): Promise<string[]> {
  const host = turbopackHost({ resourcePath: '/app/m.onnx', target: 'web' } as LoaderContext<unknown>)
  for (const one of files) await host.place(one)
  return [...host.imports().matchAll(/from "(.*?)"/g)].map(([, specifier]) => specifier!)
}

// Turbopack gave one import of a model the files of another import, with other directives: the specifiers were the same.
test('specifiers of files differ where the files do, in all imports of a model', async () => {
  const [a, b, c] = ['aa', 'bb', 'cc'].map(file) as [EmittedFile, EmittedFile, EmittedFile]
  const [one, other, again] = [await importsFor(a, b), await importsFor(c, a), await importsFor(a, b)]
  expect(one[0]).toMatch(/^\.\/m\.onnx\?/)
  expect(new Set([...one, ...other]).size).toBe(3)
  expect(again).toEqual(one)
})

import { dirname, resolve } from 'node:path'
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

test('an addon that is in the JavaScript is one module for all models', () => {
  const addon = '/cache/addon/1a2b.mjs'
  const [one, other] = ['/app/m.onnx', '/app/more/n.onnx'].map((resourcePath) => {
    const { imported } = turbopackHost({ resourcePath, target: 'node' } as LoaderContext<unknown>)
    const { from, attributes } = imported!(addon)
    expect(JSON.parse(attributes!['turbopackLoaderOptions']!)).toEqual({ emit: addon })
    return resolve(dirname(resourcePath), from)
  })
  expect(one).toMatch(/\?1a2b\.mjs$/)
  expect(other).toBe(one)
})

// Turbopack gave one import of a model the files of another import, with other directives: the specifiers were the same.
test('specifiers of files differ where the files do, in all imports of a model', async () => {
  const [a, b, c] = ['aa', 'bb', 'cc'].map(file) as [EmittedFile, EmittedFile, EmittedFile]
  const [one, other, again] = [await importsFor(a, b), await importsFor(c, a), await importsFor(a, b)]
  expect(one[0]).toMatch(/^\.\/m\.onnx\?/)
  expect(new Set([...one, ...other]).size).toBe(3)
  expect(again).toEqual(one)
})

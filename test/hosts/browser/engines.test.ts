import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import esbuildPlugin from '../../../src/esbuild.ts'
import { chromium } from '../../report/browser.ts'
import { filesBelow, temporaryFolder, writeFiles } from '../app.ts'
import { addModel } from '../models.ts'
import { denseModel, width } from './models.ts'
import { openPage, serveSite } from './site.ts'

// Pages in browsers that lack something, by flags of the browser: no stand-ins.

/** Builds a page whose `sums()` and `count()` give results, or code and message of the error. */
async function builtPage(): Promise<string> {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'package.json': '{}',
    'main.js': `
      import add from './add.onnx?files=url'
      import inWorker from './add.onnx?worker=true'
      import dense from './dense.onnx'
      const failed = ({ code, message }) => [code, message]
      const sumOf = (model) => model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => [...y.data], failed)
      globalThis.sums = async () => [await sumOf(add), await sumOf(inWorker)]
      globalThis.count = () => dense.run({ x: new Float32Array(${width}) }).then(({ y }) => y.data.length, failed)`,
    'out/index.html': '<!doctype html><title>test</title><script defer src="main.js"></script>',
    'add.onnx': addModel(10),
    'dense.onnx': denseModel(7),
  })
  await build({
    entryPoints: [join(root, 'main.js')],
    outdir: join(root, 'out'),
    absWorkingDir: root,
    bundle: true,
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root })],
  })
  return join(root, 'out')
}

test.skipIf(!chromium)('an insecure page runs models, and holds files against their lengths', async () => {
  const folder = await builtPage()
  const { url } = await serveSite(folder, '/')
  const open = () =>
    openPage(url.replace('127.0.0.1', 'example.test'), ['--host-resolver-rules=MAP example.test 127.0.0.1'])
  const page = await open()
  expect(await page.evaluate('[isSecureContext, typeof crypto.subtle]')).toEqual([false, 'undefined'])
  expect(await page.evaluate('sums()')).toEqual([
    [11, 12, 13],
    [11, 12, 13],
  ])
  expect(await page.evaluate('count()')).toBe(width)
  expect(page.problems).toEqual([])

  const files = await filesBelow(folder)
  const change = async (name: RegExp, to: (bytes: Buffer) => Uint8Array): Promise<void> => {
    for (const file of files.filter((path) => name.test(path)))
      await writeFile(join(folder, file), to(await readFile(join(folder, file))))
  }
  await change(/^add.*\.wasm$/, (bytes) => bytes.subarray(0, -1))
  await change(/^dense.*\.bin$/, (bytes) => bytes.subarray(4))
  const cut = await open()
  const refused = ['LOAD_CHANGED', expect.stringMatching(/bytes of/)]
  expect(await cut.evaluate('sums()')).toEqual([refused, refused])
  expect(await cut.evaluate('count()')).toEqual(refused)

  await change(/\.wasm$/, (bytes) => bytes.fill(7))
  expect(await (await open()).evaluate('count()')).toEqual(['LOAD_CHANGED', expect.anything()])
})

// What V8 makes of vector instructions needs SSE4.1.
test.skipIf(!chromium || process.arch !== 'x64')(
  'a browser without SIMD is told so, and the page goes on',
  async () => {
    const page = await openPage((await serveSite(await builtPage(), '/')).url, ['--js-flags=--no-enable-sse4-1'])
    const refused = [
      'LOAD_MACHINE',
      expect.stringMatching(
        /^dense\.onnx: its module can't be compiled here: .*SIMD unsupported.*; it takes SIMD, which browsers since Safari 16\.4 have$/,
      ) as string,
    ]
    expect(await page.evaluate('count()')).toEqual(refused)
    expect(await page.evaluate('count()')).toEqual(refused)
    // Three numbers are no vectors.
    expect(await page.evaluate('sums()')).toEqual([
      [11, 12, 13],
      [11, 12, 13],
    ])
    expect(page.problems).toEqual([])
  },
)

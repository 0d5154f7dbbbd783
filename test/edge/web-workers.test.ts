import { join } from 'node:path'
import { build as esbuildBuild } from 'esbuild'
import { rollup } from 'rollup'
import { expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import rollupPlugin from '../../src/rollup.ts'
import { filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { denseModel, denseSignature } from '../hosts/browser/models.ts'
import { openPage, serveSite } from '../hosts/browser/site.ts'
import { expectClose, onnxruntime, randomInputs, reference } from '../onnxruntime.ts'
import { chromium } from '../report/browser.ts'

const ort = onnxruntime()
const sets = [randomInputs(denseSignature, 1), randomInputs(denseSignature, 2)]

interface Kind {
  readonly kind: 'worker' | 'service worker'
  readonly type: 'classic' | 'module'
  readonly query: string
}

const kinds: readonly Kind[] = (['worker', 'service worker'] as const).flatMap((kind) =>
  (['classic', 'module'] as const).flatMap((type) => ['', '?files=inline'].map((query) => ({ kind, type, query }))),
)

const builders: Readonly<Record<string, (root: string, type: Kind['type']) => Promise<void>>> = {
  async esbuild(root, type) {
    await esbuildBuild({
      entryPoints: [join(root, 'worker.js')],
      outdir: join(root, 'out'),
      absWorkingDir: root,
      bundle: true,
      format: type === 'module' ? 'esm' : 'iife',
      logLevel: 'silent',
      plugins: [esbuildPlugin({ root })],
    })
  },
  async rollup(root, type) {
    const plugins = [rollupPlugin({ root, platform: 'browser' })]
    const bundle = await rollup({ input: join(root, 'worker.js'), plugins })
    await bundle.write({ format: type === 'module' ? 'es' : 'iife', dir: join(root, 'out') })
    await bundle.close()
  },
}

const cases = Object.entries(builders).flatMap(([builder, build]) =>
  kinds.map((kind) => ({ ...kind, builder, build, how: kind.query || 'files beside it' })),
)

test.skipIf(!chromium).each(cases)(
  '$builder, $type $kind, $how: it runs a model',
  async ({ kind, type, query, build }) => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{}',
      'worker.js': `
        import dense from './dense.onnx${query}'
        const products = (sets) =>
          Promise.all(sets.map(async (x) => [...(await dense.run({ x: Float32Array.from(x) })).y.data]))
        self.addEventListener('message', (event) => {
          const answered = products(event.data.sets).then(
            (results) => event.data.port.postMessage({ results }),
            (error) => event.data.port.postMessage({ error: String(error) }),
          )
          event.waitUntil?.(answered)
        })
        self.addEventListener('install', () => self.skipWaiting?.())`,
      'dense.onnx': denseModel(7),
      'out/index.html': '<!doctype html><meta charset="utf-8"><title>test</title>',
    })
    await build(root, type)
    const folder = await moveElsewhere(join(root, 'out'))
    const beside = (await filesBelow(folder)).filter((file) => !/\.(html|js)$/.test(file))
    // The module, that for relaxed SIMD, and the weights.
    expect(beside).toHaveLength(query === '' ? 3 : 0)

    const page = await openPage((await serveSite(folder, '/deep/down/')).url)
    const answer = (await page.evaluate(`(async () => {
      const type = ${JSON.stringify(type)}
      let worker
      if (${kind === 'worker'}) worker = new Worker('worker.js', { type })
      else {
        const registration = await navigator.serviceWorker.register('worker.js', { type })
        await navigator.serviceWorker.ready
        worker = registration.active
      }
      const { port1, port2 } = new MessageChannel()
      const answer = new Promise((done) => (port1.onmessage = ({ data }) => done(data)))
      worker.postMessage({ sets: ${JSON.stringify(sets.map(({ x }) => x))}, port: port2 }, [port2])
      return answer
    })()`)) as { results?: number[][]; error?: string }
    expect(answer.error).toBeUndefined()
    expect(page.problems).toEqual([])
    expect(answer.results).toHaveLength(2)
    if (!ort) return
    const expected = await reference(ort, join(root, 'dense.onnx'), denseSignature, sets)
    expectClose({ dense: answer.results!.map((y) => ({ y })) }, { dense: expected })
  },
)

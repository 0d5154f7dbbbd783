import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chromium } from '../../report/browser.ts'
import { filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../app.ts'
import { addModel } from '../models.ts'
import { webHosts } from './hosts.ts'
import { denseModel } from './models.ts'
import { openPage, serveSite } from './site.ts'

// `worker=true`: the worker's program is a file that each host emits, and starts under a strict policy.

/** Of each host one kind of build: they place files alike. */
const hosts = webHosts.filter(({ name }, i) => webHosts.findIndex((other) => toolOf(other.name) === toolOf(name)) === i)

describe.skipIf(!chromium).each(hosts)('$name', (host) => {
  test('models run in one worker', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{}',
      'main.js': `
        import add from './add.onnx?worker=true'
        import dense from './dense.onnx?worker=true'
        globalThis.started = 0
        globalThis.Worker = class extends Worker { constructor(...all) { super(...all); started++ } }
        globalThis.sum = async (x) => [...(await add.run({ x: Float32Array.from(x) })).y.data]
        globalThis.count = async () => (await dense.run({ x: new Float32Array(dense.inputs[0].shape.reduce((n, dim) => n * dim, 1)) })).y.data.length
        globalThis.refused = () => { try { add.runSync({ x: [1, 2, 3] }) } catch ({ code }) { return code } }`,
      'add.onnx': addModel(10),
      'dense.onnx': denseModel(7),
    })
    expect(await host.build({ root, outDir: join(root, 'out') })).toEqual([])
    const moved = await moveElsewhere(join(root, 'out'))
    const workers = (await filesBelow(moved)).filter((file) => /onnx-mlir[-.][\w-]{8,}\.js$/.test(file))
    expect(workers).toHaveLength(1)

    const site = await serveSite(moved, host.under)
    const page = await openPage(site.url)
    expect(await page.evaluate('Promise.all([sum([1, 2, 3]), count(), sum([0, 0, 0])])')).toEqual([
      [11, 12, 13],
      expect.any(Number),
      [10, 10, 10],
    ])
    expect(await page.evaluate('[started, refused()]')).toEqual([1, 'RUN_WORKER'])
    expect(site.served.filter((file) => workers.includes(file))).toEqual(workers)
    expect(page.problems).toEqual([])
  })
})

function toolOf(name: string): string {
  return name.split(/\W/)[0]!
}

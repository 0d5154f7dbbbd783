import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workerProgram } from '../../../scripts/worker.js'
import type { Signature } from '../../../src/runtime/index.ts'
import { weightsSection } from '../../../src/toolchains/cc.ts'
import { chromium, Page } from '../../report/browser.ts'
import { compileBody, factsFor } from './modules.ts'
import { type Answer, TestServer } from './server.ts'

// The runtime of the web in a real browser, under the Content-Security-Policy that it promises to work with.

const runtime = fileURLToPath(new URL('../../../src/runtime/web.ts', import.meta.url))
const signature: Signature = {
  inputs: [
    { name: 'x', type: 'float32', shape: ['n'] },
    { name: 'work', type: 'int64', shape: [] },
  ],
  outputs: [{ name: 'y', type: 'float32', shape: ['n'] }],
}
const fixed: Signature = {
  inputs: [{ name: 'x', type: 'float32', shape: [4] }],
  outputs: [{ name: 'y', type: 'float32', shape: [4] }],
}
const weights = Uint8Array.from({ length: 3 << 20 }, (_, i) => i % 251)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe.runIf(chromium)('in Chromium', () => {
  let server: TestServer
  let page: Page

  beforeAll(async () => {
    const { library } = await compileBody(
      `const int64_t n = in[0].dims[0], work = *(int64_t *)in[1].data;
       if (work < 0) __builtin_trap();
       volatile int64_t at = 0;
       for (; at < work; at++) continue;
       float *y = (float *)(out[0].data = malloc((size_t)n * 4 + 1));
       out[0].dims[0] = n;
       if (!y) { message->sentence = "no memory for y"; message->sizes = 2; message->given = 4 * n; return OM_ERR_MEMORY; }
       for (int64_t i = 0; i < n; i++) y[i] = 2 * ((float *)in[0].data)[i] + om_weights[1000];`,
      { weights, before: weightsSection(weights.length) },
    )
    const plain = await compileBody(
      'for (int i = 0; i < 4; i++) ((float *)out[0].data)[i] = 3 * ((float *)in[0].data)[i];',
    )
    const module = readFileSync(library)
    const facts = factsFor('page', signature, {
      sha256: { library: sha256(module), constants: sha256(weights) },
      bytes: { library: module.length, constants: weights.length },
    })
    const app = async (name: string): Promise<Answer> => {
      const { outputFiles } = await build({
        stdin: {
          contents: `import { createWebModel, createWorkerModel } from ${JSON.stringify(runtime)}
            const facts = ${JSON.stringify(facts)}
            const files = { module: '/page.wasm', weights: '/page.bin', worker: '/worker.js' }
            const told = (error) => [error.name, error.code, error.message.replaceAll(location.origin, '')]
            globalThis.${name} = {
              told,
              open: (more) => createWebModel(facts, { ...files, ...more }),
              openInWorker: (more) => createWorkerModel(facts, { ...files, ...more }),
              opened: (module, weights) => createWebModel({ ...facts, sha256: undefined, bytes: undefined }, { module, weights }),
              fixed: () => createWebModel(${JSON.stringify(factsFor('fixed', fixed))}, { module: '/fixed.wasm' }),
              failing: (promise) => promise.then(() => 'it did not fail', told),
            }`,
          resolveDir: fileURLToPath(new URL('.', import.meta.url)),
        },
        bundle: true,
        minify: true,
        format: 'esm',
        write: false,
      })
      return { type: 'text/javascript', body: outputFiles[0]!.text }
    }
    const html = (policy: string): Answer => ({
      type: 'text/html',
      headers: { 'content-security-policy': policy },
      body: '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/app.js"></script><script type="module" src="/other.js"></script>',
    })
    const met: (() => void)[] = []
    const meeting =
      (type: string, body: Uint8Array): Answer =>
      (_, response) => {
        met.push(() => void response.writeHead(200, { 'content-type': type }).end(body))
        if (met.length === 2) for (const answer of met) answer()
      }
    server = await TestServer.open({
      '/': html("default-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'"),
      '/strict': html("default-src 'self' data:; script-src 'self'"),
      '/app.js': await app('om'),
      '/other.js': await app('other'),
      '/worker.js': {
        type: 'text/javascript',
        headers: { 'content-security-policy': "script-src 'self' 'wasm-unsafe-eval'" },
        body: await workerProgram('browser'),
      },
      '/page.wasm': { type: 'application/wasm', body: module },
      '/fixed.wasm': { type: 'application/wasm', body: readFileSync(plain.library) },
      '/page.bin': { body: weights },
      '/cut.bin': { body: weights.subarray(0, 5000) },
      '/slow.bin': (_, response) =>
        void response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 9)),
      '/preload': {
        type: 'text/html',
        body: '<!doctype html><link rel="icon" href="data:,"><link rel="preload" as="fetch" crossorigin href="/fixed.wasm"><script type="module" src="/app.js"></script>',
      },
      // Both wait for each other: who fetches one after the other has neither.
      '/met.wasm': meeting('application/wasm', module),
      '/met.bin': meeting('application/octet-stream', weights),
      '/app.html': { type: 'text/html', body: '<!doctype html><p>The app' },
    })
    page = await Page.open(server.url('/'))
  })
  afterAll(async () => {
    await page?.close()
    await server?.close()
  })

  const wanted = (1000 % 251) + 2

  it('asks for module and weights at once, as soon as it is told to load', async () => {
    const before = server.requests.length
    expect(
      await page.evaluate(`(async () => {
        const model = om.opened('/met.wasm', '/met.bin')
        await model.load({ signal: AbortSignal.timeout(10000) })
        return [...model.runSync({ x: new Float32Array([1]), work: [0n][0] }).y.data]
      })()`),
    ).toEqual([wanted])
    expect(server.requests.slice(before).map(({ path }) => path)).toEqual(['/met.wasm', '/met.bin'])
  })

  it('takes what the page has preloaded', async () => {
    await page.visit(server.url('/preload'))
    const before = server.requests.filter(({ path }) => path === '/fixed.wasm').length
    await page.evaluate('om.fixed().load()')
    expect(server.requests.filter(({ path }) => path === '/fixed.wasm').length).toBe(before)
    expect(before).toBe(1)
    await page.visit(server.url('/'))
  })

  it('loads with progress, runs, binds, and ends', async () => {
    expect(
      await page.evaluate(`(async () => {
        const model = om.open()
        const news = []
        await model.load({ onProgress: (one) => news.push(one) })
        const x = new Float32Array(3).fill(1)
        const sync = model.runSync({ x, work: 0 }).y
        const later = (await model.run({ x, work: 0 })).y
        model.dispose()
        const fixed = om.fixed()
        const alone = (await fixed.run({ x: [1, 2, 3, 4] })).y
        const { inputs, outputs, run } = fixed.bind()
        inputs.x.data.set([5, 6, 7, 8])
        run()
        return [
          [...sync.data], [...later.data], sync.dims, [...alone.data], [...outputs.y.data], news.at(-1),
          await om.failing(model.run({ x, work: 0 })),
        ]
      })()`),
    ).toEqual([
      [wanted, wanted, wanted],
      [wanted, wanted, wanted],
      [3],
      [3, 6, 9, 12],
      [15, 18, 21, 24],
      expect.objectContaining({ loaded: expect.any(Number) as number }),
      ['ModelRunError', 'RUN_DISPOSED', 'page.onnx: it was disposed'],
    ])
    expect(page.problems).toEqual([])
  })

  it('runs in a worker, which two models share and the page goes on beside', async () => {
    const [results, frames, errors] = (await page.evaluate(`(async () => {
      const models = [om.openInWorker(), om.openInWorker()]
      const workers = []
      const Real = Worker
      globalThis.Worker = class extends Real { constructor(...all) { super(...all); workers.push(this) } }
      let frames = 0
      const timer = setInterval(() => frames++, 5)
      const x = new Float32Array(1000).subarray(997).fill(1)
      const results = await Promise.all(models.map((model) => model.run({ x, work: 300_000_000 })))
      clearInterval(timer)
      globalThis.Worker = Real
      const errors = [
        await om.failing(models[0].run({ x: [1], work: -1 })),
        [...(await models[0].run({ x: [1], work: 0 })).y.data],
        await om.failing((async () => models[0].runSync({ x, work: 0 }))()),
        await om.failing((async () => models[0].bind())()),
        x.buffer.byteLength,
        workers.length,
      ]
      for (const model of models) model.dispose()
      return [results.map(({ y }) => [...y.data]), frames, errors]
    })()`)) as [number[][], number, unknown[]]
    expect(results).toEqual([Array(3).fill(wanted), Array(3).fill(wanted)])
    expect(frames).toBeGreaterThan(5)
    const elsewhere = 'page.onnx: it runs in a worker (worker=true): await run() instead of'
    expect(errors).toEqual([
      ['ModelRunError', 'RUN_FAILED', 'page.onnx: it ended with a trap: unreachable'],
      [wanted],
      ['ModelRunError', 'RUN_WORKER', `${elsewhere} runSync()`],
      ['ModelRunError', 'RUN_WORKER', `${elsewhere} bind()`],
      4000,
      1,
    ])
    expect(page.problems).toEqual([])
  })

  it('tells what is wrong with files, and the page goes on', async () => {
    const errors = (await page.evaluate(`(async () => {
      const x = [1]
      const failing = (more) => om.failing(om.open(more).load())
      return [
        await failing({ module: '/none.wasm' }),
        await failing({ module: '/app.html' }),
        await failing({ weights: '/app.html' }),
        await failing({ weights: '/cut.bin' }),
        await om.failing(om.openInWorker({ weights: '/cut.bin' }).run({ x, work: 0 })),
        await om.failing(om.openInWorker({ worker: '/none.js' }).run({ x, work: 0 })),
        await om.failing(om.openInWorker({ worker: '/app.html' }).run({ x, work: 0 })),
        [...(await om.open().run({ x, work: 0 })).y.data],
      ]
    })()`)) as unknown[][]
    expect(errors.map((error) => error[1])).toEqual([
      'LOAD_MISSING',
      'LOAD_MISSING',
      'LOAD_MISSING',
      'LOAD_CHANGED',
      'LOAD_CHANGED',
      'LOAD_WORKER',
      'LOAD_WORKER',
      undefined,
    ])
    expect(errors[1]![2]).toContain('/app.html is a web page, given in place of a missing file')
    expect(errors[3]![2]).toContain(`/cut.bin is not the file that the build wrote (5000 bytes of ${weights.length})`)
    const advice = 'deploy all that the bundler wrote, of one build'
    expect(errors[5]![2]).toContain(`page.onnx: its worker /none.js can't be loaded: ${advice}`)
    expect(errors[6]![2]).toMatch(/: \/app\.html is not its program \(.*SyntaxError.*\): deploy all/)
    expect(errors[7]).toEqual([wanted])
    page.problems.length = 0 // browsers write each failed request to the console
  })

  it('in a worker, what has begun before dispose() finishes', async () => {
    const given = await page.evaluate(`(async () => {
      const model = om.openInWorker()
      await model.load()
      const runs = [1, 2, 3].map((at) => model.run({ x: new Float32Array(at), work: 1e6 }))
      model.dispose()
      return [...(await Promise.all(runs)).map(({ y }) => y.dims[0]), await om.failing(model.run({ x: new Float32Array(1), work: 0 }))]
    })()`)
    expect(given).toEqual([1, 2, 3, ['ModelRunError', 'RUN_DISPOSED', 'page.onnx: it was disposed']])
  })

  it('memory that is short is an error with the bytes, and the page goes on', async () => {
    const [error, after] = (await page.evaluate(`(async () => {
      const model = om.open()
      await model.load()
      const x = new Float32Array(350_000_000)
      return [await om.failing((async () => model.runSync({ x, work: 0 }))()), [...model.runSync({ x: [1], work: 0 }).y.data]]
    })()`)) as [string[], number[]]
    expect(error).toEqual([
      'ModelRunError',
      'RUN_MEMORY',
      expect.stringMatching(/no memory for .*1400000000 bytes|1400000000 bytes/),
    ])
    expect(after).toEqual([wanted])
  })

  it('two copies of the package are on one page', async () => {
    expect(
      await page.evaluate(`(async () => {
        const models = [om.open(), other.open(), om.openInWorker(), other.openInWorker()]
        const results = await Promise.all(models.map((model) => model.run({ x: [1], work: 0 })))
        models[0].dispose(); models[2].dispose()
        const after = await Promise.all([models[1], models[3]].map((model) => model.run({ x: [1], work: 0 })))
        return [...results, ...after].map(({ y }) => y.data[0])
      })()`),
    ).toEqual(Array(6).fill(wanted))
  })

  it('a load ends with its signal, or with the page', async () => {
    const error = await page.evaluate(`(async () => {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 20)
      return (await om.failing(om.open({ weights: '/slow.bin' }).load({ signal: controller.signal })))[0]
    })()`)
    expect(error).toBe('AbortError')
    await page.evaluate(`void om.open({ weights: '/slow.bin' }).run({ x: [1], work: 0 })`)
    page.problems.length = 0
    await page.reload()
    expect(await page.evaluate(`om.fixed().run({ x: [1, 1, 1, 1] }).then(({ y }) => y.data[0])`)).toBe(3)
    expect(page.problems).toEqual([])
  })

  it('a policy that forbids WebAssembly is named, with what to add to it', async () => {
    const strict = await Page.open(server.url('/strict'))
    try {
      const errors = await strict.evaluate(
        `Promise.all([om.failing(om.open().load()), om.failing(om.openInWorker().run({ x: [1], work: 0 }))])`,
      )
      const message =
        "page.onnx: the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src"
      expect(errors).toEqual(Array(2).fill(['ModelLoadError', 'LOAD_CSP', message]))
    } finally {
      await strict.close()
    }
  })
})

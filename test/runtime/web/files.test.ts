import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type LoadProgress, ModelLoadError, type ModelFacts, type Signature } from '../../../src/runtime/index.ts'
import { createWebModel } from '../../../src/runtime/web.ts'
import { weightsSection } from '../../../src/toolchains/cc.ts'
import { compileBody, factsFor } from './modules.ts'
import { type Answer, TestServer } from './server.ts'

// How the files of a model come over the network: whole, in parts, late, not at all, or as something else.

const signature: Signature = {
  inputs: [{ name: 'at', type: 'int64', shape: [] }],
  outputs: [{ name: 'weight', type: 'int64', shape: [] }],
}
const weights = Uint8Array.from({ length: 3 << 20 }, (_, i) => i % 251)
let module: Uint8Array
let facts: ModelFacts
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  const built = await compileBody('*(int64_t *)out[0].data = om_weights[*(int64_t *)in[0].data & 0xfffff];', {
    weights,
    before: weightsSection(weights.length),
  })
  module = readFileSync(built.library)
  facts = factsFor('net', signature, {
    sha256: { library: sha256(module), constants: sha256(weights) },
    bytes: { library: module.length, constants: weights.length },
  })
})
afterEach(() => void vi.unstubAllGlobals())

const wasm: Answer = {
  type: 'application/wasm',
  get body() {
    return module
  },
}
const bin: Answer = { body: weights }
const html: Answer = { type: 'text/html', body: '<!doctype html><title>App</title><script src="/main.js"></script>' }

async function serve(answers: Record<string, Answer | readonly Answer[]>) {
  const server = await TestServer.open({ '/net.wasm': wasm, '/net.bin': bin, ...answers })
  onTestFinished(() => server.close())
  const open = (known: Partial<ModelFacts> = {}) =>
    createWebModel(
      { ...facts, ...known },
      { module: server.url('/net.wasm'), weights: new URL(server.url('/net.bin')) },
    )
  return { server, open, paths: () => server.requests.map(({ path }) => path).sort() }
}

async function expectLoaded(model: ReturnType<typeof createWebModel>): Promise<void> {
  expect((await model.run({ at: 1000 }))['weight']!.data).toEqual(new BigInt64Array([BigInt(1000 % 251)]))
}

it('loads by itself at the first run, once for all callers', async () => {
  const { open, paths } = await serve({})
  const model = open()
  const at = new BigInt64Array([1000n])
  const runs = [model.run({ at }), model.load(), model.load({}), model.run({ at })] as const
  at[0] = 5n // was copied
  const [first] = await Promise.all(runs)
  expect(first['weight']!.data).toEqual(new BigInt64Array([BigInt(1000 % 251)]))
  await model.load()
  expect(model.runSync({ at: 1 })['weight']!.data).toEqual(new BigInt64Array([1n]))
  expect(paths()).toEqual(['/net.bin', '/net.wasm'])
})

it('says that it is not loaded to those who can not wait', async () => {
  const { open } = await serve({})
  const model = open()
  const message = 'net.onnx: it is not loaded: await load() before runSync() and bind()'
  for (const use of [() => model.runSync({ at: 1 }), () => model.bind()])
    expect(use).toThrow(expect.objectContaining({ code: 'RUN_UNLOADED', message }))
  expect(() => model.runSync({})).toThrow(TypeError)
  expect(() => model.profile({})).toThrow('net.onnx: WebAssembly measures no nodes')
})

it.each<[string, Answer, Answer]>([
  [
    'another type',
    {
      type: 'text/plain',
      get body() {
        return module
      },
    },
    bin,
  ],
  ['no length', (_, response) => response.writeHead(200, { 'content-type': 'application/wasm' }).end(module), bin],
  [
    'a length of what travels',
    {
      type: 'application/wasm',
      headers: { 'content-encoding': 'gzip' },
      get body() {
        return gzipSync(module)
      },
    },
    { headers: { 'content-encoding': 'gzip' }, body: gzipSync(weights) },
  ],
])('takes files with %s', async (_, asModule, asWeights) => {
  const { open, paths } = await serve({ '/net.wasm': asModule, '/net.bin': asWeights })
  for (const known of [{}, { sha256: undefined, bytes: undefined }]) await expectLoaded(open(known))
  expect(paths()).toHaveLength(4)
})

describe('progress', () => {
  it('tells of all bytes', async () => {
    const { open } = await serve({})
    const news: LoadProgress[] = []
    await open().load({ onProgress: (progress) => news.push(progress) })
    const total = module.length + weights.length
    expect(news.every((one) => one.total === total)).toBe(true)
    expect(news.map(({ loaded }) => loaded)).toEqual(news.map(({ loaded }) => loaded).sort((a, b) => a - b))
    expect(news.at(-1)!.loaded).toBe(total)
    expect(new Set(news.map(({ file }) => file))).toEqual(new Set(['module', 'weights']))
    expect(news.length).toBeGreaterThan(3)
  })

  it('knows the whole once servers told it, and where they don’t, not', async () => {
    const plain = { sha256: undefined, bytes: undefined }
    const totals = async (answers: Record<string, Answer>) => {
      const news: LoadProgress[] = []
      await (await serve(answers)).open(plain).load({ onProgress: (progress) => news.push(progress) })
      return news.at(-1)!.total
    }
    expect(await totals({})).toBe(module.length + weights.length)
    expect(await totals({ '/net.bin': (_, response) => response.writeHead(200).end(weights) })).toBeUndefined()
  })

  it('may throw without harm to the load', async () => {
    const { open } = await serve({})
    const rejected: unknown[] = []
    const note = (reason: unknown) => rejected.push(reason)
    process.on('unhandledRejection', note)
    const others = process.listeners('unhandledRejection').filter((listener) => listener !== note)
    for (const listener of others) process.off('unhandledRejection', listener)
    onTestFinished(() => {
      process.off('unhandledRejection', note)
      for (const listener of others) process.on('unhandledRejection', listener)
    })
    const model = open()
    await model.load({
      onProgress: () => {
        throw new Error('mine')
      },
    })
    await new Promise((done) => setTimeout(done, 10))
    expect(rejected.length).toBeGreaterThan(0)
    await expectLoaded(model)
  })
})

describe('a load that is given up', () => {
  /** Sends the weights only when told to. */
  const slow = () => {
    let go!: () => void
    const told = new Promise<void>((resolve) => (go = resolve))
    const closed = vi.fn()
    const answer: Answer = (_, response) => {
      response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 1000))
      response.on('close', closed)
      void told.then(() => response.end(weights.subarray(1000)))
    }
    return { go, closed, answer }
  }

  it('rejects with the reason of its signal, stops the download, and a later load works', async () => {
    const { answer, closed } = slow()
    const { open } = await serve({ '/net.bin': [answer, bin] })
    const model = open()
    const controller = new AbortController()
    const loading = model.load({
      signal: controller.signal,
      onProgress: ({ file, loaded }) => file === 'weights' && loaded > 500 && controller.abort(new Error('enough')),
    })
    await expect(loading).rejects.toThrow('enough')
    await vi.waitFor(() => expect(closed).toHaveBeenCalled())
    expect(() => model.runSync({ at: 1 })).toThrow('it is not loaded')
    await expectLoaded(model)
  })

  it('goes on for those who still wait', async () => {
    const { answer, go } = slow()
    const { open, paths } = await serve({ '/net.bin': answer })
    const model = open()
    const controller = new AbortController()
    const [given, kept] = [model.load({ signal: controller.signal }), model.load()]
    controller.abort()
    await expect(given).rejects.toMatchObject({ name: 'AbortError' })
    go()
    await kept
    await expectLoaded(model)
    expect(paths()).toEqual(['/net.bin', '/net.wasm'])
  })

  it('before it began', async () => {
    const { open, paths } = await serve({})
    await expect(open().load({ signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never')
    expect(paths()).toEqual([])
  })

  it('by the end of the model', async () => {
    const { answer, closed } = slow()
    const { open } = await serve({ '/net.bin': answer })
    const model = open()
    const loading = model.load()
    const running = model.run({ at: 1 })
    await new Promise((done) => setTimeout(done, 20))
    model.dispose()
    await expect(loading).rejects.toMatchObject({ code: 'RUN_DISPOSED' })
    await expect(running).rejects.toMatchObject({ code: 'RUN_DISPOSED' })
    await vi.waitFor(() => expect(closed).toHaveBeenCalled())
  })
})

describe('what is wrong', () => {
  async function failed(answers: Record<string, Answer | readonly Answer[]>, known: Partial<ModelFacts> = {}) {
    const { server, open, paths } = await serve(answers)
    const model = open(known)
    const error = await model.load().catch((reason: unknown) => reason as ModelLoadError)
    expect(error).toBeInstanceOf(ModelLoadError)
    await expect(model.run({ at: 1 })).rejects.toThrow((error as ModelLoadError).message)
    const { code, message } = error as ModelLoadError
    return { code, message: message.replaceAll(server.url(''), ''), paths: paths() }
  }
  const advice = 'deploy all that the bundler wrote, of one build'

  it.each([404, 403, 500])('%i', async (status) => {
    const { code, message, paths } = await failed({ '/net.bin': { status, body: 'no' } })
    expect([code, message]).toEqual(['LOAD_MISSING', `net.onnx: /net.bin answered ${status}: ${advice}`])
    expect(paths).toEqual(['/net.bin', '/net.bin', '/net.wasm', '/net.wasm']) // by two loads: it is not tried again
  })

  it.each<[string, string, Answer]>([
    ['module', '/net.wasm', html],
    ['weights', '/net.bin', html],
    ['weights that say to be some', '/net.bin', { ...html, type: 'application/octet-stream' }],
    ['a page in capitals', '/net.bin', { ...html, body: '\n  <HTML>' }],
  ])('a web page in place of the %s', async (_, path, page) => {
    const { code, message } = await failed({ [path]: page })
    expect(code).toBe('LOAD_MISSING')
    const whole = path === '/net.bin' && (page as { body: string }).body.startsWith('\n')
    if (!whole) expect(message).toBe(`net.onnx: ${path} is a web page, given in place of a missing file: ${advice}`)
  })

  it('truncated', async () => {
    const cut = { body: weights.subarray(0, 1000) }
    const { code, message, paths } = await failed({ '/net.bin': cut })
    const what = `/net.bin is not the file that the build wrote (1000 bytes of ${weights.length})`
    expect([code, message]).toEqual(['LOAD_CHANGED', `net.onnx: ${what}: ${advice}`])
    expect(paths.filter((path) => path === '/net.bin')).toHaveLength(4) // each load tried twice
  })

  it('cut off on the way', async () => {
    const cut: Answer = (_, response) => {
      response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 1000))
      setTimeout(() => response.destroy(), 20)
    }
    const { code, message } = await failed({ '/net.bin': cut })
    expect(code).toBe('LOAD_FETCH')
    expect(message).toMatch(/^net\.onnx: \/net\.bin can't be fetched \(.+\): deploy/)
  })

  it('of another version', async () => {
    const other = Uint8Array.from(weights)
    other[2_000_000]! ^= 1
    const { code, message } = await failed({ '/net.bin': { body: other } })
    const what = '/net.bin is not the file that the build wrote (of another build)'
    expect([code, message]).toEqual(['LOAD_CHANGED', `net.onnx: ${what}: ${advice}`])
  })

  it('where hashes can not be computed, a file of another length, or no module', async () => {
    vi.stubGlobal('crypto', {}) // as on a page over http:
    expect((await failed({ '/net.bin': { body: weights.subarray(1) } })).code).toBe('LOAD_CHANGED')
    expect((await failed({ '/net.wasm': { body: new Uint8Array(module.length) } })).code).toBe('LOAD_CHANGED')
    await expectLoaded((await serve({})).open())
  })

  it('no module of ours', async () => {
    const [other, bare] = [Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 99), Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)]
    const unknown = { sha256: undefined, bytes: undefined }
    expect(await failed({ '/net.wasm': { body: other, type: 'application/wasm' } }, unknown)).toMatchObject({
      code: 'LOAD_MACHINE',
      message: expect.stringMatching(
        /^net\.onnx: its module can't be compiled here: .*; it takes SIMD, which browsers since Safari 16\.4 have$/,
      ) as string,
    })
    expect((await failed({ '/net.wasm': { body: bare } }, unknown)).code).toBe('LOAD_OPEN')
  })

  it('no server', async () => {
    const { server, open } = await serve({})
    const model = open()
    await server.close()
    await expect(model.load()).rejects.toMatchObject({ code: 'LOAD_FETCH' })
  })

  it('once only: it is tried again, past the cache', async () => {
    const cut: Answer = (_, response) => void response.destroy()
    for (const bad of [cut, { body: weights.subarray(5) }] satisfies Answer[]) {
      const { server, open } = await serve({ '/net.bin': [bad, bin] })
      await expectLoaded(open())
      const caches = server.requests.filter(({ path }) => path === '/net.bin').map(({ cache }) => cache)
      expect(caches).toHaveLength(2)
      expect(caches[1]).toBe('no-cache')
    }
  })
})

describe('what is not over the network', () => {
  const load = async (source: object | (() => unknown), given: object | (() => unknown) = weights) => {
    const model = createWebModel(facts, { module: source, weights: given })
    await expectLoaded(model)
  }

  it('bytes, buffers, functions of them, responses, a module', async () => {
    await load(module)
    await load(new Uint8Array(module).buffer, weights.buffer)
    await load(
      async () => module,
      () => weights.subarray(0),
    )
    await load(
      () => new Response(Buffer.from(module)),
      async () => new Response(weights),
    )
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } }
    await load(new WebAssembly.Module(module))
    await load(async () => new WebAssembly.Module(module))
    expect(weights.length).toBe(3 << 20)
  })

  it('a function that fails', async () => {
    await expect(load(() => Promise.reject(new Error('no room')))).rejects.toThrow('no room')
  })
})

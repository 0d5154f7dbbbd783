import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileModel, testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'

// load() of the addon itself, which reads what it is given with C++ classes that end the process where they are misused.

type Load = (path: unknown, spec: unknown, ...more: unknown[]) => { inputs: unknown; run: unknown }
let addon: string
let library: string
let load: Load

beforeAll(async () => {
  addon = await testAddon()
  library = await compileModel(makeFolder(), 'affine')
  const module: { exports: { load?: Load } } = { exports: {} }
  process.dlopen(module, addon)
  load = module.exports.load!
})

const port = { kind: 0, type: 1, dims: [3, 20], rank: 2 }
const specOf = (path: string) => ({
  identity: path,
  cpu: '',
  nnpa: false,
  constantsFolder: '',
  profileFile: undefined,
  threads: 1,
  processors: 1,
  inputs: [port],
  outputs: [port],
  staticLimit: 4096,
  dynamicLimit: 512,
})
const refused = expect.objectContaining({
  code: 'LOAD_ADDON',
  message: 'the addon was called with something else than the runtime gives it',
})
const thrownBy = (call: () => unknown): unknown => {
  try {
    call()
  } catch (error) {
    return error
  }
  return expect.fail('it returned')
}

describe('load()', () => {
  it('takes what the runtime gives it', () => {
    const handle = load(library, specOf(library), 'ignored', 1, 2, 3, 4, 5)
    expect(handle.inputs).toMatchObject([{ slotBytes: 240, dims: [3, 20], dimsOffset: -1 }])
    expect(handle.run).toBeTypeOf('function')
  })

  it.each<[unknown, unknown[]]>([
    ['nothing', []],
    ['no spec', ['x.so']],
    ['a path that is no string', [1, specOf('')]],
    ['null', ['x.so', null]],
    ['a spec that is a string', ['x.so', 'spec']],
    ...Object.keys(specOf('')).flatMap((name): [string, unknown[]][] =>
      [null, Symbol('no'), 1n, {}, [null], [[]], ...(name === 'profileFile' ? [] : [undefined])].map((value) => [
        `${name}: ${typeof value}`,
        ['x.so', { ...specOf(''), [name]: value }],
      ]),
    ),
    ...Object.keys(port).flatMap((name): [string, unknown[]][] =>
      [undefined, null, '1', [{}], -1n].map((value) => [
        `inputs[1].${name}: ${typeof value}`,
        ['x.so', { ...specOf(''), inputs: [port, { ...port, [name]: value }] }],
      ]),
    ),
  ])('refuses %s', (_name, given) => {
    expect(thrownBy(() => load(given[0], given[1]))).toEqual(refused)
  })

  it.each(Object.keys(specOf('')))('throws what reading %s throws, be it an object or not', (name) => {
    for (const thrown of [new RangeError('mine'), 'text', undefined, 7]) {
      const spec = Object.defineProperty(specOf(''), name, {
        get: () => {
          throw thrown
        },
      })
      expect(thrownBy(() => load('x.so', spec))).toBe(thrown)
    }
  })

  it('throws what setters on Object.prototype throw', () => {
    const thrown = new Error('mine')
    for (const name of ['slot', 'dimsOffset', 'run', 'mailbox', 'outputs']) {
      const set = () => {
        throw thrown
      }
      Object.defineProperty(Object.prototype, name, { set, configurable: true })
      try {
        expect(thrownBy(() => load(library, specOf(library)))).toBe(thrown)
      } finally {
        Reflect.deleteProperty(Object.prototype, name)
      }
    }
  })

  it.each([
    ['reads', 'process.exit(3)'],
    ['reads', 'parentPort.postMessage("here"); for (;;);'],
    ['writes', 'process.exit(3)'],
    ['writes', 'parentPort.postMessage("here"); for (;;);'],
  ])('ends with its worker alone where that is terminated while it %s: %s', async (way, body) => {
    const places =
      way === 'reads'
        ? Object.keys(specOf('')).map((name) => `spec, '${name}', { get() { ${body} } }`)
        : ['slot', 'dims', 'run', 'mailbox'].map((name) => `Object.prototype, '${name}', { set() { ${body} } }`)
    for (const place of places) {
      const script = `
        const { parentPort } = require('node:worker_threads')
        const module = { exports: {} }
        process.dlopen(module, ${JSON.stringify(addon)})
        const spec = ${JSON.stringify(specOf(library))}
        const { load } = module.exports
        Object.defineProperty(${place})
        load(${JSON.stringify(library)}, spec)`
      const worker = new Worker(script, { eval: true })
      const exited = once(worker, 'exit')
      if (body.includes('postMessage')) {
        await once(worker, 'message')
        await worker.terminate()
      }
      expect(await exited).toEqual([body.includes('exit') ? 3 : 1])
    }
  })
})

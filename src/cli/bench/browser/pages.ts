import { copyFile, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { UsageError } from '../../../errors/index.ts'
import { isSequence } from '../../../conformance/runtime-tensor.ts'
import type { Inputs } from '../../data/inputs.ts'

/** Engines that run in a page. */
export const browserEngines = ['builtin-wasm', 'onnxruntime-web'] as const
export type BrowserEngine = (typeof browserEngines)[number]

/** Bytes of what a page loads: as they are, and as a server sends them. */
export interface Size {
  readonly files: number
  readonly bytes: number
  readonly gzipBytes: number
}

/** A page that Vite has built. */
export interface BuiltPage {
  readonly folder: string
}

export interface PageOptions {
  readonly model: string
  readonly inputs: Inputs
  /** Folder whose `node_modules` has onnxruntime-web. */
  readonly packages: string
  /** How our module reaches the page: as a build decides by itself, beside the JavaScript, or in it. Default: `auto`. */
  readonly files?: 'auto' | 'url' | 'inline'
  /** Folder of the cache of compiled models. */
  readonly cache?: string | undefined
}

/** What each engine's module in a page exports: `load`, which gives a function that runs the model. */
const engineModules = (files: NonNullable<PageOptions['files']>): Readonly<Record<BrowserEngine, string>> => ({
  'builtin-wasm': `
import model from './model.onnx?files=${files}'
export async function load() {
  await model.load()
  return (inputs) => model.runSync(inputs)
}`,
  'onnxruntime-web': `
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm'
import url from './model.bin?url'
env.wasm.numThreads = 1
export async function load(inputs) {
  const session = await InferenceSession.create(url, { executionProviders: ['wasm'], logSeverityLevel: 3 })
  const feeds = {}
  for (const [name, { type, data, dims }] of Object.entries(inputs)) feeds[name] = new Tensor(type, data, dims)
  return () => session.run(feeds)
}`,
})

/** The result of one engine as soon as there is one: milliseconds since the page was asked for. */
const firstResult = (engine: BrowserEngine): string => `
import { load } from './${engine}.js'
import { inputs } from './inputs.js'
globalThis.first = load(inputs).then((run) => run(inputs)).then(() => performance.now())`

/**
 * Several engines in one page. `measure` takes samples in turn as `timeInTurns` does and gives microseconds of a run, a
 * sample per round; `results` gives all outputs.
 */
const comparison = (engines: readonly BrowserEngine[]): string => `
${engines.map((engine, i) => `import { load as load${i} } from './${engine}.js'`).join('\n')}
import { inputs } from './inputs.js'
const ready = Promise.all([${engines.map((_, i) => `load${i}(inputs)`).join()}])
async function sample(run, times) {
  const started = performance.now()
  for (let i = 0; i < times; i++) {
    const running = run(inputs)
    if (running instanceof Promise) await running
  }
  return ((performance.now() - started) * 1000) / times
}
globalThis.results = async () => {
  const all = []
  for (const run of await ready)
    all.push(Object.fromEntries(Object.entries(await run(inputs)).map(([name, { data }]) => [name, Array.from(data, Number)])))
  return all
}
globalThis.measure = async (rounds, seconds) => {
  const runs = await ready
  const repeats = []
  for (const run of runs) {
    const started = performance.now()
    let count = 0
    // Of many runs: the clock of a page has steps of 100 µs, and one run of a small model may take none of them.
    for (; performance.now() - started < 500; count++) await sample(run, 1)
    repeats.push(Math.max(1, Math.round(count / 100)))
  }
  const samples = runs.map(() => [])
  const started = performance.now()
  for (let round = 0; round < rounds && (round < 5 || performance.now() - started < seconds * 1000); round++)
    for (let i = 0; i < runs.length; i++) {
      const lane = (round + i) % runs.length
      samples[lane].push(await sample(runs[lane], repeats[lane]))
    }
  return samples
}`

/** A page that has the first result of one engine. */
export function buildFirstResult(folder: string, engine: BrowserEngine, options: PageOptions): Promise<BuiltPage> {
  return build(folder, [engine], firstResult(engine), options)
}

/**
 * A page whose script does nothing: its first result is what asking for a page and a script takes in itself, whatever they do.
 * In the form that Vite gives pages.
 */
export async function buildEmptyPage(folder: string): Promise<BuiltPage> {
  const texts = {
    'index.html': '<!doctype html><script type="module" crossorigin src="./main.js"></script><title>bench</title>',
    'main.js': 'globalThis.first = Promise.resolve(performance.now())',
  }
  await mkdir(folder)
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text)
  return { folder }
}

/** A page that compares engines. */
export function buildComparison(
  folder: string,
  engines: readonly BrowserEngine[],
  options: PageOptions,
): Promise<BuiltPage> {
  return build(folder, engines, comparison(engines), options)
}

async function build(
  root: string,
  engines: readonly BrowserEngine[],
  main: string,
  { model, inputs, packages, files = 'auto', cache }: PageOptions,
): Promise<BuiltPage> {
  await mkdir(root)
  await symlink(join(packages, 'node_modules'), join(root, 'node_modules'), 'junction')
  await copyFile(model, join(root, 'model.onnx'))
  await copyFile(model, join(root, 'model.bin'))
  const texts = {
    'index.html': '<!doctype html><title>bench</title><script type="module" src="./main.js"></script>',
    'main.js': main,
    'inputs.js': inputsModule(inputs),
    ...Object.fromEntries(engines.map((engine) => [`${engine}.js`, engineModules(files)[engine]])),
  }
  for (const [name, text] of Object.entries(texts)) await writeFile(join(root, name), text)
  const [{ build: buildVite }, { default: onnx }] = await Promise.all([import('vite'), import('../../../vite.ts')])
  const isOurs = engines.includes('builtin-wasm')
  const plugins: Plugin[] = isOurs ? [onnx({ compiler: 'builtin', types: false, ...(cache && { cache }) })] : []
  await buildVite({ root, configFile: false, logLevel: 'silent', base: './', plugins, build: { outDir: 'dist' } })
  return { folder: join(root, 'dist') }
}

/** The same pseudorandom numbers for every engine, made in the page: they are not part of its size. */
function inputsModule(inputs: Inputs): string {
  const entries = [...inputs].map(([name, value]) => {
    if (value === undefined || isSequence(value) || value.type === 'string')
      throw new UsageError(
        'USAGE_INPUT',
        `a page has no random values for the input ${name}: it is no tensor of numbers`,
      )
    return { name, type: value.type, dims: value.dims.map(Number) }
  })
  return `
let state = 1
const next = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32
const arrays = { float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, bool: Uint8Array,
  int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array }
export const inputs = Object.fromEntries(${JSON.stringify(entries)}.map(({ name, type, dims }) => {
  const number = type.startsWith('float') ? next : () => Math.round(next())
  const data = arrays[type].from({ length: dims.reduce((a, b) => a * b, 1) }, () => (/int64/.test(type) ? BigInt(number()) : number()))
  return [name, { type, dims, data }]
}))`
}

/**
 * @param files that the page asked for: of several modules of one model it takes one
 * @param compressed all files of the page as they travel, by path
 */
export async function sizeOf(
  { folder }: BuiltPage,
  files: readonly string[],
  compressed: ReadonlyMap<string, Buffer>,
): Promise<Size> {
  const found = await Promise.all(files.map((path) => stat(join(folder, path))))
  const sum = (lengths: readonly number[]): number => lengths.reduce((a, b) => a + b, 0)
  return {
    files: files.length,
    bytes: sum(found.map(({ size }) => size)),
    gzipBytes: sum(files.map((path) => compressed.get(path)!.length)),
  }
}

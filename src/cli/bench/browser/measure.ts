import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { EnvironmentError } from '../../../errors/index.ts'
import { median, type Summary, summarize } from '../../../measure/statistics.ts'
import type { RoundsOptions } from '../../../measure/rounds.ts'
import { chromium } from './browser.ts'
import { Page } from './page.ts'
import { type Network, networks } from './network.ts'
import {
  type BrowserEngine,
  buildComparison,
  buildEmptyPage,
  buildFirstResult,
  type BuiltPage,
  type PageOptions,
  type Size,
  sizeOf,
} from './pages.ts'
import { compress, emptyPage, serve, type Site } from './site.ts'

/** What an engine did with a model in a page. */
export interface BrowserResult {
  /** Milliseconds from asking for the page to the first output, each in a new browser that has shown only an empty page. */
  readonly firstResultMs: Summary
  /** Microseconds of one run. */
  readonly runUs: Summary
  /** How many times as fast as the last engine: the median over the rounds. */
  readonly pairedRatio: number
  /** How many times as soon as the last engine the first result is there: of the medians. */
  readonly firstResultRatio: number
  /** The same without what a page takes whose script does nothing, which is none's; Infinity where nothing is left. */
  readonly ownRatio: number
  /** The same three over networks, where files travel compressed; by the names of {@link networks}. */
  readonly overNetworks: Readonly<Record<string, FirstResult>>
  /** Of all files that the page loads for its first result. */
  readonly size: Size
  /** Those of them that are WebAssembly, without their hashes: which module of a model was taken. */
  readonly modules: readonly string[]
}

export type FirstResult = Pick<BrowserResult, 'firstResultMs' | 'firstResultRatio' | 'ownRatio'>

export interface BrowserComparison {
  /** Of a page whose script does nothing, in turn with the engines'. */
  readonly emptyPageMs: Summary
  /** The same over networks. */
  readonly emptyPageMsOver: Readonly<Record<string, Summary>>
  readonly engines: Readonly<Partial<Record<BrowserEngine, BrowserResult>>>
  /** As `Deviation.maxRel`, between the first and the last engine. */
  readonly maxRelDiff: number
}

/** Browsers that are started to see the first result, where there are as many rounds. */
const mostStarts = 7

/**
 * Runs a model in headless Chromium: the first result of each engine, in pages of their own, and their times in one page.
 *
 * @throws EnvironmentError where there is no Chromium
 */
export async function compareInBrowser(
  engines: readonly BrowserEngine[],
  options: PageOptions & RoundsOptions & { readonly networks: readonly string[] },
): Promise<BrowserComparison> {
  if (chromium === undefined)
    throw new EnvironmentError('ENVIRONMENT_BROWSER', 'There is no Chromium here: apt-get install chromium', {})
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-bench-'))
  try {
    const pages: BuiltPage[] = []
    for (const engine of engines) pages.push(await buildFirstResult(join(folder, engine), engine, options))
    const all = [...pages, await buildEmptyPage(join(folder, 'empty'))]
    const compressed = await Promise.all(all.map(({ folder }) => compress(folder)))
    const first = await firstResults(all, options)
    const loaded = first.served
    const over: Record<string, FirstResults> = {}
    for (const name of options.networks)
      over[name] = await firstResults(all, options, { network: networks[name]!, compressed })
    const both = await buildComparison(join(folder, 'comparison'), engines, options)
    const { results, samples } = await inPage(both, async (page, { url }) => {
      await page.visit(url)
      return {
        results: (await page.evaluate('results()')) as Outputs[],
        samples: (await page.evaluate(`measure(${options.rounds}, ${options.seconds})`)) as number[][],
      }
    })
    const sizes = await Promise.all(pages.map((page, i) => sizeOf(page, loaded[i]!, compressed[i]!)))
    const reference = samples.at(-1)!
    return {
      engines: Object.fromEntries(
        engines.map((engine, i): [BrowserEngine, BrowserResult] => [
          engine,
          {
            ...summaryOf(first, i),
            overNetworks: Object.fromEntries(
              Object.entries(over).map(([name, results]) => [name, summaryOf(results, i)]),
            ),
            runUs: summarize(samples[i]!),
            pairedRatio: median(samples[i]!.map((us, round) => reference[round]! / us)),
            size: sizes[i]!,
            modules: loaded[i]!.filter((path) => path.endsWith('.wasm')).map(withoutHash),
          },
        ]),
      ),
      maxRelDiff: maxRelDiff(results[0]!, results.at(-1)!),
      emptyPageMs: summarize(first.ms.at(-1)!),
      emptyPageMsOver: Object.fromEntries(Object.entries(over).map(([name, { ms }]) => [name, summarize(ms.at(-1)!)])),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Of each page, in turn: milliseconds of each load, and the files that were asked for. */
interface FirstResults {
  readonly ms: readonly (readonly number[])[]
  readonly served: readonly (readonly string[])[]
}

/** A network, and the files of each page as they travel over it, by path. */
interface Way {
  readonly network: Network
  readonly compressed: readonly ReadonlyMap<string, Buffer>[]
}

async function firstResults(
  pages: readonly BuiltPage[],
  { rounds, signal }: RoundsOptions,
  way?: Way,
): Promise<FirstResults> {
  const ms: number[][] = pages.map(() => [])
  const loaded: (readonly string[])[] = pages.map(() => [])
  for (let round = 0; round < Math.min(mostStarts, rounds); round++)
    for (let i = 0; i < pages.length; i++) {
      signal?.throwIfAborted()
      const lane = (round + i) % pages.length
      const first = (page: Page, site: Site) => firstResult(page, site, way?.network)
      const { ms: took, served } = await inPage(pages[lane]!, first, way?.compressed[lane])
      ms[lane]!.push(took)
      loaded[lane] = served
    }
  return { ms, served: loaded }
}

/** @param ms of engines, and at the end of the empty page */
function summaryOf({ ms }: FirstResults, i: number): FirstResult {
  const [last, empty, own] = [ms.at(-2)!, ms.at(-1)!, ms[i]!].map(median) as [number, number, number]
  return {
    firstResultMs: summarize(ms[i]!),
    firstResultRatio: last / own,
    ownRatio: own > empty ? (last - empty) / (own - empty) : Infinity,
  }
}

/** Starting a browser takes it longer than most pages, and goes on for a while after it has shown something. */
const settledMs = 1500

async function firstResult(
  page: Page,
  { url, served }: Site,
  network: Network | undefined,
): Promise<{ readonly ms: number; readonly served: readonly string[] }> {
  await setTimeout(settledMs)
  if (network) await page.throttle(network)
  await page.visit(url)
  return { ms: (await page.evaluate('first')) as number, served: [...served] }
}

/** `assets/model-relaxed-simd-Dq3x_0aB.wasm` → `model-relaxed-simd.wasm` */
function withoutHash(path: string): string {
  return basename(path).replace(/-[\w-]{8}(?=\.\w+$)/, '')
}

/** Opens an empty page of the site in a new browser. */
async function inPage<T>(
  { folder }: BuiltPage,
  use: (page: Page, site: Site) => Promise<T>,
  compressed?: ReadonlyMap<string, Buffer>,
): Promise<T> {
  const site = await serve(folder, compressed)
  try {
    const page = await Page.open(site.url + emptyPage)
    try {
      return await use(page, site)
    } finally {
      await page.close()
    }
  } finally {
    site.close()
  }
}

type Outputs = Readonly<Record<string, readonly number[]>>

/** |a - e| / (|e| + 0.01), as `agreement` has it. */
function maxRelDiff(actual: Outputs, expected: Outputs): number {
  const differences = Object.entries(expected).flatMap(([name, values]) =>
    values.map((value, i) => Math.abs((actual[name]?.[i] ?? Infinity) - value) / (Math.abs(value) + 0.01)),
  )
  return differences.reduce((a, b) => Math.max(a, b), 0)
}

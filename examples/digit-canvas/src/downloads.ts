import { size } from './units.ts'

type Timing = Pick<PerformanceResourceTiming, 'name' | 'transferSize' | 'decodedBodySize'>

const kinds = ['page', 'script', 'model'] as const

/**
 * Follows what the page has downloaded, by the browser's own record: bytes over the network, headers and compression included.
 *
 * @param changed called with the sum and with its parts, in words
 */
export function followDownloads(changed: (total: string, details: string) => void): void {
  const observer = new PerformanceObserver(() => {
    const timings = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    changed(...summary(timings as PerformanceResourceTiming[]))
  })
  for (const type of ['navigation', 'resource']) observer.observe({ type, buffered: true })
}

function summary(timings: readonly Timing[]): [total: string, details: string] {
  const cached = timings.filter(({ transferSize, decodedBodySize }) => transferSize === 0 && decodedBodySize > 0)
  const parts = kinds.map((kind) => `${kind} ${size(sum(timings.filter(({ name }) => kindOf(name) === kind)))}`)
  const note = `; ${cached.length} of ${timings.length} files were in the browser’s cache`
  return [size(sum(timings)), parts.join(' + ') + (cached.length > 0 ? note : '')]
}

function sum(timings: readonly Timing[]): number {
  return timings.reduce((bytes, { transferSize }) => bytes + transferSize, 0)
}

function kindOf(address: string): (typeof kinds)[number] {
  const { pathname } = new URL(address, location.href)
  if (/\.(?:wasm|bin)$/.test(pathname)) return 'model'
  return pathname.endsWith('.js') ? 'script' : 'page'
}

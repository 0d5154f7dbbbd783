/** A network between a page and its server, in the words of Chromium's `Network.emulateNetworkConditions`. */
export interface Network {
  /** Milliseconds from a request to the headers of its response, at least. */
  readonly latency: number
  /** Bytes per second. */
  readonly downloadThroughput: number
  readonly uploadThroughput: number
}

/**
 * Chromium's DevTools call these "Fast 4G" and "Slow 4G" (devtools-frontend, front_end/core/sdk/NetworkManager.ts:
 * `Fast4GConditions`, `Slow4GConditions`): nominal figures, of which throughput is taken times 0.9, and latency times 2.75 and
 * 3.75, as each request counts for one round trip here, and real ones take several.
 */
export const networks: Readonly<Record<string, Network>> = {
  'fast-4g': network(60 * 2.75, 9, 1.5),
  'slow-4g': network(150 * 3.75, 1.6, 0.75),
}

function network(latency: number, megabitsDown: number, megabitsUp: number): Network {
  const [downloadThroughput, uploadThroughput] = [megabitsDown, megabitsUp].map(
    (megabits) => (megabits * 1e6 * 0.9) / 8,
  )
  return { latency, downloadThroughput: downloadThroughput!, uploadThroughput: uploadThroughput! }
}

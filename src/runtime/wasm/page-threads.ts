import { Pool } from './pool.ts'
import { poolWorker } from './pool-worker.ts'
import { type AskedOfPage, threadCount } from './thread-count.ts'
import { type Threads, threadsIn } from './threaded.ts'

/** By address of the workers' program. */
const pools = new Map<string, Pool>()

/** A page's workers, for all its models that have the same program of workers. Without a program there are none. */
export function pageThreads({ count, worker = '' }: AskedOfPage = { count: 1 }): Threads {
  const url = String(worker)
  let pool = pools.get(url)
  if (pool === undefined) pools.set(url, (pool = new Pool(poolWorker(url))))
  return threadsIn(pool, url === '' ? 1 : threadCount(count))
}

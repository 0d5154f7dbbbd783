import type { Order, StartPoolWorker } from './pool.ts'
import { newWorker } from './web-thread.ts'

/** Starts workers of the program at an address. */
export const poolWorker =
  (url: string): StartPoolWorker =>
  (gone) => {
    const worker = newWorker<Order>(url)
    worker.onerror = ({ message = `${url} can't be loaded` }) => {
      worker.terminate()
      gone(message)
    }
    return { order: (order) => worker.postMessage(order, []), stop: () => worker.terminate() }
  }

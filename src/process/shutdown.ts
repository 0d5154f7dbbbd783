/**
 * Cleanups that must also happen when this process is told to stop: a compiler started in its own process group
 * doesn't get the terminal's Ctrl-C, and a staging folder with a copy of a model may hold gigabytes.
 */
const cleanups = new Set<() => void>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs `cleanup` (synchronous) if the process ends before the returned function has been called. */
export function onShutdown(cleanup: () => void): () => void {
  if (cleanups.size === 0) listen()
  cleanups.add(cleanup)
  return () => {
    cleanups.delete(cleanup)
    if (cleanups.size === 0) unlisten()
  }
}

function runAll(): void {
  for (const cleanup of cleanups) {
    cleanups.delete(cleanup)
    try {
      cleanup()
    } catch {
      // The process is ending: the other cleanups matter more than one that failed.
    }
  }
}

/** A listener takes away a signal's default action, so give it back unless the host application has its own listener. */
function onSignal(signal: NodeJS.Signals): void {
  runAll()
  const hostDecides = process.listenerCount(signal) > 1
  unlisten()
  if (!hostDecides) process.kill(process.pid, signal)
}

function listen(): void {
  process.on('exit', runAll)
  for (const signal of signals) process.on(signal, onSignal)
}

function unlisten(): void {
  process.off('exit', runAll)
  for (const signal of signals) process.off(signal, onSignal)
}

/** Since Node 23.9. */
const { threadCpuUsage } = process as { threadCpuUsage?: () => { readonly user: number; readonly system: number } }

/**
 * Milliseconds that this thread has computed (of the whole process in older versions of Node): unlike time, they don't go on
 * while other programs have the processor. For work that is done by the thread that asks.
 */
export function cpuClock(): number {
  const { user, system } = threadCpuUsage?.call(process) ?? process.cpuUsage()
  return (user + system) / 1000
}

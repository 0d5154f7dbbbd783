import type { TraceEvent } from '../../runtime/profile.ts'

/** What one engine did with one model; shown as a process of its own. */
export interface ProcessTrace {
  readonly title: string
  readonly events: readonly TraceEvent[]
}

/**
 * A file that Perfetto and chrome://tracing open.
 * Source: Trace Event Format, "JSON Object Format", and its metadata event `process_name`.
 */
export function traceText(processes: readonly ProcessTrace[]): string {
  const traceEvents = processes.flatMap(({ title, events }, i) => [
    { ph: 'M', name: 'process_name', pid: i + 1, tid: 1, args: { name: title } },
    ...events.map((event) => ({ ...event, pid: i + 1 })),
  ])
  return `${JSON.stringify({ traceEvents, displayTimeUnit: 'ns' })}\n`
}

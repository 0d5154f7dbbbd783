import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { below } from './user-folder.ts'

/** Time of one node of the compiled model, over all runs. */
export interface ProfiledNode {
  /** As the compiler names it, e.g. `onnx.Conv`. */
  readonly op: string
  /** ONNX name; nodes that became one are joined by `-`. */
  readonly name: string
  readonly calls: number
  readonly seconds: number
}

/** An event of the Trace Event Format, which chrome://tracing and Perfetto open: a complete event, times in µs. */
export interface TraceEvent {
  readonly ph: 'X'
  readonly name: string
  readonly cat: string
  readonly ts: number
  readonly dur: number
  readonly pid: 1
  readonly tid: 1
}

export interface Profile {
  readonly runs: number
  /** The slowest first. */
  readonly nodes: readonly ProfiledNode[]
  readonly trace: readonly TraceEvent[]
}

let files = 0

/** A file of this process for one profiled model. */
export function newProfileFile(): string {
  return below(tmpdir(), `onnx-mlir-profile-${process.pid}-${files++}.txt`)
}

/** Runs a profiled model and reads what it measured. */
export function measureProfile(
  model: string,
  file: string | undefined,
  runs: number,
  run: () => unknown,
  print: () => boolean,
): Profile {
  if (file === undefined)
    throw new TypeError(`${model}: it was compiled without measuring; import it with ?profile=onnx`)
  // What earlier runs measured does not belong to these.
  print()
  rmSync(file, { force: true })
  for (let i = 0; i < runs; i++) {
    run()
    // onnx-mlir's library forgets at the beginning of a run what it measured in the last one.
    if (!print()) throw new TypeError(`${model}: its library can't write what it measures`)
  }
  const profile = parseProfile(readFileSync(file, 'utf8'), runs)
  rmSync(file, { force: true })
  return profile
}

/**
 * Reads lines `==PERF-REPORT==, op, node, before|after, seconds since the last line, seconds since the start`. Where the
 * clock starts anew with each run, as onnx-mlir's does, the runs follow each other in the trace.
 */
export function parseProfile(text: string, runs: number): Profile {
  const nodes = new Map<string, { op: string; name: string; calls: number; seconds: number }>()
  const trace: TraceEvent[] = []
  let [offset, latest] = [0, 0]
  for (const line of text.split('\n')) {
    const [kind, op, ...rest] = line.split(', ')
    // A node's name may itself hold the separator: the last three fields are ours.
    const [end, seconds, phase] = [rest.pop(), rest.pop(), rest.pop()]
    if (kind !== '==PERF-REPORT==' || phase !== 'after' || op === undefined) continue
    const name = rest.join(', ')
    const duration = Number(seconds)
    const node = nodes.get(`${op} ${name}`) ?? { op, name, calls: 0, seconds: 0 }
    node.calls++
    node.seconds += duration
    nodes.set(`${op} ${name}`, node)
    const start = Number(end) - duration
    // 1e-6: times of six decimals are rounded.
    if (offset + start < latest - 1e-6) offset = latest
    latest = offset + Number(end)
    trace.push({ ph: 'X', name: name || op, cat: op, ts: (offset + start) * 1e6, dur: duration * 1e6, pid: 1, tid: 1 })
  }
  return { runs, nodes: [...nodes.values()].sort((a, b) => b.seconds - a.seconds), trace }
}

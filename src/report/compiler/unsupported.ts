/** A line of `--opt-report=NNPAUnsupportedOps`. */
export interface UnsupportedLine {
  /** e.g. `onnx.Conv`. */
  readonly op: string
  /** `NOTSET` where the compiler knows none. */
  readonly node: string
  readonly reason: string
}

/**
 * `==NNPA-UNSUPPORTEDOPS-REPORT==, <op>, <node>, <reason>`. A node's name may hold commas, a reason begins like one of
 * the compiler's, so that the shortest name that leaves a reason is taken.
 */
export function parseUnsupportedLine(line: string): UnsupportedLine | undefined {
  const [, op, rest] = /^==NNPA-UNSUPPORTEDOPS-REPORT==, ([\w.]+), (.*)$/.exec(line) ?? []
  if (op === undefined || rest === undefined) return undefined
  const at = rest.indexOf(', ')
  return at < 0 ? undefined : { op, node: rest.slice(0, at), reason: rest.slice(at + 2) }
}

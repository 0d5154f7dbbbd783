import { writeSync } from 'node:fs'

/**
 * A line on standard error. Written at once, whatever the thread: streams of other threads wait for the main one, which may
 * be waiting for the model.
 */
export function tell(line: string): void {
  try {
    writeSync(2, `[onnx-mlir] ${line}\n`)
  } catch {
    // Closed, or full: no reason for a program to end.
  }
}

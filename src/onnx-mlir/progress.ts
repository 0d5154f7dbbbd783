/** What the driver tells on standard output while it works. */

/** A line `[2/6] … Compiling and Optimizing MLIR Module` of the driver. */
export interface Progress {
  readonly step: number
  readonly steps: number
  readonly text: string
}

/** A step of the compilation and how long it took. */
export interface Phase {
  readonly text: string
  readonly seconds: number
}

/** `[k/N] <date> (<seconds>s) <text>`; older builds print other lines or none. */
export function parseProgress(line: string): Progress | undefined {
  const [, step, steps, text] = /^\[(\d{1,3})\/(\d{1,3})\] .*?\(\d+s\) (.*)$/.exec(line) ?? []
  return step === undefined || steps === undefined || text === undefined
    ? undefined
    : { step: Number(step), steps: Number(steps), text }
}

/** Turns the driver's `[k/N]` lines into phases with their time, and passes them on. */
export class PhaseClock {
  private readonly phases: Phase[] = []
  private readonly onProgress: ((progress: Progress) => void) | undefined
  private current: { text: string; since: number } | undefined

  constructor(onProgress: ((progress: Progress) => void) | undefined) {
    this.onProgress = onProgress
  }

  readonly step = (progress: Progress): void => {
    this.close()
    this.current = { text: progress.text, since: performance.now() }
    this.onProgress?.(progress)
  }

  finish(): Phase[] {
    this.close()
    return this.phases
  }

  private close(): void {
    if (this.current === undefined) return
    const { text, since } = this.current
    this.phases.push({ text, seconds: (performance.now() - since) / 1000 })
  }
}

/** What the driver only warns about, each thing once. */
export function notesOf(stdout: string): string[] {
  const old = new Map<string, string>()
  for (const [, op = '', opset = ''] of stdout.matchAll(
    /Warning: ONNX (\w+) in your model is using Opset (\d+), which is quite old/g,
  )) {
    old.set(op, opset)
  }
  const notes = []
  if (old.size > 0) {
    const list = [...old].map(([op, opset]) => `${op} (${opset})`).join(', ')
    notes.push(`onnx-mlir handles operators of old opsets by their oldest rules: ${list}; a newer export may be faster`)
  }
  if (stdout.includes('No NNPA code is generated'))
    notes.push('onnx-mlir put nothing on NNPA: it took the CPU for one before z16')
  return notes
}

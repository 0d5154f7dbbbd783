import type { CompileProgress } from '../compilers/compiler.ts'
import { printable } from '../errors/printable.ts'

/** Where progress is shown: standard error, or what stands for it in a test. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Says what is being done now: on a terminal in one line that is written over, elsewhere in a line for each phase of a compile. */
export class ProgressLine {
  private readonly stream: ProgressStream
  private phase: { readonly model: string; readonly since: number } | undefined
  private timer: NodeJS.Timeout | undefined
  private isShown = false

  constructor(stream: ProgressStream) {
    this.stream = stream
  }

  /** Shows a line on a terminal, until the next or `clear`. */
  show(line: string): void {
    this.stopClock()
    this.draw(line)
  }

  /** Shows how far a compile is and for how long it has been going on, as a bar where it is known how many steps there are. */
  showPhase(progress: CompileProgress): void {
    this.stopClock()
    if (this.phase?.model !== progress.model) this.phase = { model: progress.model, since: performance.now() }
    const { since } = this.phase
    const seconds = (): number => (performance.now() - since) / 1000
    if (!this.stream.isTTY) {
      this.stream.write(`${phaseLine(progress, seconds())}\n`)
      return
    }
    const draw = (): void => this.draw(phaseBar(progress, seconds(), this.stream.columns || 80))
    draw()
    this.timer = setInterval(draw, 1000).unref()
  }

  /** Takes the line away. */
  clear(): void {
    this.stopClock()
    if (this.isShown) this.stream.write('\r\u001b[K')
    this.isShown = false
  }

  private draw(line: string): void {
    if (!this.stream.isTTY) return
    this.stream.write(`\r\u001b[K${line.slice(0, (this.stream.columns || 80) - 1)}`)
    this.isShown = true
  }

  private stopClock(): void {
    clearInterval(this.timer)
  }
}

/** `gpt2.onnx: [3/6] Generating Object from LLVM Bitcode (12 s)` */
function phaseLine({ model, text, step, steps }: CompileProgress, seconds: number): string {
  const position = step === undefined ? '' : `[${step}/${steps}] `
  return `${printable(model)}: ${position}${printable(text)} (${seconds.toFixed(0)} s)`
}

/** Cells of a bar. */
const BAR = 20

/**
 * `gpt2.onnx ██████░░░░░░░░░░░░░░ 3/6 12 s Generating Object from LLVM Bitcode`: what may be cut off comes last.
 * The step that goes on counts as not done.
 */
function phaseBar({ model, text, step, steps }: CompileProgress, seconds: number, columns: number): string {
  const name = printable(model)
  const shortened = name.length > columns / 3 ? `${name.slice(0, Math.floor(columns / 3) - 1)}…` : name
  const elapsed = `${seconds.toFixed(0)} s`
  if (step === undefined || !steps) return `${shortened} ${elapsed} ${printable(text)}`
  const done = Math.round(((step - 1) / steps) * BAR)
  return `${shortened} ${'█'.repeat(done)}${'░'.repeat(BAR - done)} ${step}/${steps} ${elapsed} ${printable(text)}`
}

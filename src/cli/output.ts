import { writeFile } from 'node:fs/promises'
import { EnvironmentError } from '../errors/index.ts'
import type { Invocation } from './command.ts'
import { ProgressLine } from './progress-line.ts'

/** What to do where a command's results find no place. */
export const OUT_OPTION = 'name another folder with --out'

/** Where a command's lines go: the result to standard output, all else to standard error. */
export class Output {
  /** Standard output is kept for JSON. */
  isQuiet = false
  private readonly line = new ProgressLine(process.stderr)

  readonly channels: Pick<Invocation, 'print' | 'progress' | 'phase' | 'warn'> = {
    print: (line) => {
      this.done()
      if (!this.isQuiet) console.log(line)
    },
    progress: (line) => this.line.show(line),
    phase: (progress) => this.line.showPhase(progress),
    warn: (line) => {
      this.done()
      console.error(line)
    },
  }

  /** Takes the line of progress away. */
  done(): void {
    this.line.clear()
  }

  /** @param file path, or `-` for standard output */
  async writeJson(file: string, result: unknown): Promise<void> {
    const indented = JSON.stringify(result, (_, value: unknown) => plain(value), 1)
    // A tensor's numbers on one line. No text of the model can match: line breaks in JSON's strings are escaped.
    const text = `${indented.replace(/\[\n([-+\d.eE,\s]+)\]/g, (_, items: string) => `[${items.replace(/\s/g, '')}]`)}\n`
    if (file === '-') {
      process.stdout.write(text)
      return
    }
    await writeText(file, text)
  }
}

/** Writes a file that an option names. @throws EnvironmentError `ENVIRONMENT_DISK` */
export async function writeText(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause: Error) => {
    throw new EnvironmentError('ENVIRONMENT_DISK', `Can't write ${file}: ${cause.message}.`, { file }, { cause })
  })
}

/** What JSON has no numbers for is text: integers beyond 2^53, NaN and infinities. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value
}

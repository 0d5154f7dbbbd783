import { printable } from '../errors/printable.ts'

/** Lines that say nothing about the failure: LLVM on x86 about z CPUs, and `opt` giving up before `llc` says why. */
const noise =
  /is not a recognized processor for this target|^opt: WARNING:|^PLEASE submit a bug report|^Stack dump|^\s*#\d+ 0x/

/** Standard error without repetitions and without lines that explain nothing, at most `limit` lines of it. */
export function readableErrors(stderr: string, limit = 12): readonly string[] {
  const lines = new Set(
    stderr
      .split(/\r?\n/)
      .map((line) => printable(line.replaceAll('\t', ' ').trimEnd(), 400))
      .filter((line) => line !== '' && !noise.test(line)),
  )
  return [...lines].slice(0, limit)
}

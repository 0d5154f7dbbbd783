import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'

/** What the board of examples/cortex-m needs beside a program: its start, its output, where memory is. */
export const board = join(import.meta.dirname, '../../examples/cortex-m')

/** Options that link a program for it. */
export function linkFlags(image: string): string[] {
  return ['-nostartfiles', '-T', join(board, 'board.ld'), '-Wl,--gc-sections', '-o', image]
}

/** Runs a program on one of QEMU's boards. @returns what it says by semihosting */
export function runOnBoard(machine: string, image: string, timeout: number): string {
  const args = ['-M', machine, '-semihosting', '-nographic', '-monitor', 'none', '-serial', 'null', '-kernel', image]
  const { status, stderr } = spawnSync('qemu-system-arm', args, { encoding: 'utf8', timeout })
  expect(status).toBe(0)
  return stderr
}

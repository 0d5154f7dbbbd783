import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { onnxruntime } from '../onnxruntime.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fuzz(...args: string[]): { status: number | null; lines: string[]; stderr: string } {
  const command = [join(root, 'fuzz', 'main.js'), '--jobs', '1', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  return { status, lines: stdout.trimEnd().split('\n'), stderr }
}

describe('npm run fuzz', { timeout: 300_000 }, () => {
  it('makes the same case of the same seed and number, alone or in a run', () => {
    const [one, other] = ['one', 'other'].map((name) => {
      const out = join(folder, name)
      const { lines } = fuzz('--seed', '7', '--case', '11', '--out', out)
      expect(lines.at(-1)).toMatch(/^1 cases, 0 crashes, 0 hangs, \d raw errors$/)
      return readFileSync(join(out, 'case-11.onnx'))
    })
    expect(one!.equals(other!)).toBe(true)
  })

  it('prints its seed first and its counts last, and writes them', () => {
    const json = join(folder, 'result.json')
    const { lines } = fuzz('--count', '20', '--seed', '7', '--out', join(folder, 'run'), '--json', json)
    expect(lines[0]).toBe('seed 7')
    expect(lines.at(-1)).toMatch(/^20 cases, \d+ crashes, \d+ hangs, \d+ raw errors$/)
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ seed: 7, cases: 20, crashes: 0, hangs: 0 })
  })

  it('refuses what it does not know', () => {
    expect(fuzz('--stage', 'nowhere')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no stage "nowhere"'),
    })
    expect(fuzz('--ops', '--only', 'Konv')).toMatchObject({ status: 2, stderr: expect.stringContaining('"Konv"') })
    expect(fuzz('--only', 'Conv')).toMatchObject({ status: 2, stderr: expect.stringContaining('--ops') })
  })

  it.skipIf(!onnxruntime())('compares operators with onnxruntime', () => {
    const { status, lines } = fuzz(
      '--ops',
      '--only',
      'Add,Reshape,Relu',
      '--count',
      '12',
      '--seed',
      '7',
      '--out',
      folder,
    )
    expect(lines.at(-1)).toMatch(/^12 cases, 0 unexplained differences/)
    expect(status).toBe(0)
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ProgressLine } from '../../src/cli/progress-line.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { createModels } from '../../src/plugin/models.ts'
import { installStandIn, libraryProgress, mlpSource, textsOf, workshop } from '../onnx-mlir/installed.ts'
import { cli } from './cli.ts'

const { fresh, remove } = workshop('progress-test')
afterAll(remove)

/** A stream that keeps what was written. */
function stream(terminal: { isTTY?: boolean; columns?: number }) {
  const written: string[] = []
  return { ...terminal, written, write: (text: string) => written.push(text) }
}

const erase = '\r\u001b[K'
const step = { model: 'gpt2.onnx', step: 4, steps: 6, text: 'Generating Object from LLVM Bitcode' }

describe('progress', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('on a terminal is one line that goes on by itself, with bar, step and time', () => {
    const terminal = stream({ isTTY: true, columns: 100 })
    const line = new ProgressLine(terminal)
    line.showPhase({ ...step, step: 1, text: 'Importing' })
    vi.advanceTimersByTime(2000)
    line.showPhase(step)
    vi.advanceTimersByTime(1000)
    line.clear()
    vi.advanceTimersByTime(5000)
    expect(terminal.written).toEqual([
      `${erase}gpt2.onnx ${'░'.repeat(20)} 1/6 0 s Importing`,
      `${erase}gpt2.onnx ${'░'.repeat(20)} 1/6 1 s Importing`,
      `${erase}gpt2.onnx ${'░'.repeat(20)} 1/6 2 s Importing`,
      `${erase}gpt2.onnx ${'█'.repeat(10)}${'░'.repeat(10)} 4/6 2 s ${step.text}`,
      `${erase}gpt2.onnx ${'█'.repeat(10)}${'░'.repeat(10)} 4/6 3 s ${step.text}`,
      erase,
    ])
  })

  test('fits into the terminal, whatever the model is called', () => {
    for (const columns of [20, 40, 80]) {
      const terminal = stream({ isTTY: true, columns })
      const line = new ProgressLine(terminal)
      line.showPhase({ ...step, model: `${'long'.repeat(100)}.onnx` })
      line.clear()
      for (const text of terminal.written) expect(text.replace(erase, '').length).toBeLessThan(columns)
    }
  })

  test('a name can’t rewrite the screen', () => {
    const terminal = stream({ isTTY: true })
    const line = new ProgressLine(terminal)
    line.showPhase({ model: 'a\u001b[2J.onnx', text: 'waiting for \u001b]0;x\u0007' })
    line.clear()
    expect(terminal.written[0]).toBe(`${erase}a\ufffd[2J.onnx 0 s waiting for \ufffd]0;x\ufffd`)
  })

  test('elsewhere is a plain line for each phase, and nothing for what is short', () => {
    const file = stream({})
    const line = new ProgressLine(file)
    line.show('reading')
    line.showPhase({ model: 'gpt2.onnx', text: 'waiting for big.onnx' })
    vi.advanceTimersByTime(61_000)
    line.showPhase(step)
    line.clear()
    expect(file.written).toEqual([
      'gpt2.onnx: waiting for big.onnx (0 s)\n',
      'gpt2.onnx: [4/6] Generating Object from LLVM Bitcode (61 s)\n',
    ])
  })
})

if (process.arch !== 'x64') console.log('skipped: progress of a compile by onnx-mlir (its stand-in is one for x86-64)')

describe.runIf(process.arch === 'x64')('a compile by onnx-mlir', () => {
  const model = join(fresh(), 'mlp.onnx')
  const cache = fresh()
  writeFileSync(model, modelBytes(mlpSource))

  async function standIn(): Promise<string> {
    const context = { mode: 'build' as const, log: () => {}, warn: () => {} }
    const { artifact } = await createPipeline({ cache }).build(`${model}?compiler=builtin`, context)
    const answer = { when: {}, stdout: libraryProgress, files: { '.so': { copy: artifact.library } } }
    return installStandIn(fresh(), [answer], textsOf('config-file', 'x86_64-unknown-linux-gnu')).installation.path
  }

  test('tells its six steps on standard error, where that is no terminal', async () => {
    vi.stubEnv('ONNX_MLIR_HOME', join(await standIn(), '..', '..'))
    const lines: string[] = []
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0)
    const { code } = await cli('compile', model, '-c', 'onnx-mlir', '-o', fresh(), '--cache', fresh())
    write.mockRestore()
    vi.unstubAllEnvs()
    expect(code).toBe(0)
    const steps = lines.filter((line) => line.startsWith('mlp.onnx: ['))
    expect(steps.map((line) => /\[(\d)\/6\]/.exec(line)?.[1])).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(steps[1]).toMatch(/^mlp\.onnx: \[2\/6\] Compiling and Optimizing MLIR Module \(\d+ s\)\n$/)
  })

  test('is for a host one line when it begins and one when it ends, and its steps are details', async () => {
    const said = { log: [] as string[], debug: [] as string[] }
    const models = createModels({ compiler: 'onnx-mlir', onnxMlir: { path: await standIn() }, cache: fresh() })
    await models.load(model, {
      mode: 'build',
      watch: () => {},
      warn: () => {},
      log: (line) => said.log.push(line),
      debug: (line) => said.debug.push(line),
      place: () => '""',
    })
    // Where none came with the package, the addon is compiled, too, the first time.
    expect(said.log.filter((line) => !line.includes('the addon'))).toEqual([
      expect.stringMatching(/^compiling mlp\.onnx for \S+ \(onnx-mlir\)$/),
      expect.stringMatching(/^compiled mlp\.onnx for \S+ in [\d.]+ s, \d+ kB$/),
    ])
    expect(said.debug).toHaveLength(6)
    expect(said.debug[3]).toBe('mlp.onnx: [4/6] Generating Object from LLVM Bitcode')
  })
})

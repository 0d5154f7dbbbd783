import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { which } from '../../src/toolchains/programs.ts'
import { onnxruntime } from '../onnxruntime.ts'

const run = promisify(execFile)
const scratch = mkdtempSync(join(tmpdir(), 'native-c-test-'))
const folder = join(scratch, 'native-c')
const has = (...names: readonly string[]): boolean => names.every((name) => which(name, process.env) !== undefined)

beforeAll(() => {
  for (const name of ['native-c', 'digit-canvas/digit.onnx', 'fraud-server/fraud.onnx'])
    cpSync(resolve('examples', name), join(scratch, name), { recursive: true })
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** What the program prints: a digit, its probability, and that of a fraud. */
async function classify(made: readonly string[], runner: readonly string[]): Promise<number[]> {
  await run('make', ['clean'], { cwd: folder })
  await run('make', [`ONNX_MLIR="${process.execPath}" "${resolve('dist/cli/main.js')}"`, ...made], { cwd: folder })
  const [command = '', ...args] = [...runner, join(folder, 'classify')]
  const { stdout } = await run(command, args)
  const found = /^digit (\S+) (\S+)\nfraud (\S+)\n$/.exec(stdout)
  expect(found).not.toBeNull()
  return found!.slice(1).map(Number)
}

async function expected(): Promise<number[]> {
  const ort = onnxruntime()!
  const picture = new Float32Array(784)
  for (let y = 4; y < 24; y++) picture[28 * y + 13] = picture[28 * y + 14] = 1
  const features = new Float32Array([1.5, -0.5, 0.25, 2, 0, 1, -1, 0.5])
  const digit = await ort.InferenceSession.create(join(scratch, 'digit-canvas/digit.onnx'))
  const fraud = await ort.InferenceSession.create(join(scratch, 'fraud-server/fraud.onnx'))
  const { probabilities } = await digit.run({ image: new ort.Tensor('float32', picture, [1, 1, 28, 28]) })
  const { score } = await fraud.run({
    features: new ort.Tensor('float32', features, [1, 8]),
    category: new ort.Tensor('int64', [3n], [1]),
    hour: new ort.Tensor('int64', [23n], [1]),
  })
  const values = [...(probabilities!.data as Float32Array)]
  const best = Math.max(...values)
  return [values.indexOf(best), best, (score!.data as Float32Array)[0]!]
}

describe.skipIf(!has('make', 'cc') || !onnxruntime())('two models in one C program', () => {
  const machines = [
    { target: 'host', cc: 'cc', runner: [] },
    { target: 'arm64', cc: 'aarch64-linux-gnu-gcc', runner: ['qemu-aarch64'] },
    { target: 'z16', cc: 's390x-linux-gnu-gcc', runner: ['qemu-s390x'] },
  ]
  for (const { target, cc, runner } of machines) {
    const missing = [cc, ...runner].filter((name) => !has(name))
    if (missing.length > 0) console.log(`skipped: examples/native-c for ${target}: no ${missing.join(', ')}`)
    test.skipIf(missing.length > 0)(`for ${target}, as onnxruntime`, async () => {
      const flags = target === 'host' ? [] : ['CFLAGS=-static']
      const given = await classify([`TARGET=${target}`, `CC=${cc}`, ...flags], runner)
      const wanted = await expected()
      expect(given[0]).toBe(wanted[0])
      given.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5))
    })
  }
})

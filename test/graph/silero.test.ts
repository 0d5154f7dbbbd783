import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { compileBuiltin } from '../../src/builtin/index.ts'
import { readModel } from '../../src/formats/read.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { testAddon } from '../native/libraries.ts'
import { modelsFolder, onnxruntime } from '../onnxruntime.ts'

// A model whose Ifs ask for the sampling rate, for the number of frames and for the batch size, and give values of rank 2
// or 3 as it comes; some of what they could give, nothing behind them can take.

const path = join(modelsFolder, 'silero-vad.onnx')
const runtime = onnxruntime()
if (!existsSync(path)) console.log(`skipped: there is no ${path}`)

/** Samples of frame `frame`: loud and silent ones by turns. */
function samples(count: number, frame: number): Float32Array {
  const volume = frame % 20 < 12 ? 0.6 : 0.01
  return Float32Array.from({ length: count }, (_, i) => volume * Math.sin(i * 0.03 * (1 + (frame % 7)) + (i % 13)))
}

it.skipIf(!existsSync(path) || !runtime)(
  'silero-vad says what onnxruntime says, frame after frame',
  async () => {
    const { signature, library } = await compileBuiltin(await readModel(path), {
      target: resolveTarget('host'),
      optimize: 1,
      identity: 'test',
    })
    const facts = { name: 'silero', signature, target: 'host', compiler: { name: 'builtin', version: 'test' } } as const
    const model = createNodeModel(facts, { addon: await testAddon(), library })
    const session = await runtime!.InferenceSession.create(path, { logSeverityLevel: 4 })
    for (const [rate, count] of [
      [16000, 576],
      [8000, 288],
    ] as const) {
      for (const batch of [1, 4]) {
        let state = new Float32Array(2 * batch * 128)
        for (let frame = 0; frame < 100; frame++) {
          const input = samples(batch * count, frame)
          const sr = BigInt64Array.of(BigInt(rate))
          const ours = model.runSync({
            input: { data: input, dims: [batch, count] },
            state: { data: state, dims: [2, batch, 128] },
            sr: { data: sr, dims: [] },
          })
          const theirs = await session.run({
            input: new runtime!.Tensor('float32', input, [batch, count]),
            state: new runtime!.Tensor('float32', state, [2, batch, 128]),
            sr: new runtime!.Tensor('int64', sr, []),
          })
          for (const name of ['output', 'stateN']) {
            expect(ours[name]!.dims).toEqual(theirs[name]!.dims)
            const data = ours[name]!.data as Float32Array
            const worst = theirs[name]!.data.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]!)), 0)
            expect(worst).toBeLessThan(1e-4)
          }
          state = Float32Array.from(theirs['stateN']!.data)
        }
      }
    }
  },
  120_000,
)

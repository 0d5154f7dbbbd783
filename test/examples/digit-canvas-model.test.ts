import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { onnxruntime } from '../onnxruntime.ts'
import { example, handMade, rasterise, type Strokes } from './digit-canvas.ts'

const run = promisify(execFile)

describe('strokes become an image', () => {
  const seven: Strokes = [
    [
      [0.2, 0.2],
      [0.6, 0.2],
      [0.4, 0.9],
    ],
  ]
  const moved = (scale: number, dx: number, dy: number): Strokes =>
    seven.map((stroke) => stroke.map(([x, y]) => [scale * x + dx, scale * y + dy] as const))
  const ink = (image: Float32Array): number => image.reduce((sum, value) => sum + value, 0)

  test('that does not depend on where and how large they are', () => {
    const image = rasterise(seven)
    for (const other of [moved(1, 0.3, -0.1), moved(0.4, 0.05, 0.5), moved(3, 0, 0)])
      rasterise(other).forEach((value, at) => expect(value).toBeCloseTo(image[at]!, 4))
  })

  test('of 28 by 28 from 0 to 1, in a margin of two pixels and more', () => {
    const image = rasterise(seven)
    expect(image.length).toBe(784)
    expect(Math.min(...image)).toBe(0)
    expect(Math.max(...image)).toBe(1)
    image.forEach((value, at) => {
      const [x, y] = [at % 28, Math.floor(at / 28)]
      if (Math.min(x, y, 27 - x, 27 - y) < 2) expect(value).toBe(0)
    })
  })

  test('of nothing where there are none, and of a dot where the pen rested', () => {
    expect(ink(rasterise([]))).toBe(0)
    expect(ink(rasterise([[]]))).toBe(0)
    const dot = ink(rasterise([[[0.9, 0.1]]]))
    expect(dot).toBeGreaterThan(2)
    expect(dot).toBeLessThan(9)
  })

  test('that is bolder where a pen is pressed', () => {
    const pressed = (pressure: number): number =>
      ink(rasterise([[[0.5, 0.1, pressure], [0.5, 0.9, pressure]]])) // prettier-ignore
    expect(pressed(0.2)).toBeLessThan(pressed(0.5))
    expect(pressed(0.5)).toBeLessThan(pressed(1))
  })
})

describe('the model', () => {
  const minutes = 5 * 60_000
  const isTrained = process.env['TRAINING'] !== undefined
  if (!isTrained)
    console.log('skipped: training takes 40 s of a processor; set TRAINING=1 where something of it was changed')
  test.runIf(isTrained)('is what training gives, byte for byte', { timeout: minutes }, async () => {
    const { stdout } = await run(process.execPath, [join(example, 'training', 'train.js'), '--check'])
    expect(stdout).toMatch(/digit\.onnx: \d+ bytes compared/)
    expect(Number(/'held-out digits': '(\d+) of 10000 recognised'/.exec(stdout)?.[1])).toBeGreaterThan(9900)
    expect(Number(/'hand-made digits': '(\d+) of 40 recognised'/.exec(stdout)?.[1])).toBeGreaterThan(37)
  })

  const ort = onnxruntime()
  test.runIf(ort)('reads what was drawn by hand, in onnxruntime', async () => {
    const session = await ort!.InferenceSession.create(join(example, 'digit.onnx'))
    const wrong = []
    for (const { digit, strokes } of handMade) {
      const image = new ort!.Tensor('float32', rasterise(strokes), [1, 1, 28, 28])
      const [probabilities = []] = Object.values(await session.run({ image })).map(({ data }) => [...data])
      if (probabilities.indexOf(Math.max(...probabilities)) !== digit) wrong.push(digit)
    }
    expect(wrong.length).toBeLessThan(3)
  })
})

import { expect, test } from 'vitest'
import type { ModelSource, NodeSource } from '../../src/onnx/build.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { f32, node } from '../graph/models.ts'
import { compileModel } from './harness.ts'

// What the speech models of browsers (VITS, MMS) do around their windowed relative attention, as PyTorch writes it: pad by
// amounts that the length decides, slice from starts that it decides up to INT64_MAX, on axes of any length.

const WINDOW = 4
const KEYS = 2
const ROWS = 2 * WINDOW + 1
const INT64_MAX = 2n ** 63n - 1n
const embedding = Array.from({ length: ROWS * KEYS }, (_, i) => i + 1)

const ints = (...values: (number | bigint)[]) => tensorFrom('int64', [values.length], values.map(BigInt))
const single = (value: number) => tensorFrom('int64', [], [value])

/** The rows of relative embeddings that a sequence of length t meets; and [t, 2t - 1] from relative to absolute positions. */
function model(opset: number): ModelSource {
  const max = (a: string, b: string, y: string): NodeSource => node('Max', [a, b], [y])
  return {
    opsets: { '': opset },
    inputs: { x: f32('b', 't'), relative: f32('t', 'p') },
    outputs: { used: undefined, absolute: undefined },
    initializers: {
      embedding: tensorFrom('float32', [1, ROWS, KEYS], embedding),
      axis1: ints(1),
      window1: ints(WINDOW + 1),
      zero: ints(0),
      zeros2: ints(0, 0),
      one: ints(1),
      two: ints(2),
      pick1: single(1),
      last: ints(INT64_MAX),
      open: ints(-1),
    },
    nodes: [
      node('Shape', ['x'], ['shape']),
      node('Gather', ['shape', 'axis1'], ['t']),
      node('Sub', ['t', 'window1'], ['beyond']),
      max('beyond', 'zero', 'pad'),
      node('Concat', ['zero', 'pad', 'zero', 'zero', 'pad', 'zero'], ['pads'], { axis: 0n }),
      node('Pad', ['embedding', 'pads'], ['padded']),
      node('Sub', ['window1', 't'], ['short']),
      max('short', 'zero', 'start'),
      node('Mul', ['t', 'two'], ['twice']),
      node('Add', ['start', 'twice'], ['behind']),
      node('Sub', ['behind', 'one'], ['end']),
      node('Slice', ['padded', 'start', 'end', 'axis1'], ['used']),
      // Relative to absolute: [t, 2t - 1] padded to [t, 2t], as one row and padded again, as [t + 1, 2t - 1], cut.
      node('Concat', ['zeros2', 'zero', 'one'], ['padsRow'], { axis: 0n }),
      node('Pad', ['relative', 'padsRow'], ['wide']),
      node('Reshape', ['wide', 'open'], ['flat']),
      node('Sub', ['t', 'one'], ['less']),
      node('Concat', ['zero', 'less'], ['padsFlat'], { axis: 0n }),
      node('Pad', ['flat', 'padsFlat'], ['long']),
      node('Add', ['t', 'one'], ['more']),
      node('Sub', ['twice', 'one'], ['width']),
      node('Concat', ['more', 'width'], ['shifted'], { axis: 0n }),
      node('Reshape', ['long', 'shifted'], ['rows']),
      node('Slice', ['rows', 'zero', 't', 'zero'], ['cut']),
      node('Slice', ['cut', 'less', 'last', 'axis1'], ['absolute']),
    ],
  }
}

test.each([13, 20])('windowed relative attention of any length, opset %i', async (opset) => {
  const compiled = await compileModel(model(opset))
  for (const t of [1, 2, WINDOW, WINDOW + 1, WINDOW + 2, 11]) {
    const relative = Array.from({ length: t * (2 * t - 1) }, (_, i) => i)
    const results = compiled.runSync({
      x: { data: new Float32Array(3 * t), dims: [3, t] },
      relative: { data: Float32Array.from(relative), dims: [t, 2 * t - 1] },
    })
    // Row r of 2t - 1 is about keys r - (t - 1) away; what is farther than the window has zeros.
    const used = Array.from({ length: 2 * t - 1 }, (_, r) => {
      const at = r - (t - 1) + WINDOW
      return Array.from({ length: KEYS }, (_, k) => (at < 0 || at >= ROWS ? 0 : embedding[at * KEYS + k]!))
    })
    expect(results['used']!.dims, `t = ${t}`).toEqual([1, 2 * t - 1, KEYS])
    expect([...(results['used']!.data as Float32Array)], `t = ${t}`).toEqual(used.flat())
    const absolute = Array.from({ length: t }, (_, i) =>
      Array.from({ length: t }, (_, j) => relative[i * (2 * t - 1) + (j - i + t - 1)]!),
    )
    expect(results['absolute']!.dims).toEqual([t, t])
    expect([...(results['absolute']!.data as Float32Array)], `t = ${t}`).toEqual(absolute.flat())
  }
})

test('a slice whose bounds are the lowest and highest integers takes a free axis whole, from either end', async () => {
  const low = ints(-(2n ** 63n))
  const compiled = await compileModel({
    opsets: { '': 13 },
    inputs: { x: tensorType('float32', ['n']), from: tensorType('int64', [1]) },
    outputs: { all: undefined, flipped: undefined, some: undefined },
    initializers: { low, high: ints(INT64_MAX), axis: ints(0), back: ints(-1), one: ints(1) },
    nodes: [
      node('Slice', ['x', 'low', 'high', 'axis', 'one'], ['all']),
      node('Slice', ['x', 'high', 'low', 'axis', 'back'], ['flipped']),
      node('Slice', ['x', 'from', 'high', 'axis'], ['some']),
    ],
  })
  for (const n of [0, 1, 5]) {
    const x = Array.from({ length: n }, (_, i) => i)
    for (const from of [0n, 2n, -2n, INT64_MAX, -(2n ** 63n)]) {
      const results = compiled.runSync({
        x: { data: Float32Array.from(x), dims: [n] },
        from: { data: BigInt64Array.of(from), dims: [1] },
      })
      const start = from < 0n ? Math.max(0, n + Number(from)) : Number(from)
      expect([...(results['all']!.data as Float32Array)]).toEqual(x)
      expect([...(results['flipped']!.data as Float32Array)]).toEqual(x.toReversed())
      expect([...(results['some']!.data as Float32Array)], `${n} from ${from}`).toEqual(x.slice(start))
    }
  }
})

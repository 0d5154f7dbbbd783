import { describe, expect, test } from 'vitest'
import { type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { TypeInfo } from '../../src/onnx/model.ts'
import { compileModel } from '../ops/harness.ts'
import { Random } from './random/random.ts'

// Elementwise groups under every kind of broadcasting, against the same sums in JavaScript.

const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1)

function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length))
  return Array.from({ length: rank }, (_, axis) =>
    shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).reduce((a, b) => (a === 1 ? b : a)),
  )
}

/** The element of `data` that goes with position `index` of `result`. */
function element(data: Float32Array, dims: readonly number[], result: readonly number[], index: number): number {
  let [offset, stride, rest] = [0, 1, index]
  for (let axis = result.length - 1; axis >= 0; axis--) {
    const position = rest % result[axis]!
    rest = (rest - position) / result[axis]!
    const own = dims[axis - result.length + dims.length] ?? 1
    if (own !== 1) offset += position * stride
    stride *= own
  }
  return data[offset]!
}

interface Pattern {
  readonly dims: readonly (readonly number[])[]
  /** Which dimensions the file leaves open. */
  readonly open: readonly (readonly boolean[])[]
}

function randomPattern(random: Random): Pattern {
  const rank = random.int(0, 4)
  const full = Array.from({ length: rank }, () => random.pick([0, 1, 2, 2, 3, 4]))
  const dims = [0, 1, 2].map(() =>
    full.slice(random.chance(0.3) ? random.int(0, rank) : 0).map((dim) => (random.chance(0.35) ? 1 : dim)),
  )
  return { dims, open: dims.map((shape) => shape.map(() => random.chance(0.4))) }
}

describe('elementwise groups', () => {
  test('broadcast as NumPy does, whatever is known of the shapes', async () => {
    const random = new Random(5)
    const patterns = Array.from({ length: 60 }, () => randomPattern(random))
    const inputs: Record<string, TypeInfo> = {}
    const outputs: Record<string, undefined> = {}
    const nodes: NodeSource[] = []
    const feeds: Record<string, { data: Float32Array; dims: readonly number[] }> = {}
    patterns.forEach(({ dims, open }, p) => {
      dims.forEach((shape, i) => {
        const name = `p${p}_${i}`
        inputs[name] = tensorType(
          'float32',
          shape.map((dim, axis) => (open[i]![axis] ? undefined : dim)),
        )
        feeds[name] = { data: Float32Array.from({ length: sizeOf(shape) }, () => random.int(-9, 9)), dims: shape }
      })
      outputs[`y${p}`] = undefined
      nodes.push(
        { op: 'Sub', inputs: [`p${p}_0`, `p${p}_1`], outputs: [`t${p}`] },
        { op: 'Mul', inputs: [`t${p}`, `p${p}_2`], outputs: [`y${p}`] },
      )
    })
    const model = await compileModel({ opsets: { '': 21 }, inputs, outputs, nodes })
    const results = model.runSync(feeds)
    patterns.forEach(({ dims }, p) => {
      const [a, b, c] = [0, 1, 2].map((i) => feeds[`p${p}_${i}`]!)
      const shape = broadcast(dims)
      const wanted = Array.from({ length: sizeOf(shape) }, (_, i) => {
        const [x, y, z] = [a!, b!, c!].map(({ data, dims: own }) => element(data, own, shape, i))
        return (x! - y!) * z! + 0
      })
      const label = `${JSON.stringify(dims)} of pattern ${p}`
      expect(results[`y${p}`]!.dims, label).toEqual(shape)
      expect(
        [...(results[`y${p}`]!.data as Float32Array)].map((x) => x + 0),
        label,
      ).toEqual(wanted)
    })
  })

  test('sizes that do not broadcast are an error at run time, one that names the node', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { a: tensorType('float32', ['n', 'm']), b: tensorType('float32', ['k', 4]) },
      outputs: { y: undefined },
      nodes: [{ op: 'Add', name: 'my sum', inputs: ['a', 'b'], outputs: ['y'] }],
    })
    const zeros = (...dims: number[]) => ({ data: new Float32Array(sizeOf(dims)), dims })
    for (const [a, b] of [
      [
        [2, 4],
        [3, 4],
      ],
      [
        [2, 3],
        [2, 4],
      ],
      [
        [0, 4],
        [2, 4],
      ],
      [
        [5, 2],
        [1, 4],
      ],
    ] as const) {
      expect(() => model.runSync({ a: zeros(...a), b: zeros(...b) }), `${a.join()} and ${b.join()}`).toThrow(
        /my sum.*broadcast/,
      )
    }
    for (const [a, b, y] of [
      [
        [2, 4],
        [1, 4],
        [2, 4],
      ],
      [
        [1, 1],
        [3, 4],
        [3, 4],
      ],
      [
        [0, 4],
        [1, 4],
        [0, 4],
      ],
      [
        [1, 1],
        [0, 4],
        [0, 4],
      ],
    ] as const) {
      expect(model.runSync({ a: zeros(...a), b: zeros(...b) })['y']!.dims, `${a.join()} and ${b.join()}`).toEqual(y)
    }
  })

  test('sizes that do not broadcast are an error at compile time where they are known', async () => {
    const source = {
      opsets: { '': 21 },
      inputs: { a: tensorType('float32', [2, 3]), b: tensorType('float32', [2, 4]) },
      outputs: { y: undefined },
      nodes: [{ op: 'Add', name: 'my sum', inputs: ['a', 'b'], outputs: ['y'] }],
    }
    await expect(compileModel(source)).rejects.toThrow(/"my sum".*\[2, 3\] and \[2, 4\] can't be broadcast/)
  })

  // A pass over the angles decides which of two loops runs: the one for angles under 8192, or the one for all.
  test.each([
    ['small', [0.5, -3, 100, 8191]],
    ['with one large', [0.5, -3, 100, 8192, 7]],
    ['of every size', [1e-30, -0, 3e4, 1e10, -3e38, Infinity, NaN]],
  ])('sines of angles, %s, in groups of several', async (_, few) => {
    const rows = [few.map((x) => x), few.map((x) => x / 3), few.map((x) => -x)]
    const x = Float32Array.from(rows.flat())
    const scale = Float32Array.from(few, (_, i) => 1 + i / 4)
    const model = await compileModel(
      {
        opsets: { '': 21 },
        inputs: { x: tensorType('float32', ['n', few.length]), scale: tensorType('float32', [few.length]) },
        outputs: { snake: undefined, twice: undefined, both: undefined },
        nodes: [
          { op: 'Mul', inputs: ['x', 'scale'], outputs: ['angle'] },
          { op: 'Sin', inputs: ['angle'], outputs: ['sine'] },
          { op: 'Mul', inputs: ['sine', 'sine'], outputs: ['square'] },
          { op: 'Add', inputs: ['x', 'square'], outputs: ['snake'] },
          { op: 'Cos', inputs: ['x'], outputs: ['cosine'] },
          { op: 'Sin', inputs: ['cosine'], outputs: ['twice'] },
          { op: 'Tan', inputs: ['x'], outputs: ['tangent'] },
          { op: 'Sin', inputs: ['scale'], outputs: ['other'] },
          { op: 'Add', inputs: ['tangent', 'other'], outputs: ['both'] },
        ],
      },
      3,
    )
    const results = model.runSync({ x: { data: x, dims: [3, few.length] }, scale: { data: scale, dims: [few.length] } })
    const wanted: Record<string, (x: number, scale: number) => number> = {
      snake: (x, scale) => x + Math.sin(Math.fround(x * scale)) ** 2,
      twice: (x) => Math.sin(Math.cos(x)),
      both: (x, scale) => Math.tan(x) + Math.sin(scale),
    }
    for (const [name, of] of Object.entries(wanted)) {
      const given = results[name]!.data as Float32Array
      for (const [i, value] of x.entries()) {
        const want = of(value, scale[i % few.length]!)
        if (Number.isNaN(want)) expect(given[i], `${name} of ${value}`).toBeNaN()
        else if (Number.isFinite(want))
          expect(Math.abs(given[i]! - want) / (1 + Math.abs(want)), `${name} of ${value}`).toBeLessThan(4e-7)
        else expect(given[i], `${name} of ${value}`).toBe(want)
      }
    }
  })
})

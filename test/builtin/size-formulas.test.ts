import { describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { type GraphSource, modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { f32, node } from '../graph/models.ts'
import { compileModel } from '../ops/harness.ts'

// Formulas of sizes: each is worked out once, where it is needed first, and again wherever its value may be another.

const ints = (...values: number[]) => tensorFrom('int64', [values.length], values)
const scalar = (value: number) => ({ data: BigInt64Array.of(BigInt(value)), dims: [] })
const counting = (length: number) => ({ data: Float32Array.from({ length }, (_, i) => i), dims: [length] })

/** A feature pyramid as PyTorch 1.13 writes one for any height and width: sizes taken from Shape, joined for Resize, cut by Slice. */
function pyramid(levels: number, rounds: number): ModelSource {
  const nodes: NodeSource[] = []
  const initializers = {
    first: tensorFrom('float32', [4, 3, 3, 3], new Float32Array(4 * 27).fill(0.1)),
    next: tensorFrom('float32', [4, 4, 3, 3], new Float32Array(4 * 36).fill(0.02)),
    zero: ints(0),
    two: ints(2),
    four: ints(4),
    axis2: ints(2),
    axis3: ints(3),
    index2: tensorFrom('int64', [], [2]),
    index3: tensorFrom('int64', [], [3]),
    open: ints(1, 4, -1),
  }
  let count = 0
  const add = (op: string, inputs: string[], attributes = {}): string => {
    const output = `${op}_${count++}`
    nodes.push(node(op, inputs, [output], attributes))
    return output
  }
  const side = (x: string, index: 2 | 3): string =>
    add('Unsqueeze', [add('Gather', [add('Shape', [x]), `index${index}`]), 'zero'])
  let x = 'image'
  const features = Array.from({ length: levels }, (_, i) => {
    x = add('Relu', [add('Conv', [x, i === 0 ? 'first' : 'next'], { strides: [2n, 2n], pads: [1n, 1n, 1n, 1n] })])
    return x
  })
  for (let round = 0; round < rounds; round++) {
    for (let i = levels - 2; i >= 0; i--) {
      const kept = add('Slice', [add('Shape', [features[i + 1]!]), 'zero', 'two', 'zero'])
      const sizes = add('Concat', [kept, side(features[i]!, 2), side(features[i]!, 3)], { axis: 0n })
      features[i] = add('Add', [
        features[i]!,
        add('Resize', [features[i + 1]!, '', '', sizes], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      ])
    }
    for (let i = 1; i < levels; i++) {
      const pooled = add('MaxPool', [features[i - 1]!], { kernel_shape: [2n, 2n], strides: [2n, 2n], ceil_mode: 1n })
      const cut = add('Slice', [
        add('Slice', [pooled, 'zero', side(features[i]!, 2), 'axis2']),
        'zero',
        side(features[i]!, 3),
        'axis3',
      ])
      features[i] = add('Add', [features[i]!, cut])
    }
  }
  const all = add(
    'Concat',
    features.map((feature) => add('Reshape', [feature, 'open'])),
    { axis: 2n },
  )
  return {
    opsets: { '': 13 },
    inputs: { image: f32(1, 3, 'h', 'w') },
    outputs: { [all]: undefined },
    initializers,
    nodes,
  }
}

function sourceOf(model: ModelSource): string {
  return builtinSource(decodeModel(modelBytes(model)), { target: resolveTarget('x86-64-v3'), identity: 'test' }).text
}

describe('formulas of sizes', () => {
  test('a detector of any height and width is C of a few lines per node, however deep', () => {
    for (const [levels, rounds] of [
      [4, 1],
      [7, 3],
      [9, 6],
    ] as const) {
      const model = pyramid(levels, rounds)
      const text = sourceOf(model)
      expect(text.length / model.nodes.length, `${levels} levels, ${rounds} times`).toBeLessThan(1000)
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(2500)
    }
  })

  test('and its sizes are those of the strides', async () => {
    const model = await compileModel(pyramid(5, 2))
    const half = (size: number): number => Math.ceil(size / 2)
    for (const [h, w] of [
      [32, 32],
      [33, 65],
      [1, 1],
      [47, 30],
    ] as const) {
      const image = { data: new Float32Array(3 * h * w).fill(1), dims: [1, 3, h, w] }
      const [only] = Object.values(model.runSync({ image }))
      let [height, width, total]: [number, number, number] = [h, w, 0]
      for (let i = 0; i < 5; i++) {
        ;[height, width] = [half(height), half(width)]
        total += height * width
      }
      expect(only!.dims, `${h} × ${w}`).toEqual([1, 4, total])
    }
  })

  test('a formula over a size that a loop changes is worked out in each iteration, and anew behind it', async () => {
    const body: GraphSource = {
      inputs: { i: undefined, go: undefined, v: undefined },
      outputs: { going: undefined, w: undefined, row: undefined },
      nodes: [
        node('Identity', ['go'], ['going']),
        node('Concat', ['v', 'v', 'x'], ['w'], { axis: 0n }),
        // 2 of a body's own sizes, used twice, beside one that stays.
        node('Concat', ['v', 'x'], ['vx'], { axis: 0n }),
        node('Neg', ['vx'], ['minus']),
        node('ReduceSum', ['minus'], ['row'], { keepdims: 0n }),
      ],
    }
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), x: f32('k'), y: f32('m') },
      outputs: { end: undefined, rows: undefined, tail: undefined },
      nodes: [
        node('Concat', ['x', 'y'], ['before'], { axis: 0n }),
        node('Loop', ['n', '', 'before'], ['end', 'rows'], { body }),
        node('Concat', ['end', 'x', 'y'], ['tail'], { axis: 0n }),
      ],
    })
    const [x, y] = [counting(2), counting(3)]
    for (const n of [0, 1, 2, 4]) {
      let v = [...x.data, ...y.data]
      const rows: number[] = []
      for (let i = 0; i < n; i++) {
        rows.push(-[...v, ...x.data].reduce((a, b) => a + b, 0))
        v = [...v, ...v, ...x.data]
      }
      const results = model.runSync({ n: scalar(n), x, y })
      expect([...(results['end']!.data as Float32Array)], `n = ${n}`).toEqual(v)
      expect([...(results['rows']!.data as Float32Array)].map((row) => row + 0)).toEqual(rows)
      expect([...(results['tail']!.data as Float32Array)]).toEqual([...v, ...x.data, ...y.data])
    }
  })

  test('a formula that a branch needed first is there for what follows the branches', async () => {
    const branch = (op: string): GraphSource => ({
      outputs: { r: undefined },
      nodes: [node('Concat', ['found', 'found'], ['twice'], { axis: 1n }), node(op, ['twice'], ['r'])],
    })
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { c: tensorType('bool', []), x: f32('k') },
      outputs: { y: undefined },
      nodes: [
        node('NonZero', ['x'], ['at']),
        node('Cast', ['at'], ['found'], { to: 1n }),
        node('If', ['c'], ['picked'], { then_branch: branch('Neg'), else_branch: branch('Abs') }),
        node('Concat', ['picked', 'found', 'found'], ['y'], { axis: 1n }),
      ],
    })
    for (const c of [true, false]) {
      const found = [1, 2, 3]
      const signed = [...found, ...found].map((value) => (c ? -value : value))
      const results = model.runSync({ c: { data: Uint8Array.of(Number(c)), dims: [] }, x: counting(4) })
      expect([...(results['y']!.data as Float32Array)]).toEqual([...signed, ...found, ...found])
    }
  })

  test('nodes that differ in their names only share a function, and say their own names', async () => {
    const source: ModelSource = {
      opsets: { '': 21 },
      inputs: { x: f32('k', 2), i: tensorType('int64', ['p']), j: tensorType('int64', ['p']) },
      outputs: { a: undefined, b: undefined },
      nodes: [
        { ...node('Gather', ['x', 'i'], ['a']), name: 'one' },
        { ...node('Gather', ['x', 'j'], ['b']), name: 'other' },
      ],
    }
    expect(sourceOf(source).match(/OM_KERNEL/g)).toHaveLength(1)
    const model = await compileModel(source)
    const at = (value: number) => ({ data: BigInt64Array.of(BigInt(value)), dims: [1] })
    const x = { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] }
    expect(() => model.runSync({ x, i: at(5), j: at(0) })).toThrow(/node one \(Gather\)/)
    expect(() => model.runSync({ x, i: at(1), j: at(2) })).toThrow(/node other \(Gather\)/)
  })
})

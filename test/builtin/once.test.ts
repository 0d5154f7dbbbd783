import { describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { f32, node } from '../graph/models.ts'
import { compileModel } from '../ops/harness.ts'

// What is the same in every run is computed before the first: the C says so, and the numbers stay what they were.

function model(source: Omit<ModelSource, 'opsets'>): ModelSource {
  return { opsets: { '': 17 }, ...source }
}

/** Kernels that run once, and those that run always, by the comments before their calls. */
function phases(source: ModelSource): { once: string[]; always: string[] } {
  const { text } = builtinSource(decodeModel(modelBytes(source), { path: 'test.onnx' }), {
    target: resolveTarget('host'),
    identity: 'test',
  })
  const [before, after] = text.split('static int om_run(') as [string, string]
  const nodes = (part: string): string[] =>
    [...part.matchAll(/^ +\/\* (\w+ -?\d.*) \*\/$/gm)].map(([, names]) => names!)
  return { once: nodes(before.split('static int om_make_constants(')[1] ?? ''), always: nodes(after) }
}

const ramp = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7) % 11) / 4 - 1)

/** torch.nn.utils.weight_norm: w = g · v / ‖v‖, the norm per output channel. */
function weightNorm(): ModelSource {
  return model({
    inputs: { x: f32('n', 2, 5, 5) },
    outputs: { y: undefined },
    initializers: {
      v: tensorFrom('float32', [3, 2, 3, 3], ramp(54)),
      g: tensorFrom('float32', [3, 1, 1, 1], [2, -1, 0.5]),
    },
    nodes: [
      node('ReduceL2', ['v'], ['norm'], { axes: [1n, 2n, 3n], keepdims: 1n }),
      node('Div', ['v', 'norm'], ['unit']),
      node('Mul', ['unit', 'g'], ['w']),
      node('Conv', ['x', 'w'], ['y'], { pads: [1n, 1n, 1n, 1n] }),
    ],
  })
}

function convolution(x: readonly number[], w: readonly number[]): number[] {
  return Array.from({ length: 75 }, (_, at) => {
    const [o, row, column] = [Math.floor(at / 25), Math.floor((at % 25) / 5), at % 5]
    let sum = 0
    for (let c = 0; c < 2; c++)
      for (let ky = 0; ky < 3; ky++)
        for (let kx = 0; kx < 3; kx++) {
          const [y, z] = [row + ky - 1, column + kx - 1]
          if (y >= 0 && y < 5 && z >= 0 && z < 5) sum += x[c * 25 + y * 5 + z]! * w[((o * 2 + c) * 3 + ky) * 3 + kx]!
        }
    return sum
  })
}

describe('what is the same in every run', () => {
  test('weights that are computed are computed once, and packed once for the fast kernels', async () => {
    const { once, always } = phases(weightNorm())
    expect(once.join()).toMatch(/ReduceL2 0,Div 1, Mul 2,Pack -1/)
    expect(always.filter((names) => !names.startsWith('Transpose'))).toEqual(['Conv2d 3'])
    const compiled = await compileModel(weightNorm())
    const v = ramp(54)
    const w = v.map((value, i) => {
      const o = Math.floor(i / 18)
      return ([2, -1, 0.5][o]! * value) / Math.hypot(...v.slice(18 * o, 18 * o + 18))
    })
    for (const n of [1, 2]) {
      const x = ramp(50 * n)
      const { y } = compiled.runSync({ x: { data: Float32Array.from(x), dims: [n, 2, 5, 5] } })
      const expected = Array.from({ length: n }, (_, i) => convolution(x.slice(50 * i, 50 * i + 50), w)).flat()
      expect(y!.dims).toEqual([n, 3, 5, 5])
      expect([...(y!.data as Float32Array)].every((value, i) => Math.abs(value - expected[i]!) < 1e-5)).toBe(true)
    }
  })

  test('a result of the model may be computed once, and so may what several runs at a time ask for first', async () => {
    const source = model({
      inputs: { x: f32(3) },
      outputs: { y: undefined, z: undefined },
      initializers: { a: tensorFrom('float32', [2, 3], [1, 2, 3, 4, 5, 6]) },
      nodes: [node('ReduceSum', ['a'], ['y'], { keepdims: 0n }), node('Add', ['x', 'y'], ['z'])],
    })
    expect(phases(source)).toEqual({ once: ['ReduceSum 0'], always: ['Add 1'] })
    const compiled = await compileModel(source)
    const runs = Array.from({ length: 8 }, (_, i) => compiled.run({ x: Float32Array.of(i, i + 1, i + 2) }))
    for (const [i, { y, z }] of (await Promise.all(runs)).entries()) {
      expect([...(y!.data as Float32Array)]).toEqual([21])
      expect([...(z!.data as Float32Array)]).toEqual([i + 21, i + 22, i + 23])
    }
  })

  test('an error is told in every run', async () => {
    const source = model({
      inputs: { x: f32(3) },
      outputs: { y: undefined },
      initializers: {
        a: tensorFrom('float32', [3], [1, 2, 3]),
        one: tensorFrom('float32', [1], [1]),
      },
      nodes: [
        node('ReduceSum', ['a'], ['six'], { keepdims: 1n }),
        node('Cast', ['six'], ['index'], { to: 7n }),
        node('Gather', ['a', 'index'], ['row']),
        node('Add', ['x', 'row'], ['y']),
      ],
    })
    const compiled = await compileModel(source)
    for (let i = 0; i < 2; i++) expect(() => compiled.runSync({ x: Float32Array.of(1, 2, 3) })).toThrow(/Gather/)
  })

  test('random numbers, sizes of the run and the branches of an If are of each run', () => {
    const source = model({
      inputs: { x: f32('n'), go: tensorType('bool', []) },
      outputs: { y: undefined, z: undefined, u: undefined },
      initializers: { a: tensorFrom('float32', [3], [1, 2, 3]) },
      nodes: [
        node('RandomUniform', [], ['r'], { shape: [2n] }),
        node('Neg', ['r'], ['y']),
        node('Shape', ['x'], ['size']),
        node('Cast', ['size'], ['z'], { to: 1n }),
        node('If', ['go'], ['u'], {
          then_branch: { outputs: { t: undefined }, nodes: [node('ReduceSum', ['a'], ['t'], { keepdims: 0n })] },
          else_branch: { outputs: { e: undefined }, nodes: [node('ReduceMax', ['a'], ['e'], { keepdims: 0n })] },
        }),
      ],
    })
    expect(phases(source).once).toEqual([])
  })
})

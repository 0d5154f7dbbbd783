import { describe, expect, it, test } from 'vitest'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { compileModel } from './harness.ts'
import { comparedBothWays, textOf, wave } from './sessions.ts'

// Slices that take every so many-th pixel and are joined before a convolution, against onnxruntime, with sizes that are known
// and with those that only the run knows; and whether the C moves the pixels at once.

const runtime = onnxruntime()
const END = 2n ** 63n - 1n

/** One axis of `x`, from `first` on, and up to `end`. */
interface Cut {
  readonly axis: bigint
  readonly first: bigint
  readonly step?: bigint
  readonly end?: bigint
}
const rows = (first: number, step = 2): Cut => ({ axis: 2n, first: BigInt(first), step: BigInt(step) })
const columns = (first: number, step = 2): Cut => ({ axis: 3n, first: BigInt(first), step: BigInt(step) })
const focus = (
  [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const
).map(([r, c]) => [[rows(r)], [columns(c)]])

interface Case {
  /** Of each part the slices one behind the other, each of so many axes. */
  readonly parts: readonly (readonly (readonly Cut[])[])[]
  readonly isMoved?: false
  /** Where only the run knows sizes; default: the same. */
  readonly isMovedInRun?: false
  /** What the parts are taken of, one after another; default: the input. */
  readonly of?: readonly string[]
}

const cases: Readonly<Record<string, Case>> = {
  'as YOLOX has it': { parts: focus },
  'both axes at once, in the order of SpaceToDepth': {
    parts: [0, 1].flatMap((r) => [0, 1].map((c) => [[rows(r), columns(c)]])),
  },
  'columns before rows': { parts: focus.map(([r, c]) => [c!, r!]) },
  'three by two, one of the phases twice, one not at all': {
    parts: [[[rows(2, 3)], [columns(1)]], [[rows(0, 3)], [columns(0)]], [[rows(2, 3), columns(1)]]],
  },
  'rows alone': { parts: [[[rows(0)]], [[rows(1)]]] },
  'columns alone, eight of them': { parts: [0, 3, 7].map((c) => [[columns(c, 8)]]) },
  'none from the first row on': { parts: [[[rows(1)]], [[rows(1)]]], isMovedInRun: false },
  'an axis cut twice': { parts: [0, 1].map((r) => [[rows(r)], [rows(0)]]), isMoved: false },
  'rows from the end on': { parts: [[[{ axis: 2n, first: -1n, step: -2n, end: -END }]]], isMoved: false },
  'not to the end': { parts: [[[{ axis: 2n, first: 0n, step: 2n, end: 4n }]]], isMoved: false },
  'from beyond the first step on': { parts: [[[rows(2)]], [[rows(3)]]], isMoved: false },
  'a step of one': { parts: [[[rows(0, 2)]], [[rows(0, 2), columns(0, 1)]], [[rows(1, 2)]]] },
  'channels, too': { parts: [[[{ axis: 1n, first: 0n, step: 2n }, rows(0)]], [[rows(1)]]], isMoved: false },
  'of two images': { parts: focus, of: ['x', 'z', 'x', 'x'], isMoved: false },
}

function sourceOf({ parts, of = [] }: Case, dims: readonly (number | string)[]): ModelSource {
  const nodes: NodeSource[] = [node('Neg', ['x'], ['z'])]
  const list = (values: readonly bigint[]) => tensorFrom('int64', [values.length], values)
  const initializers: Record<string, ReturnType<typeof list>> = {}
  const joined = parts.map((slices, p) => {
    let x = of[p] ?? 'x'
    slices.forEach((cuts, s) => {
      const name = `${p}.${s}`
      const given = { starts: cuts.map(({ first }) => first), ends: cuts.map(({ end = END }) => end) }
      const lists = { ...given, axes: cuts.map(({ axis }) => axis), steps: cuts.map(({ step = 1n }) => step) }
      for (const [key, values] of Object.entries(lists)) initializers[`${name}.${key}`] = list(values)
      nodes.push(node('Slice', [x, ...Object.keys(lists).map((key) => `${name}.${key}`)], [name]))
      x = name
    })
    return x
  })
  nodes.push(node('Concat', joined, ['joined'], { axis: 1n }))
  const channels = parts.reduce((sum, [slices]) => sum + (slices!.some(({ axis }) => axis === 1n) ? 2 : 3), 0)
  initializers['w'] = wave([5, channels, 3, 3], 0.37)
  nodes.push(node('Conv', ['joined', 'w'], ['y'], { pads: [1n, 1n, 1n, 1n] }))
  const outputs = { y: undefined, ...(of.length > 0 && { z: undefined }) }
  return { opsets: { '': 20 }, inputs: { x: tensorType('float32', dims) }, outputs, initializers, nodes }
}

describe('pixels a step apart', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    const [open, known] = [sourceOf(one, ['n', 3, 'h', 'w']), sourceOf(one, [2, 3, 12, 16])]
    const { isMoved = true, isMovedInRun = isMoved } = one
    expect(textOf(known).includes('om_space_to_depth_32(')).toBe(isMoved)
    expect(textOf(open).includes('om_space_to_depth_32(')).toBe(isMovedInRun)
    if (!runtime) return
    const shapes = [
      [2, 3, 12, 16],
      [1, 3, 6, 8],
      [3, 3, 18, 40],
    ]
    for (const [what, difference] of await comparedBothWays(runtime, { open, known }, shapes))
      expect(difference, what).toBeLessThan(2e-5)
  })

  test('phases of an odd number of rows are not as many', async () => {
    const one = cases['as YOLOX has it']!
    const model = await compileModel(sourceOf(one, ['n', 3, 'h', 'w']), 0)
    const run = (h: number, w: number) => () =>
      model.runSync({ x: { type: 'float32', data: new Float32Array(3 * h * w), dims: [1, 3, h, w] } })
    expect(run(7, 8)).toThrow(/Concat.*axis 2.*expected 4, given 3/)
    expect(run(8, 9)).toThrow(/Concat.*axis 3.*expected 5, given 4/)
    expect(run(1, 2)).toThrow(/expected 1, given 0/)
    expect(run(2, 2)).not.toThrow()
    expect(() => textOf(sourceOf(one, [1, 3, 7, 8]))).toThrow(/axis 2/)
  })
})

import { describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { decodeModel } from '../../../src/onnx/read.ts'
import { tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileRead, f32, i64, t } from '../../ops/harness.ts'
import { type Case, convert, expectCases, out } from './cases.ts'
import { float, pt2Of, tensor } from './writer.ts'

// Expected numbers are computed in plain JavaScript, or are those of torch 2.13 where that has no such function.

const edges = [-Infinity, -2, -0, 0, 1e-30, 3, 3e38, Infinity, NaN]
const pairs = edges.flatMap((y) => edges.map((x) => [y, x] as const))
const [self, other] = [f32(pairs.map(([y]) => y)), f32(pairs.map(([, x]) => x))]
const list = [-3, -0.5, -0.2, 0, 0.2, 0.5, 3, Infinity, NaN]
const of = (target: string, args: Case['args'], values: readonly number[]): Case => ({
  target: `aten.${target}`,
  args: { self: f32(list), ...args },
  out: [out('float32', [values.length], values)],
})
const bits = [-17, -1, 0, 1, 5, 1000]
const shift = (target: string, by: number, values: readonly number[]): Case[] => [
  { target: `aten.${target}`, args: { self: i64(bits), other: by }, out: [out('int64', [6], values)] },
  { target: `aten.${target}`, args: { self: t('int32', bits, [6]), other: by }, out: [out('int32', [6], values)] },
]

describe('functions of ATen that ONNX has no operator for', { timeout: 120_000 }, () => {
  it('of two numbers, at zeros, infinities and what is no number', () =>
    expectCases([
      of(
        'atan2.default',
        { self, other },
        pairs.map(([y, x]) => Math.atan2(y, x)),
      ),
      // What float32 can't hold is infinite.
      of(
        'hypot.default',
        { self, other },
        pairs.map(([y, x]) => Math.fround(Math.hypot(Math.fround(y), Math.fround(x)))),
      ),
    ]))

  it('thresholds', () =>
    expectCases([
      of('threshold.default', { threshold: float(0.2), value: 20 }, [20, 20, 20, 20, 20, 0.5, 3, Infinity, NaN]),
      of('hardshrink.default', {}, [-3, 0, 0, 0, 0, 0, 3, Infinity, NaN]),
      of('softshrink.default', { lambd: float(0.25) }, [-2.75, -0.25, 0, 0, 0, 0.25, 2.75, Infinity, NaN]),
    ]))

  it('shifts', () =>
    expectCases([
      ...shift(
        '__lshift__.Scalar',
        2,
        bits.map((x) => x * 4),
      ),
      ...shift(
        '__rshift__.Scalar',
        1,
        bits.map((x) => x >> 1),
      ),
      ...shift(
        'bitwise_right_shift.Tensor_Scalar',
        30,
        bits.map((x) => x >> 30),
      ),
    ]))

  it('erfc, to the digits of small values', async () => {
    const x = [-Infinity, -3, -1, -0.5, 0, 0.5, 1, 3, 5, 9, Infinity, NaN]
    const expected = [2, 1.999977946, 1.842700839, 1.520499945, 1, 0.4795001149, 0.1572992057, 2.209049671e-5]
    expected.push(1.5374598e-12, 4.1370317e-37, 0, NaN)
    const model = await compileRead(
      decodeModel(
        convert(
          pt2Of({
            inputs: { x: ['float32', [12]] },
            nodes: [{ target: 'aten.erfc.default', args: { self: tensor('x') }, out: 'y' }],
            outputs: ['y'],
            values: { y: ['float32', [12]] },
          }),
        ),
      ),
    )
    const y = tensorNumbers(fromRuntime(model.runSync({ x: toRuntime(f32(x)) })['y']!))
    y.forEach((value, i) => {
      const wanted = expected[i]!
      if (wanted === 0 || Number.isNaN(wanted)) expect(value).toBe(wanted)
      else expect(Math.abs(value / wanted - 1), `erfc(${x[i]})`).toBeLessThan(1e-5)
    })
  })
})

import { describe, it } from 'vitest'
import { f32, i64, t } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float } from './writer.ts'

// Expected numbers are computed here in plain JavaScript by the definitions in PyTorch's documentation of each function.

const xs = [-2.5, -1, -0.5, 0, 0.5, 1, 2.5, 3]
const positive = [0.25, 0.5, 1, 2, 3, 4, 9, 16]
const small = [-0.9, -0.5, -0.1, 0, 0.1, 0.3, 0.5, 0.9]

const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x)
  if (x - floor !== 0.5) return Math.round(x)
  return floor % 2 === 0 ? floor : floor + 1
}

const unary = (name: string, values: readonly number[], f: (x: number) => number): Case => ({
  target: `aten.${name}.default`,
  args: { self: f32(values) },
  out: [out('float32', [values.length], values.map(f))],
})

/** Two float operands. */
const binary = (
  target: string,
  f: (a: number, b: number) => number,
  other = [2, -1, 0.5, 4, -2, 3, 1.5, -0.75],
): Case => ({
  target: `aten.${target}`,
  args: { self: f32(xs), other: f32(other) },
  out: [
    out(
      'float32',
      [8],
      xs.map((x, i) => f(x, other[i]!)),
    ),
  ],
})

const ints = [7, -7, 7, -7, 6, -6, 0, 5]
const divisors = [2, 2, -2, -2, 3, 3, 5, -3]
const integer = (target: string, f: (a: number, b: number) => number, more: Case['args'] = {}): Case => ({
  target: `aten.${target}`,
  args: { self: i64(ints), other: i64(divisors), ...more },
  out: [
    out(
      'int64',
      [8],
      ints.map((x, i) => f(x, divisors[i]!)),
    ),
  ],
})

const floorMod = (a: number, b: number): number => a - b * Math.floor(a / b)

describe('elementwise operators of ATen', { timeout: 120_000 }, () => {
  it('of one operand', () =>
    expectCases([
      unary('abs', xs, Math.abs),
      unary('neg', xs, (x) => -x),
      unary('sqrt', positive, Math.sqrt),
      unary('rsqrt', positive, (x) => 1 / Math.sqrt(x)),
      unary('reciprocal', positive, (x) => 1 / x),
      unary('exp', xs, Math.exp),
      unary('exp2', xs, (x) => 2 ** x),
      unary('expm1', [...xs, 1e-9, -100, 100, Infinity, -Infinity], (x) => (x === 100 ? Infinity : Math.expm1(x))),
      unary('log', positive, Math.log),
      unary('log2', positive, Math.log2),
      unary('log10', positive, Math.log10),
      unary('log1p', [...positive, 1e-9, -1, 1e9, Infinity], Math.log1p),
      unary('sin', xs, Math.sin),
      unary('cos', xs, Math.cos),
      unary('tan', xs, Math.tan),
      unary('asin', small, Math.asin),
      unary('acos', small, Math.acos),
      unary('atan', xs, Math.atan),
      unary('sinh', xs, Math.sinh),
      unary('cosh', xs, Math.cosh),
      unary('asinh', xs, Math.asinh),
      unary('acosh', [1, 2, 3], Math.acosh),
      unary('atanh', small, Math.atanh),
      unary('erf', [0, 0.5, -1], (x) => [0, 0.5204998778, 0.8427007929][[0, 0.5, -1].indexOf(x)]! * Math.sign(x)),
      unary('sign', xs, Math.sign),
      unary('square', xs, (x) => x * x),
      unary('floor', xs, Math.floor),
      unary('ceil', xs, Math.ceil),
      unary('round', xs, roundHalfEven),
      unary('trunc', xs, Math.trunc),
      unary('clone', xs, (x) => x),
      unary('relu', xs, (x) => Math.max(0, x)),
      unary('sigmoid', xs, (x) => 1 / (1 + Math.exp(-x))),
      unary('tanh', xs, Math.tanh),
      unary('silu', xs, (x) => x / (1 + Math.exp(-x))),
      unary('mish', xs, (x) => x * Math.tanh(Math.log1p(Math.exp(x)))),
      unary('hardswish', xs, (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6),
      unary('hardsigmoid', xs, (x) => Math.min(6, Math.max(0, x + 3)) / 6),
      unary('relu6', [-1, 3, 7], (x) => Math.min(6, Math.max(0, x))),
      unary('log_sigmoid', xs, (x) => -Math.log1p(Math.exp(-x))),
      unary('softplus', [-2, 0, 3, 30], (x) => (x > 20 ? x : Math.log1p(Math.exp(x)))),
      unary('selu', xs, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
      unary('elu', xs, (x) => (x > 0 ? x : Math.expm1(x))),
      unary('leaky_relu', xs, (x) => (x > 0 ? x : 0.01 * x)),
      unary('hardtanh', xs, (x) => Math.min(1, Math.max(-1, x))),
    ]))

  it('with arguments', () => {
    const of = (name: string, args: Case['args'], f: (x: number) => number): Case => ({
      target: name,
      args: { self: f32(xs), ...args },
      out: [out('float32', [8], xs.map(f))],
    })
    const erf = (x: number): number => {
      let [sum, term] = [x, x]
      for (let n = 1; n < 60; n++) sum += (term *= (-x * x) / n) / (2 * n + 1)
      return (2 / Math.sqrt(Math.PI)) * sum
    }
    const gelu = (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2))
    return expectCases([
      of('aten.gelu.default', {}, gelu),
      of(
        'aten.gelu.default',
        { approximate: 'tanh' },
        (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
      ),
      of('aten.elu.default', { alpha: float(0.5) }, (x) => (x > 0 ? x : 0.5 * Math.expm1(x))),
      of('aten.celu.default', { alpha: float(2) }, (x) => Math.max(0, x) + Math.min(0, 2 * Math.expm1(x / 2))),
      of('aten.leaky_relu.default', { negative_slope: float(0.2) }, (x) => (x > 0 ? x : 0.2 * x)),
      of('aten.hardtanh.default', { min_val: float(0), max_val: float(2) }, (x) => Math.min(2, Math.max(0, x))),
      of('aten.clamp.default', { min: float(-1) }, (x) => Math.max(-1, x)),
      of('aten.clamp.default', { min: -1, max: float(1.5) }, (x) => Math.min(1.5, Math.max(-1, x))),
      of('aten.clamp_min.default', { min: 0 }, (x) => Math.max(0, x)),
      of('aten.add.Tensor', { other: 2 }, (x) => x + 2),
      of('aten.add.Tensor', { other: f32([3], []), alpha: 2 }, (x) => x + 6),
      of('aten.add.Scalar', { other: float(2.5) }, (x) => x + 2.5),
      of('aten.sub.Tensor', { other: f32([1]), alpha: float(0.5) }, (x) => x - 0.5),
      of('aten.rsub.Scalar', { other: 1, alpha: 2 }, (x) => 1 - 2 * x),
      of('aten.mul.Tensor', { other: float(0.5) }, (x) => x * 0.5),
      of('aten.div.Tensor', { other: 3 }, (x) => x / 3),
      of('aten.pow.Tensor_Scalar', { exponent: 2 }, (x) => x * x),
      of(
        'aten.masked_fill.Scalar',
        {
          mask: t(
            'bool',
            xs.map((x) => x > 0),
          ),
          value: float(-Infinity),
        },
        (x) => (x > 0 ? -Infinity : x),
      ),
      of('aten.addcmul.default', { tensor1: f32(xs), tensor2: f32(xs), value: float(0.5) }, (x) => x + 0.5 * x * x),
      of('aten.addcdiv.default', { tensor1: f32(xs), tensor2: f32([2]) }, (x) => x + x / 2),
      of('aten.lerp.Scalar', { end: f32([1]), weight: float(0.25) }, (x) => x + 0.25 * (1 - x)),
      of('aten.softplus.default', { beta: float(2), threshold: float(4) }, (x) =>
        2 * x > 4 ? x : Math.log1p(Math.exp(2 * x)) / 2,
      ),
      of('aten.fill.Scalar', { value: 3 }, () => 3),
      of('aten.nan_to_num.default', {}, (x) => x),
      {
        target: 'aten.nan_to_num.default',
        args: { self: f32([NaN, Infinity, -Infinity, 1]), nan: float(7), posinf: float(9) },
        out: [out('float32', [4], [7, 9, -(2 - 2 ** -23) * 2 ** 127, 1])],
      },
      {
        target: 'aten.pow.Scalar',
        args: { self: 2, exponent: f32(xs) },
        out: [
          out(
            'float32',
            [8],
            xs.map((x) => 2 ** x),
          ),
        ],
      },
    ])
  })

  it('of two operands, floats', () =>
    expectCases([
      binary('add.Tensor', (a, b) => a + b),
      binary('mul.Tensor', (a, b) => a * b),
      binary('maximum.default', Math.max),
      binary('minimum.default', Math.min),
      binary('max.other', Math.max),
      binary('remainder.Tensor', (a, b) => floorMod(a, b) + 0),
      binary('fmod.Tensor', (a, b) => a % b),
      binary('floor_divide.default', (a, b) => Math.floor(a / b)),
      {
        ...binary('div.Tensor_mode', (a, b) => Math.trunc(a / b)),
        args: { self: f32(xs), other: f32([2, -1, 0.5, 4, -2, 3, 1.5, -0.75]), rounding_mode: 'trunc' },
      },
      // floor(1 / 0.1) is 10 in float arithmetic, but 0.1 goes 9 times into 1 where it is a little more than a tenth.
      {
        target: 'aten.floor_divide.default',
        args: { self: f32([1]), other: f32([0.1]) },
        out: [out('float32', [1], [9])],
      },
      {
        target: 'aten.floor_divide.default',
        args: { self: f32([1, -1, 0]), other: f32([0, 0, 0]) },
        out: [out('float32', [3], [Infinity, -Infinity, NaN])],
      },
      {
        target: 'aten.pow.Tensor_Tensor',
        args: { self: f32(positive), exponent: f32(xs) },
        out: [
          out(
            'float32',
            [8],
            positive.map((x, i) => x ** xs[i]!),
          ),
        ],
      },
    ]))

  it('of two operands, integers and bools', () =>
    expectCases([
      integer('add.Tensor', (a, b) => a + b),
      integer('sub.Tensor', (a, b) => a - b),
      integer('mul.Tensor', (a, b) => a * b),
      integer('floor_divide.default', (a, b) => Math.floor(a / b)),
      integer('div.Tensor_mode', (a, b) => Math.trunc(a / b), { rounding_mode: 'trunc' }),
      integer('div.Tensor_mode', (a, b) => Math.floor(a / b), { rounding_mode: 'floor' }),
      integer('remainder.Tensor', floorMod),
      integer('fmod.Tensor', (a, b) => a % b),
      integer('bitwise_and.Tensor', (a, b) => a & b),
      integer('bitwise_or.Tensor', (a, b) => a | b),
      integer('bitwise_xor.Tensor', (a, b) => a ^ b),
      // Division of integers is in float32.
      {
        target: 'aten.div.Tensor',
        args: { self: i64(ints), other: i64(divisors) },
        out: [
          out(
            'float32',
            [8],
            ints.map((x, i) => x / divisors[i]!),
          ),
        ],
      },
      {
        target: 'aten.mul.Tensor',
        args: { self: i64(ints), other: float(0.5) },
        out: [
          out(
            'float32',
            [8],
            ints.map((x) => x / 2),
          ),
        ],
      },
      { target: 'aten.sqrt.default', args: { self: i64([4, 9]) }, out: [out('float32', [2], [2, 3])] },
      { target: 'aten.bitwise_not.default', args: { self: i64([5, -1]) }, out: [out('int64', [2], [-6, 0])] },
      {
        target: 'aten.__and__.Tensor',
        args: { self: t('bool', [true, true]), other: t('bool', [true, false]) },
        out: [out('bool', [2], [true, false])],
      },
      {
        target: 'aten.add.Tensor',
        args: { self: t('bool', [true, false]), other: t('bool', [true, false]) },
        out: [out('bool', [2], [true, false])],
      },
      {
        target: 'aten.logical_and.default',
        args: { self: f32([2, 0, 1]), other: f32([1, 1, 0]) },
        out: [out('bool', [3], [true, false, false])],
      },
      {
        target: 'aten.logical_or.default',
        args: { self: i64([2, 0, 0]), other: i64([1, 1, 0]) },
        out: [out('bool', [3], [true, true, false])],
      },
      {
        target: 'aten.logical_xor.default',
        args: { self: i64([2, 0, 0]), other: i64([1, 1, 0]) },
        out: [out('bool', [3], [false, true, false])],
      },
      { target: 'aten.logical_not.default', args: { self: f32([2, 0]) }, out: [out('bool', [2], [false, true])] },
    ]))

  it('comparisons, in the type that both are promoted to', () => {
    const compare = (name: string, f: (a: number, b: number) => boolean): Case[] => [
      {
        target: `aten.${name}.Scalar`,
        args: { self: f32(xs), other: float(0.5) },
        out: [
          out(
            'bool',
            [8],
            xs.map((x) => f(x, 0.5)),
          ),
        ],
      },
      {
        target: `aten.${name}.Tensor`,
        args: { self: i64(ints), other: i64(divisors) },
        out: [
          out(
            'bool',
            [8],
            ints.map((x, i) => f(x, divisors[i]!)),
          ),
        ],
      },
      // An integer tensor and a float: in float32.
      {
        target: `aten.${name}.Scalar`,
        args: { self: i64([0, 1, 2]), other: float(0.5) },
        out: [
          out(
            'bool',
            [3],
            [0, 1, 2].map((x) => f(x, 0.5)),
          ),
        ],
      },
    ]
    return expectCases([
      ...compare('eq', (a, b) => a === b),
      ...compare('ne', (a, b) => a !== b),
      ...compare('lt', (a, b) => a < b),
      ...compare('le', (a, b) => a <= b),
      ...compare('gt', (a, b) => a > b),
      ...compare('ge', (a, b) => a >= b),
      {
        target: 'aten.isnan.default',
        args: { self: f32([NaN, 1, Infinity]) },
        out: [out('bool', [3], [true, false, false])],
      },
      {
        target: 'aten.isinf.default',
        args: { self: f32([NaN, 1, -Infinity]) },
        out: [out('bool', [3], [false, false, true])],
      },
      {
        target: 'aten.isfinite.default',
        args: { self: f32([NaN, 1, -Infinity]) },
        out: [out('bool', [3], [false, true, false])],
      },
      {
        target: 'aten.where.self',
        args: { condition: t('bool', [true, false]), self: f32([1, 2]), other: f32([3, 4]) },
        out: [out('float32', [2], [1, 4])],
      },
      {
        target: 'aten.where.ScalarOther',
        args: { condition: t('bool', [true, false]), self: f32([1, 2]), other: float(-1) },
        out: [out('float32', [2], [1, -1])],
      },
    ])
  })
})

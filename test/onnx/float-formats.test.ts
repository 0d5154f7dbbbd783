import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeFloat, encodeFloat, type SmallFloat } from '../../src/onnx/float-formats.ts'
import { decodeTensor } from '../../src/onnx/test-data.ts'
import { tensorArray, tensorValues } from '../../src/onnx/tensor.ts'
import { present, suiteDir } from './suite.ts'

const bits: Record<SmallFloat, number> = {
  float16: 16,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  float8e8m0: 8,
  float4e2m1: 4,
}
const types = Object.keys(bits) as SmallFloat[]
const signed = types.filter((type) => type !== 'float8e8m0')

/** Codes of the finite numbers from zero up, in order. */
function positiveCodes(type: SmallFloat): number[] {
  const half = type === 'float8e8m0' ? 256 : 2 ** (bits[type] - 1)
  return Array.from({ length: half }, (_, code) => code).filter((code) => Number.isFinite(decodeFloat(type, code)))
}

describe.each(types)('%s', (type) => {
  it('round-trips every code; there is one NaN after the trip', () => {
    const nan = encodeFloat(type, NaN, false)
    const codes = Array.from({ length: 2 ** bits[type] }, (_, code) => code)
    const wrong = codes.filter((code) => {
      const value = decodeFloat(type, code)
      return encodeFloat(type, value, false) !== (Number.isNaN(value) ? nan : code)
    })
    expect(wrong).toEqual([])
  })

  it('has ascending codes', () => {
    const values = positiveCodes(type).map((code) => decodeFloat(type, code))
    expect(values.every((value, i) => i === 0 || value > values[i - 1]!)).toBe(true)
  })
})

describe.each(signed)('%s rounds', (type) => {
  it('to the nearest code, ties to the even one, on both sides of zero', () => {
    const signBit = 2 ** (bits[type] - 1)
    const codes = positiveCodes(type)
    const wrong = codes.slice(1).filter((above, i) => {
      const below = codes[i]!
      const low = decodeFloat(type, below)
      const gap = decodeFloat(type, above) - low
      return !(
        encodeFloat(type, low + gap / 2) === (below % 2 === 0 ? below : above) &&
        encodeFloat(type, low + gap * 0.499) === below &&
        encodeFloat(type, low + gap * 0.501) === above &&
        encodeFloat(type, -(low + gap * 0.501)) === above + signBit
      )
    })
    expect(codes.length).toBeGreaterThan(7)
    expect(wrong).toEqual([])
  })
})

describe('known numbers', () => {
  it('are those of the ONNX tables', () => {
    expect(decodeFloat('float16', 0x0001)).toBe(2 ** -24)
    expect(decodeFloat('float16', 0x7bff)).toBe(65504)
    expect(decodeFloat('float16', 0xfc00)).toBe(-Infinity)
    expect(decodeFloat('float8e4m3fn', 0x7e)).toBe(448)
    expect(decodeFloat('float8e4m3fn', 0x01)).toBe(2 ** -9)
    expect(decodeFloat('float8e4m3fnuz', 0x7f)).toBe(240)
    expect(decodeFloat('float8e4m3fnuz', 0x80)).toBeNaN()
    expect(decodeFloat('float8e4m3fnuz', 0x01)).toBe(2 ** -10)
    expect(decodeFloat('float8e5m2', 0x7b)).toBe(57344)
    expect(decodeFloat('float8e5m2', 0x7c)).toBe(Infinity)
    expect(decodeFloat('float8e5m2fnuz', 0x7f)).toBe(57344)
    expect(decodeFloat('float8e5m2fnuz', 0x01)).toBe(2 ** -17)
    expect(decodeFloat('float8e8m0', 0)).toBe(2 ** -127)
    expect(decodeFloat('float8e8m0', 0xfe)).toBe(2 ** 127)
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((code) => decodeFloat('float4e2m1', code))).toEqual([
      0, 0.5, 1, 1.5, 2, 3, 4, 6,
    ])
  })

  it('bfloat16 is the upper half of a float32', () => {
    const view = new DataView(new ArrayBuffer(4))
    const codes = Array.from({ length: 0x10000 }, (_, code) => code)
    const wrong = codes.filter((code) => {
      view.setUint32(0, code * 0x10000)
      return !Object.is(decodeFloat('bfloat16', code), view.getFloat32(0))
    })
    expect(wrong).toEqual([])
  })
})

describe('out of range', () => {
  const cases: [SmallFloat, number, number, number][] = [
    // type, value, code when saturating, code when not
    ['float16', 65520, 0x7c00, 0x7c00],
    ['float16', 65519, 0x7bff, 0x7bff],
    ['bfloat16', 3.4e38, 0x7f80, 0x7f80],
    ['float8e4m3fn', 464, 0x7e, 0x7e],
    ['float8e4m3fn', 465, 0x7e, 0x7f],
    ['float8e4m3fn', -Infinity, 0xfe, 0xff],
    ['float8e4m3fnuz', 1000, 0x7f, 0x80],
    ['float8e4m3fnuz', -1e-7, 0, 0],
    ['float8e5m2', 1e6, 0x7b, 0x7c],
    ['float8e5m2', -Infinity, 0xfb, 0xfc],
    ['float8e5m2fnuz', -1e6, 0xff, 0x80],
    ['float4e2m1', 100, 7, 7],
    ['float4e2m1', -Infinity, 15, 15],
    ['float4e2m1', NaN, 8, 8],
    ['float8e8m0', Infinity, 0xff, 0xff],
    ['float8e8m0', 1.5 * 2 ** 127, 0xfe, 0xff],
  ]
  it.each(cases)('%s of %d', (type, value, saturated, unsaturated) => {
    expect(encodeFloat(type, value)).toBe(saturated)
    expect(encodeFloat(type, value, false)).toBe(unsaturated)
  })
})

describe('float8e8m0 rounds', () => {
  it.each([
    ['up', 128, 128, 127],
    ['down', 127, 127, 127],
    ['nearest', 128, 127, 127],
  ] as const)('%s', (rounding, of1_5, of1_25, of1) => {
    expect(encodeFloat('float8e8m0', 1.5, true, rounding)).toBe(of1_5)
    expect(encodeFloat('float8e8m0', -1.25, true, rounding)).toBe(of1_25)
    expect(encodeFloat('float8e8m0', 1, true, rounding)).toBe(of1)
  })
})

describe.runIf(present(suiteDir))("ONNX's Cast tests", () => {
  const names: [string, SmallFloat, boolean][] = [
    ['FLOAT_to_FLOAT16', 'float16', true],
    ['FLOAT_to_BFLOAT16', 'bfloat16', true],
    ['FLOAT_to_FLOAT8E4M3FN', 'float8e4m3fn', true],
    ['FLOAT_to_FLOAT8E4M3FNUZ', 'float8e4m3fnuz', true],
    ['FLOAT_to_FLOAT8E5M2', 'float8e5m2', true],
    ['FLOAT_to_FLOAT8E5M2FNUZ', 'float8e5m2fnuz', true],
    ['FLOAT_to_FLOAT4E2M1', 'float4e2m1', true],
    ['FLOAT16_to_FLOAT4E2M1', 'float4e2m1', true],
    ['FLOAT16_to_FLOAT8E4M3FN', 'float8e4m3fn', true],
    ['no_saturate_FLOAT_to_FLOAT8E4M3FN', 'float8e4m3fn', false],
    ['no_saturate_FLOAT16_to_FLOAT8E4M3FNUZ', 'float8e4m3fnuz', false],
    ['no_saturate_FLOAT_to_FLOAT8E5M2', 'float8e5m2', false],
    ['no_saturate_FLOAT16_to_FLOAT8E5M2FNUZ', 'float8e5m2fnuz', false],
  ]
  it.each(names)('%s', (name, type, saturate) => {
    const folder = `${suiteDir}/node/test_cast_${name}/test_data_set_0`
    expect(existsSync(folder)).toBe(true)
    const input = tensorValues(decodeTensor(readFileSync(`${folder}/input_0.pb`))).map(Number)
    const output = decodeTensor(readFileSync(`${folder}/output_0.pb`))
    expect(output.type).toBe(type)
    const codes = Array.from(tensorArray(output), Number)
    const ours = input.map((value) => decodeFloat(type, encodeFloat(type, value, saturate)))
    expect(ours).toEqual(codes.map((code) => decodeFloat(type, code)))
  })
})

import type { Converter, Layout } from './converter.ts'
import { type ElementType, limitsOf } from '../../onnx/element-type.ts'

/** `ActivationFunctionType` by number. */
const activations = ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'] as const

/** What an activation lets through, where that is a range. */
const ranges: Partial<Record<(typeof activations)[number], readonly [number, number]>> = {
  RELU: [0, Infinity],
  RELU_N1_TO_1: [-1, 1],
  RELU6: [0, 6],
}

/** Gives a tensor a float value, or its codes, with the activation that the operator has built in. */
export function setActivated(
  c: Converter,
  output: number,
  value: string,
  activation: number,
  layout: Layout = 'last',
): void {
  c.setReal(output, activated(c, value, activation, output), layout)
  limitCodes(c, output, activation, layout)
}

/**
 * Where an activation is a range, codes are kept within that of codes (kernel_util.cc, `CalculateActivationRangeQuantized`), if
 * they can say anything outside of it.
 */
export function limitCodes(c: Converter, output: number, activation: number, layout: Layout): void {
  const range = ranges[nameOf(c, activation)]
  if (!range || !c.hasBytes(output) || saturates(c, output, range)) return
  const [lowest, highest] = limitsOf(c.type(output)).map(Number) as [number, number]
  const { scale, zeroPoint } = c.quantization(output)!
  const limits = range.map((real) => {
    const code = zeroPoint[0]! + Math.sign(real) * Math.floor(Math.abs(real) / scale[0]! + 0.5)
    return c.writer.scalar(Math.max(lowest, Math.min(code, highest)), c.type(output))
  })
  c.set(output, c.op('Clip', [c.get(output, layout), ...limits]), layout)
}

/** What makes a float of the value that is to be quantised: ranges are left to {@link limitCodes}. */
function activated(c: Converter, value: string, activation: number, output: number): string {
  const name = nameOf(c, activation)
  const range = ranges[name]
  // Activations of integers that aren't codes are ranges in their own type.
  const type = c.quantization(output) || c.type(output) === 'float16' ? 'float32' : c.type(output)
  if (range) return c.hasBytes(output) ? value : clipped(c, value, range, type)
  if (name === 'TANH') return c.op('Tanh', [value])
  // The sign bit as a number, in reference_ops: 1 below zero.
  if (name === 'SIGN_BIT') return c.cast(c.op('Less', [value, c.writer.scalar(0, 'float32')]), 'float32')
  return value
}

function nameOf(c: Converter, activation: number): (typeof activations)[number] {
  return activations[activation] ?? c.fail(`has activation ${activation}`)
}

/** @param range from `Infinity` on, nothing is cut */
export function clipped(
  c: Converter,
  value: string,
  [least, most]: readonly [number, number],
  type: ElementType = 'float32',
): string {
  if (least === 0 && most === Infinity) return c.op('Relu', [value])
  return c.op('Clip', [value, c.writer.scalar(least, type), c.writer.scalar(most, type)])
}

/** Whether codes can't say anything outside of a range. */
function saturates(c: Converter, tensor: number, [least, most]: readonly [number, number]): boolean {
  const quantization = c.quantization(tensor)!
  const [scale, zero] = [quantization.scale[0]!, quantization.zeroPoint[0]!]
  // Half a step beyond the end rounds to the last code.
  const [low, high] = limitsOf(c.type(tensor)).map((code) => scale * (Number(code) - zero)) as [number, number]
  return low >= least - scale / 2 && high <= most + scale / 2
}
